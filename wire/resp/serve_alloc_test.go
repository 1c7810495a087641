//go:build !race

package resp

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"sidecar"
	"sidecar/sock"
)

// quiet is a handler that answers each command with the same reply, or each MGET
// with an array of as many, and allocates nothing.
type quiet struct {
	reply []byte
	out   [64][]byte
	next  chan int
}

func (q *quiet) Do(_ context.Context, x *sidecar.Exchange) error {
	c := x.Msg.(*Call)
	i := <-q.next
	b := q.out[i][:0]
	for rest := c.Requests; len(rest) > 0; {
		args, mget := int(rest[1]-'0'), false
		rest = rest[4:]
		for k := range args {
			n := bytes.IndexByte(rest, '\n') + 1
			size, _ := number(rest[1 : n-2])
			if k == 0 && string(rest[n:n+4]) == "MGET" {
				mget = true
				b = AppendArray(b, args-1)
			}
			if mget && k > 0 {
				b = append(b, q.reply...)
			}
			rest = rest[n+int(size)+2:]
		}
		if !mget {
			b = append(b, q.reply...)
		}
	}
	q.out[i] = b
	x.Commit(sidecar.Success)
	f := c.Replies.Replies(x, b, 0)
	q.next <- i
	if f != nil {
		return f
	}
	return nil
}

// A burst allocates nothing, whether it goes as it came or over several shards at
// once.
func TestAllocNothingPerBurst(t *testing.T) {
	const value = "$1\r\nv\r\n"
	all := strings.Repeat(value, 16)
	gets, many, mget := "", "", req("MGET", "a", "b", "c", "d")
	for i := range 16 {
		gets += req("GET", fmt.Sprint("key:", i))
		many += req("SET", fmt.Sprint("key:", i), "v")
	}
	for _, row := range []struct {
		name string
		in   string
		want string
		m    *Map
	}{
		{"one command", req("GET", "a"), value, nil},
		{"a pipeline", gets, all, nil},
		{"with an answer of our own", gets + req("PING"), all + "+PONG\r\n", nil},
		{"one shard of four", req("GET", "a"), value, shards(t, 4)},
		{"four shards", many, all, shards(t, 4)},
		{"split", mget, "*4\r\n" + strings.Repeat(value, 4), shards(t, 4)},
		{"split by slots", mget, "*4\r\n" + strings.Repeat(value, 4), clusterOf(shards(t, 4))},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := newHarness(t)
			if row.m != nil {
				h.target.Keys = NewKeyspace(KeyspaceParams{Map: row.m})
			}
			q := &quiet{reply: []byte(value), next: make(chan int, 64)}
			for i := range q.out {
				q.next <- i
			}
			h.srv.handler = q
			nc, err := net.Dial("tcp", h.addr)
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			c, request, buf := sock.New(nc), []byte(row.in), make([]byte, 64<<10)
			ask := func() {
				if _, err := c.Write(request, nil); err != nil {
					t.Fatal(err)
				}
				for n := 0; n < len(row.want); {
					k, err := c.Read(buf[n:])
					if err != nil {
						t.Fatal(err)
					}
					n += k
				}
			}
			for range 300 {
				ask()
			}
			if got := string(buf[:len(row.want)]); got != row.want {
				t.Fatalf("got %q", got)
			}
			const rounds = 3000
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				ask()
			}
			runtime.ReadMemStats(&after)
			if n := after.Mallocs - before.Mallocs; n > rounds/10 { // what the runtime does for itself
				t.Errorf("%.2f allocations a burst", float64(n)/rounds)
			}
		})
	}
}
