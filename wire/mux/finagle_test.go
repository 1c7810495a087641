//go:build conformance

package mux

import (
	"context"
	"encoding/binary"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/finagle"
	"sidecar/sock"
	"sidecar/varz"
)

// thriftCall is a call of method with one string, in Thrift's binary protocol.
func thriftCall(method string, seq int, value string) []byte {
	b := binary.BigEndian.AppendUint32(nil, 0x80010001)
	b = binary.BigEndian.AppendUint32(b, uint32(len(method)))
	b = append(b, method...)
	b = binary.BigEndian.AppendUint32(b, uint32(seq))
	b = append(b, 11, 0, 1)
	b = binary.BigEndian.AppendUint32(b, uint32(len(value)))
	return append(append(b, value...), 0)
}

// toFinagle is a connection to a real server.
func toFinagle(t *testing.T, s *finagle.Server, set DialSettings) (*Conn, *rig) {
	r := &rig{t: t, reg: new(varz.Registry), bufs: sock.NewBuffers(), room: sock.NewRoom(64 << 20), wheel: sock.NewWheel(sidecar.Now)}
	r.dialer = NewDialer(DialParams{
		Dial: new(net.Dialer).DialContext, Wheel: r.wheel, Buffers: r.bufs, Room: r.room, Now: sidecar.Now, Stats: NewConnStats(r.reg, "users"),
	}, set)
	c, err := r.dialer.Connect(context.Background(), s.Address)
	if err != nil {
		t.Fatal(err)
	}
	return c, r
}

// thrift performs one call.
func (r *rig) thrift(c *Conn, method string, seq int, value string) (*asked, *sidecar.Fault) {
	a := r.ready(&Call{Payload: thriftCall(method, seq, value)})
	if err := c.Do(context.Background(), a.x); err != nil {
		return a, sidecar.FaultOf(err)
	}
	return a, nil
}

// A real Finagle server gets many calls at once over one connection, small and
// in fragments, pings, discards, and drains while calls are under way.
func TestConformanceOfAConnectionToFinagle(t *testing.T) {
	for _, frame := range []int{0, 1000} {
		t.Run("frames of "+strconv.Itoa(frame), func(t *testing.T) {
			s := finagle.NewServer(t, "", frame)
			c, r := toFinagle(t, s, DialSettings{PingPeriod: 50 * time.Millisecond, PingTimeout: 4 * time.Second, MaxFrame: 16 << 20, Window: 5000})
			var clients sync.WaitGroup
			var right atomic.Int64
			for client := range 20 {
				clients.Go(func() {
					for i := range 100 {
						value := strconv.Itoa(client) + "." + strconv.Itoa(i) + "." + strings.Repeat("x", []int{1, 100, 20_000, 150_000}[min(3, i%25)])
						a, f := r.thrift(c, "echo", i, value)
						if f != nil || !strings.Contains(string(a.to.r.Payload), value) {
							t.Errorf("%d.%d: %v, %d bytes", client, i, f, len(a.to.r.Payload))
							return
						}
						right.Add(1)
					}
				})
			}
			clients.Wait()
			if a, f := r.thrift(c, "nack", 1, "x"); f == nil || !f.Has(sidecar.Rejected) {
				t.Errorf("nack: %v %+v", f, a.to.r)
			}
			// What fails in a Thrift service is a reply of Thrift's.
			if a, f := r.thrift(c, "boom", 1, "x"); f != nil || a.to.r.Status != OK || !strings.Contains(string(a.to.r.Payload), "Internal error") {
				t.Errorf("boom: %v %+v", f, a.to.r)
			}
			never := r.ready(&Call{Payload: thriftCall("never", 1, "x")})
			gen := never.x.Gen()
			time.AfterFunc(100*time.Millisecond, func() { never.x.Interrupt(gen, sidecar.ClientGone) })
			if f := sidecar.FaultOf(c.Do(context.Background(), never.x)); f.Reason != sidecar.ClientLeft {
				t.Errorf("never: %v", f)
			}
			s.AwaitDiscarded()
			slow := make(chan *sidecar.Fault)
			go func() {
				_, f := r.thrift(c, "slow", 1, "500")
				slow <- f
			}()
			if _, f := r.thrift(c, "slow", 2, "100"); f != nil {
				t.Error(f)
			}
			// Drain returns when the server has ended.
			served := s.Drain()
			if f := <-slow; f != nil {
				t.Errorf("what was under way when it drained: %v", f)
			}
			if c.Status(false) != sidecar.Closed || r.count(varz.MuxDrains) != 1 {
				t.Errorf("status %v, %d drains", c.Status(false), r.count(varz.MuxDrains))
			}
			if n := r.reg.Histogram(varz.MuxPingLatency, varz.Source{Service: "users"}).Count(); n == 0 {
				t.Error("no ping was answered")
			}
			t.Logf("%d right, the server counts %d", right.Load(), served)
			r.end(c)
		})
	}
}
