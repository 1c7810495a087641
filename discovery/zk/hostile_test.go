package zk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidecar/internal/zoo"
)

// opPing asks for a sign of life, as the protocol numbers it.
const opPing = 11

// hostile is a server that says what a test wants. hello is the first packet,
// nil for a good one; answer is what follows the header of an answer, which is
// none if it is nil.
type hostile struct {
	address  string
	hello    []byte
	answer   func(op int32) []byte
	greets   func(ask []byte) bool // who asks so; nil is all
	seen     uint64                // the last transaction, as it says
	cut      atomic.Bool           // nobody is served
	accepted atomic.Int64
}

func (h *hostile) start(t *testing.T) *hostile {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if h.hello == nil {
		h.hello = hello(10000, 7, make([]byte, 16))
	}
	h.address = ln.Addr().String()
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			h.accepted.Add(1)
			serving.Go(func() { h.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	return h
}

func (h *hostile) serve(c net.Conn) {
	defer c.Close()
	if p, ok := packetOf(c); !ok || h.cut.Load() || h.greets != nil && !h.greets(p) {
		return
	}
	if _, err := c.Write(framed(h.hello)); err != nil {
		return
	}
	for h.reply(c) {
	}
}

// reply answers one request.
func (h *hostile) reply(c net.Conn) bool {
	p, ok := packetOf(c)
	if !ok || len(p) < 8 || h.cut.Load() {
		return false
	}
	op := int32(binary.BigEndian.Uint32(p[4:]))
	var body []byte
	if op != opPing {
		if body = h.answer(op); body == nil {
			return true
		}
	}
	head := binary.BigEndian.AppendUint64(bytes.Clone(p[:4]), h.seen) // then, no error
	_, err := c.Write(framed(append(append(head, 0, 0, 0, 0), body...)))
	return err == nil
}

func packetOf(c net.Conn) ([]byte, bool) {
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, false
	}
	p := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(c, p)
	return p, err == nil
}

func framed(p []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(p))), p...)
}

// hello is the answer to a request for a session, whose password says that it is
// as long as its bytes and length make it.
func hello(timeout int32, session int64, password []byte) []byte {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(timeout))
	b = binary.BigEndian.AppendUint64(b, uint64(session))
	b = binary.BigEndian.AppendUint32(b, uint32(len(password)))
	return append(b, password...)
}

var stat = make([]byte, 68)

// listOf is the body of a list of children.
func listOf(names ...string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(names)))
	for _, n := range names {
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(n))), n...)
	}
	return append(b, stat...)
}

// dataOf is the body of a node's data.
func dataOf(data string) []byte {
	b := append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
	return append(b, stat...)
}

// members answers well, with these children that all have the same data.
func members(data string, names ...string) func(int32) []byte {
	return func(op int32) []byte {
		switch op {
		case opChildren:
			return listOf(names...)
		case opGet:
			return dataOf(data)
		}
		return stat
	}
}

func short32(n int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func TestLengthsThatCannotBeAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	for name, h := range map[string]*hostile{
		"no timeout":         {hello: hello(0, 7, make([]byte, 16))},
		"negative timeout":   {hello: hello(-1, 7, make([]byte, 16))},
		"timeout of a blink": {hello: hello(1, 7, make([]byte, 16)), answer: func(int32) []byte { return stat }},
		"password too long":  {hello: append(hello(10000, 7, nil)[:16], append(short32(1<<31-1), make([]byte, 16)...)...)},
		"greeting cut off":   {hello: hello(10000, 7, nil)[:17]},
		"children":           {answer: func(int32) []byte { return append(short32(-1), stat...) }},
		"a billion children": {answer: func(int32) []byte { return append(short32(1e9), stat...) }},
		"data": {answer: func(op int32) []byte {
			if op == opChildren {
				return listOf("member_1")
			}
			return append(short32(1<<31-1), stat...)
		}},
		"empty answer": {answer: func(int32) []byte { return []byte{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.start(t)
			record(t, "zk://"+h.address+"/a", Params{Settings: short})
			zoo.Await(t, "another try", func() bool { return h.accepted.Load() > 1 })
		})
	}
}

// A server that greets and closes would else be come to without a pause.
func TestOnlyASteadyConnectionEndsTheWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &dialer{patience: time.Second}
		lived := func(age time.Duration) int {
			d.now, _ = net.Pipe()
			d.began = time.Now()
			time.Sleep(age)
			d.over()
			return d.rounds
		}
		for want := 1; want < 5; want++ {
			if got := lived(steady / 2); got != want {
				t.Errorf("%d failures after %d short connections", got, want)
			}
		}
		if got := lived(steady); got != 0 {
			t.Errorf("%d failures after a steady one", got)
		}
	})
}

