package pool

import "sidecar"

// waiter is an exchange in the queue for a connection. The pool gives it a
// connection or a fault, with its lock held, and signals; an interrupt signals
// too. Which of them it was is read with the lock held.
type waiter struct {
	signal     chan struct{} // of one place: signals between two waits are one
	next, prev *waiter
	queued     bool
	got        *held
	fault      *sidecar.Fault
}

// Wake ends the wait. It takes no lock but the channel's own.
func (w *waiter) Wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// clean readies w for its next user. No Wake may come any more: its Unblock
// has returned, and what took it off the queue signalled before it unlocked.
func (w *waiter) clean() {
	select {
	case <-w.signal:
	default:
	}
	w.got, w.fault = nil, nil
}

// queue holds waiters in order of arrival. A waiter that gives up leaves from
// any place.
type queue struct {
	first, last *waiter
	n           int
}

func (q *queue) push(w *waiter) {
	w.queued, w.prev, w.next = true, q.last, nil
	if q.last != nil {
		q.last.next = w
	} else {
		q.first = w
	}
	q.last = w
	q.n++
}

func (q *queue) remove(w *waiter) {
	if w.prev != nil {
		w.prev.next = w.next
	} else {
		q.first = w.next
	}
	if w.next != nil {
		w.next.prev = w.prev
	} else {
		q.last = w.prev
	}
	w.queued, w.prev, w.next = false, nil, nil
	q.n--
}

// pop takes the first waiter out, nil if there is none.
func (q *queue) pop() *waiter {
	w := q.first
	if w != nil {
		q.remove(w)
	}
	return w
}
