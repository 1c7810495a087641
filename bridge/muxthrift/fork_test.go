package muxthrift

import (
	"context"
	"testing"

	"sidecar"
	"sidecar/wire/thrift"
)

// second sends every call by its second sender alone, whose reply counts.
func second(t testing.TB, next sidecar.Service) sidecar.Service {
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		k := x.Msg.(sidecar.Forker)
		if !k.Share(x) {
			return next.Do(ctx, x)
		}
		f := k.Fork()
		f.RequestDone(f.Now())
		f.Try("backend", 1, f.Now())
		done := make(chan error)
		go func() { done <- next.Do(ctx, f) }()
		err := <-done
		if f.Replied() == 0 {
			t.Errorf("no reply: %v", err)
		}
		x.Yield(f.Replied())
		k.Join(f)
		return err
	})
}

func TestCallsHaveSecondSendersOverTheBridge(t *testing.T) {
	ctx := context.Background()
	server := newMuxServer(t)
	to := newRig(t, backend{address: server.Addr(), mux: true})
	to.wrap(func(s sidecar.Service) sidecar.Service { return second(t, s) })
	c := newApacheClient(t, to.addr, encodings[1])
	for range 3 {
		if got, err := c.call(ctx, "echo", "x"); err != nil || got != "x" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if err := c.post(ctx, "note", "once"); err != nil || <-server.notes != "once" {
		t.Error("a oneway call is not sent as it is")
	}
	from := newRig(t, backend{address: apacheServer(t, encodings[0], new(service)), encoding: encodings[0]})
	from.wrap(func(s sidecar.Service) sidecar.Service { return second(t, s) })
	m := from.client()
	for range 3 {
		m.Send(dispatch(2, "", called(thrift.Binary, thrift.CallType, 1, "echo", "some text")))
		if _, _, body, _ := hear(m); body[0] != 0 {
			t.Fatalf("got %q", body)
		}
	}
}
