package resp

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
	"sidecar/internal/peer"
)

// stage is a server of ours before a real server of Redis, with a small pool of
// exclusive connections between them.
type stage struct {
	*harness
	lab   *lab
	path  string // of the real server
	other *talk  // a client of that

	dials, talks, cuts atomic.Int64
	seen               func(x *sidecar.Exchange, err error)

	mu   sync.Mutex
	idle map[string][]*Exclusive
}

func newStage(t testing.TB) *stage {
	tt := t.(*testing.T)
	s := &stage{lab: newLab(t, DialSettings{}), idle: map[string][]*Exclusive{}}
	s.path = startRedis(tt, false)
	s.harness = newHarness(t)
	s.srv.handler = s
	s.target.Keys = NewKeyspace(KeyspaceParams{Map: One(Shard{Master: "unix:" + s.path})})
	s.other = dialRedis(t, s.path)
	t.Cleanup(s.close) // before the buffers are counted
	return s
}

func (s *stage) close() {
	s.harness.mu.Lock()
	for nc := range s.conns {
		nc.Close()
	}
	s.harness.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.idle {
		for _, c := range list {
			c.Close()
		}
	}
}

func (s *stage) take(address string) *Exclusive {
	s.mu.Lock()
	defer s.mu.Unlock()
	for list := s.idle[address]; len(list) > 0; list = s.idle[address] {
		c := list[len(list)-1]
		s.idle[address] = list[:len(list)-1]
		if c.Status(true) == sidecar.Open {
			return c
		}
		c.Close()
	}
	return nil
}

// Do is the handler.
func (s *stage) Do(ctx context.Context, x *sidecar.Exchange) error {
	err := s.do(ctx, x)
	if s.seen != nil {
		s.seen(x, err)
	}
	return err
}

func (s *stage) do(ctx context.Context, x *sidecar.Exchange) error {
	x.Try(x.Endpoint, 1, x.Now())
	if s.fail != nil {
		if err := s.fail(x); err != nil {
			return err
		}
	}
	if x.Kind == sidecar.Session {
		s.talks.Add(1)
	}
	for {
		c := s.take(x.Endpoint)
		if c == nil {
			s.dials.Add(1)
			var err error
			if c, err = s.lab.ConnectExclusive(ctx, x.Endpoint); err != nil {
				return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectFailed, Err: err}
			}
		}
		err := c.Do(ctx, x)
		if c.Status(false) == sidecar.Open {
			s.mu.Lock()
			s.idle[x.Endpoint] = append(s.idle[x.Endpoint], c)
			s.mu.Unlock()
		} else {
			c.Close()
			s.cuts.Add(1)
		}
		if f := sidecar.FaultOf(err); f != nil && f.Has(sidecar.Stale) {
			continue
		}
		return err
	}
}

// dial connects a client that has said HELLO with v.
func (s *stage) dial(v Version) *peer.Conn {
	c := peer.Dial(s.t, s.addr)
	if v == RESP3 {
		c.Send(req("HELLO", "3"))
		c.Until("modules\r\n*0\r\n")
	}
	return c
}
