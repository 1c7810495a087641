package mux

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"
	"time"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	p, err := hex.DecodeString(strings.NewReplacer(" ", "", "\n", "").Replace(s))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// thriftHi is a call of hi("abc") as Thrift's binary protocol writes it.
const thriftHi = "80010001 00000002 6869 00000000 0b0001 00000003 616263 00"

// scalesDispatch is the body of a Tdispatch that a client of another kind sends:
// its id, and a deadline whose timestamp is cut to whole seconds.
const scalesDispatch = "0002" +
	"002a 636f6d2e747769747465722e66696e61676c652e7468726966742e436c69656e744964436f6e74657874 0005 6369642d31" +
	"001c 636f6d2e747769747465722e66696e61676c652e446561646c696e65 0010 18e9edfc72f42e00 18e9edfcb0071600" +
	"0000 0000" + thriftHi

func TestMessagesAreWrittenAsOthersWriteThem(t *testing.T) {
	ok := Reply{Payload: []byte("x")}
	nack := Reply{Status: Nack, Contexts: failureContexts(Restartable | Rejected)}
	call := Call{Dest: []byte("/s"), Dtab: unhex(t, "0001 0002 2f61 0002 2f62"), Payload: []byte("p")}
	for _, row := range []struct {
		name string
		got  []byte
		want string
	}{
		{"Tping", appendEmpty(nil, tping, controlTag), "00000004 41 000001"},
		{"Rping", appendEmpty(nil, rping, controlTag), "00000004 bf 000001"},
		{"Tdrain", appendEmpty(nil, tdrain, controlTag), "00000004 40 000001"},
		{"Rdrain", appendEmpty(nil, rdrain, controlTag), "00000004 c0 000001"},
		{"Rdiscarded", appendEmpty(nil, rdiscarded, 0x010203), "00000004 be 010203"},
		{"Tdiscarded goes by its old number", appendDiscarded(nil, 0x010203, "Client timeout"), "00000015 c2 000000 010203 436c69656e742074696d656f7574"},
		{"Rerr goes by its old number", appendError(nil, controlTag, initCheck), "0000000f 7f 000001 74696e697420636865636b"},
		{"Tlease", appendLease(nil, 258*time.Millisecond), "0000000d 43 000000 00 0000000000000102"},
		{"Tinit", appendInit(nil, tinit, 1, 0), "00000006 44 000001 0001"},
		{"Rinit with a window", appendInit(nil, rinit, 1, 1<<16), "0000001c bc 000001 0001 0000000a 6d75782d6672616d6572 00000004 00010000"},
		{"Tdispatch", appendFrames(nil, tdispatch, 2, 0, call.appendDispatchHead(nil, nil), call.Payload), "00000015 02 000002 0000 0002 2f73 0001 0002 2f61 0002 2f62 70"},
		{"Rdispatch OK", appendFrames(nil, rdispatch, 2, 0, ok.appendReplyHead(nil), ok.Payload), "00000008 fe 000002 00 0000 78"},
		{"Rdispatch Nack", appendFrames(nil, rdispatch, 2, 0, nack.appendReplyHead(nil), nil), "0000001d fe 000002 02 0001 000a 4d75784661696c757265 0008 0000000000000003"},
		{"fragments", appendFrames(nil, tdispatch, 5, 2, []byte("abc"), []byte("de")), "00000006 02 800005 6162 00000006 02 800005 6364 00000005 02 000005 65"},
		{"a message of just the window", appendFrames(nil, tdispatch, 5, 2, []byte("a"), []byte("b")), "00000006 02 000005 6162"},
	} {
		if want := unhex(t, row.want); !bytes.Equal(row.got, want) {
			t.Errorf("%s: %x, want %x", row.name, row.got, want)
		}
	}
	if n := framedSize(5, 2); n != 29 {
		t.Errorf("three fragments of 5 bytes have %d bytes", n)
	}
}

