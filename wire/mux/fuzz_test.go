package mux

import (
	"bytes"
	"testing"
)

// FuzzFrames: what one stream of frames means does not depend on where it was
// cut, and nothing in it is read beyond its end.
func FuzzFrames(f *testing.F) {
	f.Add(unhex(f, "00000004 41 000001 0000000f 7f 000001 74696e697420636865636b"))
	f.Add(unhex(f, "00000006 02 800005 6162 00000005 02 000005 65"))
	f.Add(unhex(f, "00000015 c2 000000 010203 436c69656e742074696d656f7574"))
	f.Add(unhex(f, "0000001c 44 000001 0001 0000000a 6d75782d6672616d6572 00000004 00010000"))
	f.Add(unhex(f, "ffffffff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		const limit = 1 << 12
		whole := readAll(data, limit)
		for cut := range min(len(data), 64) {
			head := readAll(data[:cut], limit)
			if !bytes.HasPrefix(whole, head) {
				t.Fatalf("cut at %d: %x, whole %x", cut, head, whole)
			}
		}
	})
}

// readAll writes down what the frames of p are, once put together.
func readAll(p []byte, limit int) (said []byte) {
	var open parts
	for {
		f, n, bad := readFrame(p, limit)
		if n == 0 || bad != nil {
			return said
		}
		p = p[n:]
		done, bad := open.add(&f, limit)
		if bad != nil {
			return append(said, bad.text...)
		}
		if done {
			said = append(said, byte(f.kind))
			said = append(said, f.body...)
			readBody(f)
		}
	}
}

// readBody takes apart whatever f is.
func readBody(f frame) {
	var c Call
	var r Reply
	switch f.kind {
	case treq:
		c.readTreq(f.body, nil)
	case tdispatch:
		if c.read(f.body) == nil {
			Left(c.Contexts)
		}
	case rreq:
		r.readRreq(f.body)
	case rdispatch:
		if r.read(f.body) == nil {
			r.Failure()
		}
	case tinit, rinit:
		readInit(f.body)
	case tdiscarded:
		readDiscarded(f.body)
	case tlease:
		readLease(f.body)
	}
}

// FuzzDispatch: what is taken apart and written anew is the same bytes, and a
// deadline is found again where it was written.
func FuzzDispatch(f *testing.F) {
	f.Add(unhex(f, scalesDispatch))
	f.Add(unhex(f, "0001 0001 6b 0002 7676 0002 2f73 0001 0001 61 0001 62"))
	f.Add(unhex(f, "0000 0000 0000"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Call
		if c.read(data) != nil {
			return
		}
		again := append(c.appendDispatchHead(nil, c.Contexts), c.Payload...)
		if !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
		timed := AppendDeadline(nil, c.Contexts, 5, 7)
		old, had := Lookup(c.Contexts, DeadlineContext)
		if left := Left(timed); left != 7 && !(had && len(old) != deadlineSize) && PairsOf(timed).left < maxContexts {
			t.Fatalf("%x: %d left", timed, left)
		}
		var back Call
		if bad := back.read(c.appendDispatchHead(nil, timed)); bad != nil {
			t.Fatalf("with a deadline it is %v", bad)
		}
	})
}

// FuzzReply: as FuzzDispatch.
func FuzzReply(f *testing.F) {
	f.Add(unhex(f, "02 0001 000a 4d75784661696c757265 0008 0000000000000003"))
	f.Add(unhex(f, "00 0000 6869"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r Reply
		if r.read(data) != nil {
			return
		}
		r.Failure()
		if again := append(r.appendReplyHead(nil), r.Payload...); !bytes.Equal(again, data) {
			t.Fatalf("%x became %x", data, again)
		}
	})
}
