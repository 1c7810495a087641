//go:build !race

package resp

import (
	"io"
	"net"
	"testing"
)

// A transaction that comes at once allocates nothing, from the client's bytes to a
// real server and back.
func TestTransactionAllocatesNothing(t *testing.T) {
	s := newStage(t)
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := []byte(req("MULTI") + req("SET", "a", "1") + req("GET", "a") + req("EXEC"))
	want := ok + queued + queued + "*2\r\n+OK\r\n$1\r\n1\r\n"
	got := make([]byte, len(want))
	run := func() {
		if _, err := c.Write(in); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, got); err != nil || string(got) != want {
			t.Fatalf("%q, %v", got, err)
		}
	}
	for range 100 {
		run()
	}
	if n := testing.AllocsPerRun(1000, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