func TestBothNumbersOfAMessageAreRead(t *testing.T) {
	for _, row := range []struct {
		bytes string
		kind  kind
		tag   uint32
		more  bool
	}{
		{"00000004 7f 000001", rerr, 1, false},
		{"00000004 80 000001", rerr, 1, false},
		{"00000004 42 000000", tdiscarded, 0, false},
		{"00000004 c2 000000", tdiscarded, 0, false},
		{"00000004 02 800007", tdispatch, 7, true},
		{"00000004 fe 7fffff", rdispatch, maxTag, false},
	} {
		f, n, bad := readFrame(unhex(t, row.bytes), 100)
		if bad != nil || n != 8 || f.kind != row.kind || f.tag != row.tag || f.more != row.more {
			t.Errorf("%s: %+v %d %v", row.bytes, f, n, bad)
		}
	}
}

func TestFramesAreRefusedBeforeTheirBytesAreAwaited(t *testing.T) {
	for _, row := range []struct {
		bytes string
		n     int
		bad   *problem
	}{
		{"", 0, nil},
		{"000000", 0, nil},
		{"00000004", 0, nil},
		{"00000004 41 0000", 0, nil},
		{"00000004 41 000001 99", 8, nil},
		{"00000003", 0, errFrameSize},
		{"ffffffff", 0, errFrameSize},
		{"00000065", 0, errFrameLarge},
		{"7fffffff", 0, errFrameLarge},
	} {
		if _, n, bad := readFrame(unhex(t, row.bytes), 100); n != row.n || bad != row.bad {
			t.Errorf("%s: %d %v", row.bytes, n, bad)
		}
	}
}

func TestDispatchIsTakenApart(t *testing.T) {
	var c Call
	if bad := c.read(unhex(t, scalesDispatch)); bad != nil {
		t.Fatal(bad)
	}
	if id, _ := Lookup(c.Contexts, ClientIDContext); string(id) != "cid-1" {
		t.Errorf("client id %q", id)
	}
	if left := Left(c.Contexts); left != 1024649216 {
		t.Errorf("left %d", left)
	}
	if len(c.Dest) != 0 || c.Dtab != nil || !bytes.Equal(c.Payload, unhex(t, thriftHi)) {
		t.Errorf("%q %q %x", c.Dest, c.Dtab, c.Payload)
	}
	again := append(c.appendDispatchHead(nil, c.Contexts), c.Payload...)
	if !bytes.Equal(again, unhex(t, scalesDispatch)) {
		t.Errorf("written anew it differs: %x", again)
	}
}

func TestDispatchesThatEndEarlyAreRefused(t *testing.T) {
	whole := unhex(t, "0001 0001 6b 0002 7676 0002 2f73 0001 0001 61 0001 62")
	for n := range whole {
		var c Call
		if c.read(whole[:n]) == nil {
			t.Errorf("taken with %d of %d bytes", n, len(whole))
		}
	}
	var c Call
	if bad := c.read(whole); bad != nil || len(c.Payload) != 0 {
		t.Errorf("whole: %v", bad)
	}
	many := append([]byte{0xff, 0xff}, make([]byte, 4*0xffff+4)...)
	if c.read(many) != errManyContexts || c.read(append([]byte{0, 0, 0, 0}, many...)) != errManyDtab {
		t.Error("too many pairs are taken")
	}
}

func TestTreqBecomesADispatchWithItsTrace(t *testing.T) {
	ids := "0000000000000001 0000000000000002 0000000000000003"
	var c Call
	if _, bad := c.readTreq(unhex(t, "03 01 18 "+ids+" 02 01 01 07 02 ffff 6869"), nil); bad != nil {
		t.Fatal(bad)
	}
	if v, _ := Lookup(c.Contexts, TraceContext); !bytes.Equal(v, unhex(t, ids+"0000000000000001")) {
		t.Errorf("trace %x", v)
	}
	if string(c.Payload) != "hi" {
		t.Errorf("payload %q", c.Payload)
	}
	for _, bad := range []string{"", "80", "01", "0101", "010118", "01 01 01 00", "02 01 18" + ids} {
		if _, p := c.readTreq(unhex(t, bad), nil); p == nil {
			t.Errorf("taken: %s", bad)
		}
	}
	if _, bad := c.readTreq(unhex(t, "00 6869"), nil); bad != nil || c.Contexts != nil {
		t.Errorf("without keys: %v %x", bad, c.Contexts)
	}
}

