package zk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"
)

const (
	// rearmWait is how long the first answer on a new connection is kept back
	// for the library's request to set watches again.
	rearmWait = time.Second
	// opSetWatches is that request's number in the protocol.
	opSetWatches = 101
)

// bounded is a connection on which no read waits for ever, and no length from
// the wire is believed that cannot be one.
type bounded struct {
	net.Conn
	d       *dialer
	address string
	frames  frames
	begun   bool // a request was written

	mu    sync.Mutex
	asked map[uint32]uint32 // what requests under way ask for; as many as the ensemble lets be

	// rearmed is closed when watches are being set again; nil if none are, and
	// once it has been waited for.
	rearmed chan struct{}
	once    sync.Once
}

func newBounded(c net.Conn, d *dialer, address string) *bounded {
	b := &bounded{Conn: c, d: d, address: address, asked: map[uint32]uint32{}}
	b.frames.asked = b.answered
	return b
}

// answered says what the request of that number asked for, once.
func (b *bounded) answered(xid uint32) uint32 {
	b.mu.Lock()
	defer b.mu.Unlock()
	op := b.asked[xid]
	delete(b.asked, xid)
	return op
}

// Write follows the library's requests, each of which it writes in one call.
func (b *bounded) Write(p []byte) (int, error) {
	if !b.begun {
		b.begun = true
		return b.Conn.Write(b.introduction(p))
	}
	if len(p) >= 12 {
		op := binary.BigEndian.Uint32(p[8:])
		if op == opGet || op == opChildren {
			b.mu.Lock()
			b.asked[binary.BigEndian.Uint32(p[4:])] = op
			b.mu.Unlock()
		}
		if op == opSetWatches {
			b.once.Do(b.release)
		}
	}
	return b.Conn.Write(p)
}

// introduction is the request for a session. It tells the last transaction that
// was seen, and a server that has not come so far refuses without a word. After
// a loss of their data, or a number that was never one, no server ever would
// have: once the session cannot have been kept, there is nothing to tell.
func (b *bounded) introduction(p []byte) []byte {
	const seen, end = 8, 16 // behind the length and the version
	if len(p) < end || !b.d.silent() {
		return p
	}
	p = bytes.Clone(p)
	clear(p[seen:end])
	return p
}

func (b *bounded) release() {
	b.d.mu.Lock()
	defer b.d.mu.Unlock()
	if b.rearmed != nil {
		close(b.rearmed)
	}
}

// await keeps the first answer back until watches are being set again: the
// library asks for events since the last transaction that it has seen, which
// it reads without a lock while answers may already move it on. Whatever had
// changed in between would never be told.
func (b *bounded) await() {
	b.d.mu.Lock()
	rearmed := b.rearmed
	b.d.mu.Unlock()
	if rearmed == nil {
		return
	}
	t := time.NewTimer(rearmWait)
	defer t.Stop()
	select {
	case <-rearmed:
	case <-t.C:
	case <-b.d.quit:
	}
	b.d.mu.Lock()
	b.rearmed = nil
	b.d.mu.Unlock()
}

// SetReadDeadline never takes a deadline off or sets a far one: the library
// waits for a server's first answer without end.
func (b *bounded) SetReadDeadline(t time.Time) error {
	most := time.Now().Add(max(b.d.patience, b.frames.session))
	if t.IsZero() || t.After(most) {
		t = most
	}
	return b.Conn.SetReadDeadline(t)
}

func (b *bounded) Read(p []byte) (int, error) {
	before := b.frames.greeted
	if before {
		b.await()
	}
	n, err := b.Conn.Read(p)
	if bad := b.frames.follow(p[:n]); bad != nil {
		b.d.failed(fmt.Errorf("%s: %w", b.address, bad))
		return 0, bad
	}
	switch {
	case b.frames.greeted && !before:
		b.d.greeted()
	case err != nil && !b.frames.greeted:
		b.d.failed(fmt.Errorf("%s does not greet as a ZooKeeper server that serves (or wants tls = true in [zookeeper.NAME]): %w", b.address, err))
	}
	return n, err
}
