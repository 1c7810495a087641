package kafka

import "sync/atomic"

// maxFlight is how many requests of a session may be without their answers; behind
// them the client is not read. Brokers answer a connection's requests one by one,
// so that more would wait there and not here. A power of two.
const maxFlight = 128

// awaited is a request whose answer is to come.
type awaited struct {
	started      int64 // when it was sent
	correlation  int32
	size         int32 // bytes, its length word included
	key, version int16
}

// flight are the requests under way in the order of their answers. One goroutine
// sends requests and pushes them, another gives answers on and takes them off.
type flight struct {
	ring   [maxFlight]awaited
	pushed atomic.Uint64 // so far
	done   atomic.Uint64 // of them, those whose answers have gone to the client, whole
	waits  atomic.Bool   // somebody waits on bell for done to rise
	bell   bell
}

// push adds a request; false if there is no room.
func (f *flight) push(e awaited) bool {
	n := f.pushed.Load()
	if n-f.done.Load() == maxFlight {
		return false
	}
	f.ring[n%maxFlight] = e
	f.pushed.Store(n + 1)
	return true
}

// at is the request that is answered after the next n answers; nil if there is
// none. For who gives answers on.
func (f *flight) at(n uint64) *awaited {
	n += f.done.Load()
	if n >= f.pushed.Load() {
		return nil
	}
	return &f.ring[n%maxFlight]
}

// answered takes the first n requests off.
func (f *flight) answered(n uint64) {
	if n == 0 {
		return
	}
	f.done.Add(n)
	if f.waits.Load() {
		f.bell.Wake()
	}
}

// len is how many are under way.
func (f *flight) len() int {
	done := f.done.Load() // first: it never overtakes the other
	return int(f.pushed.Load() - done)
}

func (f *flight) reset() {
	f.pushed.Store(0)
	f.done.Store(0)
	f.waits.Store(false)
	select {
	case <-f.bell:
	default:
	}
}

// bell wakes one that waits for something else than a socket.
type bell chan struct{}

// Wake ends the present wait, or else the next one.
func (b bell) Wake() {
	select {
	case b <- struct{}{}:
	default:
	}
}