func TestDeadlinesAreDurations(t *testing.T) {
	with := func(from, to int64) []byte { return AppendDeadline(nil, nil, from, to-from) }
	for _, row := range []struct {
		name     string
		contexts []byte
		left     int64
	}{
		{"none", nil, 0},
		{"a second, by a clock far off", with(1, 1e9+1), 1e9},
		{"wrong size", AppendPair(nil, 0, DeadlineContext, []byte("short")), 0},
		{"beyond a day", with(0, 1<<62), 0},
		{"over", AppendPair(nil, 0, DeadlineContext, unhex(t, "0000000000000005 0000000000000005")), 1},
		{"further apart than a number", AppendPair(nil, 0, DeadlineContext, unhex(t, "8000000000000000 7fffffffffffffff")), 0},
	} {
		if got := Left(row.contexts); got != row.left {
			t.Errorf("%s: %d, want %d", row.name, got, row.left)
		}
	}
}

func TestDeadlineIsWrittenAnewInItsPlace(t *testing.T) {
	was := AppendPair(nil, 0, "a", []byte("1"))
	was = AppendPair(was, 0, DeadlineContext, make([]byte, 16))
	was = AppendPair(was, 0, "b", []byte("2"))
	now := AppendDeadline([]byte("xx"), was, 100, 50)[2:]
	if len(now) != len(was) || Left(now) != 50 || Left(was) != 1 {
		t.Errorf("%x", now)
	}
	if b, _ := Lookup(now, "b"); string(b) != "2" {
		t.Error("what follows it is lost")
	}
	if got := AppendDeadline(nil, was, 100, 0); !bytes.Equal(got, was) {
		t.Error("changed without time to tell")
	}
}

func TestFailureFlags(t *testing.T) {
	r := Reply{Contexts: unhex(t, "0001 000a 4d75784661696c757265 0009 0000000000000085 ff")}
	if f := r.Failure(); f&Restartable == 0 || f&NonRetryable == 0 || f&Rejected != 0 {
		t.Errorf("%b", f)
	}
	if f := (&Reply{Contexts: unhex(t, "0001 000a 4d75784661696c757265 0001 07")}).Failure(); f != 0 {
		t.Errorf("flags of one byte: %b", f)
	}
}

func TestGreetings(t *testing.T) {
	for _, row := range []struct {
		body   string
		window int
		bad    *problem
	}{
		{"0001", 0, nil},
		{"0001 0000000a 6d75782d6672616d6572 00000004 00010000", 65536, nil},
		{"0001 00000003 746c73 00000003 6f6666", 0, nil},
		{"00", 0, errInit},
		{"0001 00000003 746c", 0, errInit},
		{"0001 ffffffff 746c73", 0, errInit},
		{"0001 00000003 746c73", 0, errInit},
		{"0001 0000000a 6d75782d6672616d6572 00000004 ffffffff", 0, errFramer},
		{"0001 0000000a 6d75782d6672616d6572 00000004 00000001", 0, errFramer},
		{"0001 0000000a 6d75782d6672616d6572 00000001 01", 0, errFramer},
		{"0001" + strings.Repeat("00000000 00000000", maxHeaders+1), 0, errManyHeaders},
	} {
		g, bad := readInit(unhex(t, row.body))
		if bad != row.bad || bad == nil && (g.window != row.window || g.version != 1) {
			t.Errorf("%.60s: %+v %v", row.body, g, bad)
		}
	}
}

