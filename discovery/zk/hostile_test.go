package zk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"sidecar/internal/zoo"
)

// members answers well, with these children that all have the same data.
func members(data string, names ...string) func(uint32) []byte {
	return func(op uint32) []byte {
		switch op {
		case opChildren:
			return zoo.ListOf(names...)
		case opGet:
			return zoo.DataOf(data)
		}
		return zoo.Stat()
	}
}

func short32(n int32) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }

func TestLengthsThatCannotBeAreRefusedBeforeMemoryIsTaken(t *testing.T) {
	for name, h := range map[string]*zoo.Scripted{
		"no timeout":         {Hello: zoo.Hello(0, 7, make([]byte, 16))},
		"negative timeout":   {Hello: zoo.Hello(-1, 7, make([]byte, 16))},
		"timeout of a blink": {Hello: zoo.Hello(1, 7, make([]byte, 16)), Answer: func(uint32) []byte { return zoo.Stat() }},
		"password too long":  {Hello: append(zoo.Hello(10000, 7, nil)[:16], append(short32(1<<31-1), make([]byte, 16)...)...)},
		"greeting cut off":   {Hello: zoo.Hello(10000, 7, nil)[:17]},
		"children":           {Answer: func(uint32) []byte { return append(short32(-1), zoo.Stat()...) }},
		"a billion children": {Answer: func(uint32) []byte { return append(short32(1e9), zoo.Stat()...) }},
		"data": {Answer: func(op uint32) []byte {
			if op == opChildren {
				return zoo.ListOf("member_1")
			}
			return append(short32(1<<31-1), zoo.Stat()...)
		}},
		"empty answer": {Answer: func(uint32) []byte { return []byte{} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h.Start(t)
			record(t, "zk://"+h.Address+"/a", Params{Settings: short})
			zoo.Await(t, "another try", func() bool { return h.Accepted.Load() > 1 })
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
	h := (&zoo.Scripted{Answer: func(uint32) []byte { return nil }}).Start(t)
	record(t, "zk://"+h.Address+"/a", Params{Settings: short}).fails("has not answered for 1s")
}

func TestAnswerThatIsTooLargeIsToldAsTheReason(t *testing.T) {
	t.Parallel()
	h := (&zoo.Scripted{Answer: func(uint32) []byte { return make([]byte, maxPacket) }}).Start(t)
	record(t, "zk://"+h.Address+"/a", Params{Settings: short}).fails("the path has too many children")
}

func TestTooManyChildrenAreToldForAsLongAsTheyAreThere(t *testing.T) {
	t.Parallel()
	names := make([]string, maxNodes+1)
	for i := range names {
		names[i] = fmt.Sprintf("member_%07d", i)
	}
	h := (&zoo.Scripted{Answer: members(at("a", "ALIVE"), names...)}).Start(t)
	r := record(t, "zk://"+h.Address+"/a", Params{Settings: short})
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
	h := &zoo.Scripted{Answer: members(at("a", "ALIVE"), "member_1"), Seen: 1 << 62}
	h.Greets = func(p []byte) bool {
		asked.Store(&p)
		return binary.BigEndian.Uint64(p[4:]) == 0
	}
	h.Start(t)
	r := record(t, "zk://"+h.Address+"/a", Params{Settings: short})
	r.wants("a")
	h.Cut.Store(true)
	zoo.Await(t, "cut", func() bool { return h.Accepted.Load() > 1 })
	h.Cut.Store(false)
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
	h := (&zoo.Scripted{Answer: members(at("a", "ALIVE"), append(bad, "member_1")...)}).Start(t)
	record(t, "zk://"+h.Address+"/a", Params{Settings: short}).wants("a")
}

// What is refused at once would be asked of the library.
func FuzzFrames(f *testing.F) {
	f.Add(zoo.Framed(zoo.Hello(10000, 7, make([]byte, 16))), []byte{})
	f.Add(zoo.Framed(zoo.Hello(0, 0, nil)), zoo.Framed(append(make([]byte, 16), zoo.ListOf("a")...)))
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
