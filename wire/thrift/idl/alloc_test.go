//go:build !race

package idl

import (
	"testing"

	"sidecar"
	"sidecar/wire/thrift"
)

func TestAllocNothingClassifying(t *testing.T) {
	c, err := users(t).Classes(nil, sidecar.ClientError)
	if err != nil {
		t.Fatal(err)
	}
	method, body := []byte("Users:get"), []byte{12, 0, 1, 0, 0}
	if n := testing.AllocsPerRun(100, func() { c.Of(method, thrift.Binary, body) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