func TestLeasesAndDiscards(t *testing.T) {
	d, ok, bad := readLease(unhex(t, "00 00000000000003e8"))
	if d != time.Second || !ok || bad != nil {
		t.Errorf("lease %v %v %v", d, ok, bad)
	}
	if d, _, _ = readLease(unhex(t, "00 ffffffffffffffff")); d != maxAskedFor {
		t.Errorf("lease without end: %v", d)
	}
	if _, ok, _ = readLease(unhex(t, "01 00000000000003e8")); ok {
		t.Error("a unit that is unknown means something")
	}
	if _, _, bad = readLease(nil); bad != errLease {
		t.Error(bad)
	}
	if tag, why, bad := readDiscarded(unhex(t, "010203 6869")); tag != 0x010203 || string(why) != "hi" || bad != nil {
		t.Errorf("%x %q %v", tag, why, bad)
	}
	if _, _, bad := readDiscarded([]byte{1, 2}); bad != errDiscarded {
		t.Error(bad)
	}
}

func TestRepliesAreTakenApart(t *testing.T) {
	for _, row := range []struct {
		body    string
		status  Status
		payload string
		bad     *problem
	}{
		{"00 0000 6869", OK, "hi", nil},
		{"01 0001 0001 6b 0000 6869", Error, "hi", nil},
		{"02 0000", Nack, "", nil},
		{"03 0000", 0, "", errStatus},
		{"", 0, "", errShortReply},
		{"00 00", 0, "", errContexts},
	} {
		var r Reply
		if bad := r.read(unhex(t, row.body)); bad != row.bad || bad == nil && (r.Status != row.status || string(r.Payload) != row.payload) {
			t.Errorf("%s: %+v %v", row.body, r, bad)
		}
	}
	var r Reply
	if bad := r.readRreq(unhex(t, "01 6869")); bad != nil || r.Status != Error || string(r.Payload) != "hi" {
		t.Errorf("Rreq: %+v %v", r, bad)
	}
}

func TestFragmentsArePutTogether(t *testing.T) {
	var p parts
	add := func(text string, k kind, tag uint32, more bool) (string, bool, *problem) {
		f := frame{kind: k, tag: tag, more: more, body: []byte(text)}
		whole, bad := p.add(&f, 10)
		return string(f.body), whole, bad
	}
	if s, whole, _ := add("one", tdispatch, 2, false); s != "one" || !whole {
		t.Fatalf("whole: %q %v", s, whole)
	}
	for i, piece := range []string{"ab", "cd"} {
		for tag := uint32(2); tag < 4; tag++ {
			if _, whole, bad := add(piece, tdispatch, tag, true); whole || bad != nil {
				t.Fatalf("piece %d: %v %v", i, whole, bad)
			}
		}
	}
	if s, whole, _ := add("between", tping, 1, false); s != "between" || !whole {
		t.Fatalf("between: %q %v", s, whole)
	}
	if s, whole, bad := add("e", tdispatch, 2, false); s != "abcde" || !whole || bad != nil {
		t.Fatalf("last: %q %v %v", s, whole, bad)
	}
	if _, _, bad := add("a lot more", tdispatch, 7, true); bad != errFrameLarge || p.held != 4 {
		t.Fatalf("over the limit: %v, %d held", bad, p.held)
	}
	for _, more := range []bool{true, false} {
		if _, whole, bad := add("rest", tdispatch, 7, more); whole || bad != nil {
			t.Fatalf("the rest of what was refused: %v %v", whole, bad)
		}
	}
	if _, _, bad := add("x", rdispatch, 3, false); bad != errPartKind {
		t.Fatalf("other kind: %v", bad)
	}
	if s, whole, bad := add("why", rerr, 3, false); s != "why" || !whole || bad != nil || p.held != 0 {
		t.Fatalf("an error ends it: %q %v %v, %d held", s, whole, bad, p.held)
	}
	for tag := range uint32(maxParts) {
		if _, _, bad := add("", tdispatch, tag, true); bad != nil {
			t.Fatal(bad)
		}
	}
	if _, _, bad := add("", tdispatch, maxParts, true); bad != errManyParts {
		t.Fatalf("too many: %v", bad)
	}
	if !p.drop(7) || p.drop(7) {
		t.Error("a discarded message is not forgotten once")
	}
}