func TestServerThatAnswersNothingButPingsIsTold(t *testing.T) {
	t.Parallel()
	h := (&hostile{answer: func(int32) []byte { return nil }}).start(t)
	record(t, "zk://"+h.address+"/a", Params{Settings: short}).fails("has not answered for 1s")
}

func TestAnswerThatIsTooLargeIsToldAsTheReason(t *testing.T) {
	t.Parallel()
	h := (&hostile{answer: func(int32) []byte { return make([]byte, maxPacket) }}).start(t)
	record(t, "zk://"+h.address+"/a", Params{Settings: short}).fails("the path has too many children")
}

func TestTooManyChildrenAreToldForAsLongAsTheyAreThere(t *testing.T) {
	t.Parallel()
	names := make([]string, maxNodes+1)
	for i := range names {
		names[i] = fmt.Sprintf("member_%07d", i)
	}
	h := (&hostile{answer: members(at("a", "ALIVE"), names...)}).start(t)
	r := record(t, "zk://"+h.address+"/a", Params{Settings: short})
	r.fails("50001 children, more than the limit of 50000")
	if got := r.hosts(); got != "" {
		t.Errorf("%q is used", got)
	}
}

// No server can have such a transaction yet; those with fewer refuse who says to
// have seen it, without a word.
func TestTransactionThatNeverWasLocksNobodyOut(t *testing.T) {
	t.Parallel()
	var asked atomic.Pointer[[]byte]
	h := &hostile{answer: members(at("a", "ALIVE"), "member_1"), seen: 1 << 62}
	h.greets = func(p []byte) bool {
		asked.Store(&p)
		return binary.BigEndian.Uint64(p[4:]) == 0
	}
	h.start(t)
	r := record(t, "zk://"+h.address+"/a", Params{Settings: short})
	r.wants("a")
	h.cut.Store(true)
	zoo.Await(t, "cut", func() bool { return h.accepted.Load() > 1 })
	h.cut.Store(false)
	zoo.Await(t, "a session again", func() bool { return r.session() != "" })
	if ask := *asked.Load(); len(ask) < 28 || binary.BigEndian.Uint64(ask[16:]) != 7 {
		t.Errorf("asked with %x, want the former session", ask)
	}
}

func TestEventsOfPathsThatAreNotWatchedTakeNoMemory(t *testing.T) {
	s := &Session{base: "/a", wake: make(chan struct{}, 1), dirty: map[string]struct{}{}}
	for i := range 2 * maxDirty {
		s.changed(fmt.Sprintf("/a/member_%d", i))
	}
	if n := len(s.Take()); n > maxDirty {
		t.Errorf("%d paths are kept", n)
	}
}

func TestNamesThatNoNodeCanHaveAreLeftOut(t *testing.T) {
	t.Parallel()
	bad := []string{"member_\n", "member_/../x", "member_/b", "member_" + strings.Repeat("x", 5000), "member_\x00", "member_\xff", "member_\u202e\ufff9"}
	h := (&hostile{answer: members(at("a", "ALIVE"), append(bad, "member_1")...)}).start(t)
	record(t, "zk://"+h.address+"/a", Params{Settings: short}).wants("a")
}

// What is refused at once would be asked of the library.
func FuzzFrames(f *testing.F) {
	f.Add(framed(hello(10000, 7, make([]byte, 16))), []byte{})
	f.Add(framed(hello(0, 0, nil)), framed(append(make([]byte, 16), listOf("a")...)))
	f.Fuzz(func(t *testing.T, greeting, rest []byte) {
		asked := uint32(opChildren)
		whole := frames{asked: func(uint32) uint32 { return asked }}
		parts := whole
		all := append(bytes.Clone(greeting), rest...)
		want := whole.follow(all)
		var got error
		for i := range all {
			if got = parts.follow(all[i : i+1]); got != nil {
				break
			}
		}
		if (want == nil) != (got == nil) {
			t.Fatalf("as a whole %v, byte by byte %v", want, got)
		}
		if want == nil && (whole.rest < 0 || whole.rest > maxPacket || whole.rest != parts.rest || whole.got != parts.got) {
			t.Fatalf("%+v, byte by byte %+v", whole, parts)
		}
	})
}
