package muxthrift

import (
	"context"
	"testing"

	"sidecar"
	"sidecar/wire/mux"
	"sidecar/wire/thrift"
)

// What an interface file says of replies holds for dispatches too, and only
// behind the upstream that it is of.
func TestClassesOfAnUpstreamCountForDispatches(t *testing.T) {
	reply := []byte("\x80\x01\x00\x02\x00\x00\x00\x02hi\x00\x00\x00\x00\x00")
	layer := ToMux(LayerParams{Classes: func(method []byte, p thrift.Protocol, body []byte) sidecar.Class {
		if string(method) != "hi" || p != thrift.Binary || len(body) != 1 {
			t.Errorf("asked for %q, %v, %x", method, p, body)
		}
		return sidecar.Overload
	}})
	c := &mux.Call{Labels: Labels{}}
	x := new(sidecar.Exchange)
	x.Begin(c, nil, sidecar.Now())
	err := layer(sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
		if got := x.Msg.(*mux.Call).Labels.Class(c, reply); got != sidecar.Overload {
			t.Errorf("inside: %v", got)
		}
		return nil
	})).Do(context.Background(), x)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Labels.Class(c, reply); got != sidecar.Success {
		t.Errorf("outside: %v", got)
	}
}
