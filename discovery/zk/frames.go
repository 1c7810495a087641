package zk

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

const (
	// minAnswer and maxHello bound the first packet of a server: 37 bytes, a
	// few more or less from some. "HTTP" read as a length is 1.2 GB.
	minAnswer = 16
	maxHello  = 4 << 10
	// headLen is how much of a packet is looked at: the header of an answer, and
	// the number that most begin with.
	headLen = 20
	// minSession and maxSession bound the time that a server gives a session.
	// The library asks for a sign of life six times in it, without a pause if it
	// is a blink, and panics if it is none.
	minSession = 100 * time.Millisecond
	maxSession = time.Hour
)

// The requests whose answers begin with a number that the library takes memory
// for, as the protocol numbers them.
const (
	opGet       = 4
	opChildren  = 12
	minChild    = 4         // bytes of a child in a list, its length
	noData      = 1<<32 - 1 // the length of data that is not there
	errOffset   = 12
	countOffset = 16
)

// frames follows the packets of a server, and refuses those whose numbers cannot
// be right before the library sees them: it takes memory for whatever number
// stands there. It is pure.
type frames struct {
	// asked says what the request of that number asked for, 0 if there is none.
	asked   func(xid uint32) uint32
	session time.Duration // that the server has given; 0 before
	greeted bool          // the first packet has come
	head    [4 + headLen]byte
	got     int // bytes of head that have come
	rest    int // bytes of the packet behind its head that are still to come
}

// follow takes the next bytes.
func (f *frames) follow(p []byte) error {
	for len(p) > 0 {
		if f.rest > 0 {
			n := min(f.rest, len(p))
			p, f.rest = p[n:], f.rest-n
			f.greeted = f.greeted || f.rest == 0
			continue
		}
		n := copy(f.head[f.got:f.headEnd()], p)
		p, f.got = p[n:], f.got+n
		if f.got == 4 {
			if err := f.length(); err != nil {
				return err
			}
		}
		if f.got < 4 || f.got < f.headEnd() {
			continue
		}
		if err := f.check(); err != nil {
			return err
		}
		f.got, f.rest = 0, f.size()-(f.headEnd()-4)
		f.greeted = f.greeted || f.rest == 0
	}
	return nil
}

// size is the length that the packet says to have, once that has come.
func (f *frames) size() int { return int(binary.BigEndian.Uint32(f.head[:])) }

// headEnd is how much of the head there is to come in all.
func (f *frames) headEnd() int {
	if f.got < 4 {
		return 4
	}
	return 4 + min(f.size(), headLen)
}

func (f *frames) length() error {
	switch n := f.size(); {
	case n < minAnswer || n > maxHello && !f.greeted:
		return fmt.Errorf("%q is not the beginning of a ZooKeeper server's answer: correct the port", f.head[:4])
	case n > maxPacket:
		return fmt.Errorf("an answer of %d bytes, more than the limit of %d: the path has too many children", n, maxPacket)
	}
	return nil
}

// check looks at the head of a packet.
func (f *frames) check() error {
	p := f.head[4:f.got]
	if !f.greeted {
		return f.hello(p)
	}
	asked := f.asked(binary.BigEndian.Uint32(p))
	failed := binary.BigEndian.Uint32(p[errOffset:]) != 0
	if failed || asked != opGet && asked != opChildren {
		return nil
	}
	if len(p) < headLen {
		return errors.New("an answer of the server is cut off")
	}
	n, left := int64(binary.BigEndian.Uint32(p[countOffset:])), int64(f.size()-headLen)
	if asked == opChildren {
		n *= minChild
	} else if n == noData {
		n = 0
	}
	if n > left {
		return errors.New("an answer of the server says to hold more than it has")
	}
	return nil
}

// hello looks at the first packet: version, time of the session, its number, and
// the length of its password. A session without a number is over, and has none.
func (f *frames) hello(p []byte) error {
	if len(p) < headLen || int64(binary.BigEndian.Uint32(p[16:])) > int64(f.size()-headLen) {
		return errors.New("the server's greeting is cut off")
	}
	given := time.Duration(int32(binary.BigEndian.Uint32(p[4:]))) * time.Millisecond
	if binary.BigEndian.Uint64(p[8:]) != 0 && (given < minSession || given > maxSession) {
		return fmt.Errorf("the server gives a session %s: expected %s to %s", given, minSession, maxSession)
	}
	f.session = given
	return nil
}
