package kafka

import (
	"context"
	"sync"
	"time"
)

// maxWaiting is how many callers may wait for a node at once. Whoever dials nodes
// that are none costs a goroutine each, and is not worth more.
const maxWaiting = 1000

// maxWait is how long one is waited for at most: clients give up sooner, and dial
// again.
const maxWait = 10 * time.Second

// rounds counts looks, and wakes those who wait for one.
type rounds struct {
	mu           sync.Mutex // guards all
	began, ended uint64
	waiting      int
	news         chan struct{} // closed when there is something to look at again
}

// begin notes that a look begins.
func (r *rounds) begin() {
	r.mu.Lock()
	r.began++
	r.mu.Unlock()
}

// tell wakes all who wait; over says that a look has ended.
func (r *rounds) tell(over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if over {
		r.ended = r.began
	}
	if r.news != nil {
		close(r.news)
		r.news = nil
	}
}

// stop lets all go: there will be no look.
func (r *rounds) stop() {
	r.begin() // the one that they wait for
	r.tell(true)
}

// join is the number of the first look that begins after this; false if too many
// wait for one.
func (r *rounds) join() (number uint64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting >= maxWaiting {
		return 0, false
	}
	r.waiting++
	return r.began + 1, true
}

func (r *rounds) leave() {
	r.mu.Lock()
	r.waiting--
	r.mu.Unlock()
}

// next is closed with the next news; over tells whether the look of that number has
// ended.
func (r *rounds) next(number uint64) (news <-chan struct{}, over bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.news == nil {
		r.news = make(chan struct{})
	}
	return r.news, r.ended >= number
}

// Wait is the address of node. One that is not known is looked for, once for all
// who wait: "" if the next look does not find it, or ctx ends before, or
// maxWait. Any goroutine
// may call it.
func (s *Source) Wait(ctx context.Context, node int32) string {
	if address := s.Nodes().Address(node); address != "" {
		return address
	}
	s.stat.unknown.Inc()
	number, ok := s.rounds.join()
	if !ok {
		return ""
	}
	defer s.rounds.leave()
	ctx, cancel := context.WithTimeout(ctx, maxWait)
	defer cancel()
	s.Look()
	for {
		news, over := s.rounds.next(number)
		// Behind next: what comes in between is news already.
		if address := s.Nodes().Address(node); address != "" || over {
			return address
		}
		select {
		case <-news:
		case <-ctx.Done():
			return ""
		}
	}
}
