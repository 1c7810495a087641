package why

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"sidecar"
)

const (
	attrID = sidecar.AttrProtocol
	second = int64(time.Second)
)

type message struct {
	line, id string
	class    sidecar.Class
}

func (m *message) Attr(sel sidecar.Selector) ([]byte, bool) {
	switch {
	case sel.Attr == sidecar.AttrOperation:
		return []byte(m.line), true
	case sel.Attr == attrID && m.id != "":
		return []byte(m.id), true
	}
	return nil, false
}

func (m *message) Rewind() bool         { return true }
func (m *message) Class() sidecar.Class { return m.class }

func params() Params {
	return Params{
		Upstream: "web", Slow: second, RequestID: sidecar.Selector{Attr: attrID},
		Operation: func(op sidecar.Op) string { return fmt.Sprint("op", op) },
	}
}

// begin makes an exchange received at 1 s whose request is complete at once.
func begin(m *message) *sidecar.Exchange {
	x := &sidecar.Exchange{}
	x.Begin(m, nil, second)
	x.RequestDone(second)
	return x
}

func TestOnlyWhatIsWorthTellingIsKept(t *testing.T) {
	fault := &sidecar.Fault{Reason: sidecar.NoEndpoints}
	for _, c := range []struct {
		name  string
		class sidecar.Class
		tries int
		took  int64
		err   error
		want  Outcome
	}{
		{"fast and well", sidecar.Success, 1, second - 1, nil, ""},
		{"client's own error", sidecar.ClientError, 1, 1, nil, ""},
		{"overload is an answer", sidecar.Overload, 1, 1, nil, ""},
		{"fault", sidecar.NoClass, 0, 1, fault, Failed},
		{"failing reply passed on", sidecar.Failure, 1, 1, nil, Failed},
		{"shed passed on", sidecar.Shed, 2, 1, nil, Failed},
		{"unavailable passed on", sidecar.Unavailable, 2, 1, nil, Failed},
		{"second try", sidecar.Success, 2, 1, nil, Retried},
		{"slow", sidecar.Success, 1, second, nil, Slow},
		{"slow and retried", sidecar.Success, 2, second, nil, Retried},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New(params())
			x := begin(&message{class: c.class})
			for i := range c.tries {
				x.Try("a:1", uint64(i), second)
			}
			r.Add(x, c.err, second+c.took)
			got := r.Entries(Filter{})
			if len(got) == 0 && c.want == "" {
				return
			}
			if len(got) != 1 || got[0].Outcome != c.want {
				t.Errorf("got %+v, want one that is %q", got, c.want)
			}
		})
	}
}

// A client that uploads for a minute was not kept waiting by anyone.
func TestSlowCountsFromTheRequestsLastByte(t *testing.T) {
	r := New(params())
	x := &sidecar.Exchange{}
	x.Begin(&message{}, nil, second)
	x.RequestDone(60 * second)
	r.Add(x, nil, 60*second+1)
	if got := r.Entries(Filter{}); len(got) != 0 {
		t.Errorf("told: %+v", got)
	}
}

// A reply that streams for a minute was on time if its head was.
func TestSlowCountsToTheCommittedReply(t *testing.T) {
	r := New(params())
	m := &message{class: sidecar.Success}
	x := &sidecar.Exchange{}
	now := sidecar.Now()
	x.Begin(m, nil, now)
	x.RequestDone(now)
	x.Commit(sidecar.Success)
	r.Add(x, nil, now+60*second)
	if got := r.Entries(Filter{}); len(got) != 0 {
		t.Errorf("told: %+v", got)
	}
}

func TestSlowCanBeChangedAndTurnedOff(t *testing.T) {
	r := New(params())
	for _, c := range []struct {
		slow int64
		told uint64
	}{{0, 0}, {3 * second, 0}, {2 * second, 1}} {
		r.SetSlow(c.slow)
		r.Add(begin(&message{}), nil, 3*second)
		if got := r.Told(); got != c.told {
			t.Errorf("slow from %d: %d told, want %d", c.slow, got, c.told)
		}
	}
}

func TestEntryTellsEveryTry(t *testing.T) {
	r := New(params())
	x := begin(&message{line: "GET /search?token=secret", id: "id-1"})
	x.Op, x.N = 3, 2
	one := x.Try("10.0.0.1:80", 1, second+2_000_000)
	one.Stage, one.Flags, one.Reason = sidecar.StageDial, sidecar.Unsent, sidecar.ConnectRefused
	one.End = second + 3_000_000
	two := x.Try("10.0.0.2:80", 2, second+4_000_000)
	two.Stage, two.Flags, two.Reason = sidecar.StageRead, sidecar.FromPeer, sidecar.Status5xx
	two.Class, two.Code = sidecar.Unavailable, 503
	two.Connected, two.ConnAge, two.Out, two.In = second+4_500_000, 7_000_000, 120, 80
	r.Add(x, &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.RetryBudget,
		Class: sidecar.Unavailable, Code: 503, Err: errors.New("no budget left"),
	}, second+10_000_000)

	got, err := json.MarshalIndent(r.Entries(Filter{}), "", " ")
	if err != nil {
		t.Fatal(err)
	}
	wall, err := json.Marshal(sidecar.Wall(second))
	if err != nil {
		t.Fatal(err)
	}
	want := `[
 {
  "time": ` + string(wall) + `,
  "upstream": "web",
  "operation": "op3",
  "request": "GET /search",
  "request_id": "id-1",
  "kind": "unary",
  "requests": 2,
  "outcome": "failed",
  "stage": "read",
  "reason": "retry_budget",
  "class": "unavailable",
  "code": 503,
  "facts": [
   "from_peer"
  ],
  "cause": "no budget left",
  "duration_ms": 10,
  "waited_ms": 10,
  "tries_made": 2,
  "tries_kept": 2,
  "tries": [
   {
    "number": 1,
    "endpoint": "10.0.0.1:80",
    "stage": "dial",
    "reason": "connect_refused",
    "facts": [
     "unsent"
    ],
    "start_ms": 2,
    "duration_ms": 1,
    "conn_age_ms": 0,
    "bytes_out": 0,
    "bytes_in": 0
   },
   {
    "number": 2,
    "endpoint": "10.0.0.2:80",
    "stage": "read",
    "reason": "status_5xx",
    "class": "unavailable",
    "code": 503,
    "facts": [
     "from_peer"
    ],
    "start_ms": 4,
    "duration_ms": 6,
    "connect_ms": 0.5,
    "conn_age_ms": 7,
    "bytes_out": 120,
    "bytes_in": 80
   }
  ]
 }
]`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFailingReplyIsToldWithItsCode(t *testing.T) {
	r := New(params())
	x := begin(&message{class: sidecar.Failure})
	x.Try("a:1", 1, second).Code = 500
	r.Add(x, nil, second)
	e := r.Entries(Filter{})[0]
	if e.Reason != "status_5xx" || e.Code != 500 || e.Class != "failure" || !slices.Equal(e.Facts, []string{"from_peer"}) {
		t.Errorf("got %+v", e)
	}
}

func TestManyTriesAreCountedAndBounded(t *testing.T) {
	r := New(params())
	x := begin(&message{})
	for i := range 20 {
		x.Try("a:1", uint64(i), second)
	}
	r.Add(x, nil, second)
	e := r.Entries(Filter{})[0]
	if e.TriesMade != 20 || e.TriesKept != 8 || len(e.Tries) != 8 || e.Tries[7].Number != 20 {
		t.Errorf("made %d, kept %d: %+v", e.TriesMade, e.TriesKept, e.Tries)
	}
}

func TestTextsAreBoundedAndValid(t *testing.T) {
	r := New(params())
	long := strings.Repeat("é", 1000)
	r.Add(begin(&message{line: "x" + long, id: long}), &sidecar.Fault{Err: errors.New("x" + long)}, second)
	e := r.Entries(Filter{})[0]
	for _, s := range []string{e.Request, e.RequestID, e.Cause} {
		if len(s) < maxText-1 || len(s) > maxText+2 || s != strings.ToValidUTF8(s, "") {
			t.Errorf("%d bytes, valid %v: %q", len(s), s == strings.ToValidUTF8(s, ""), s)
		}
	}
}

func TestNoSecretsOfTheRequest(t *testing.T) {
	r := New(params())
	r.Add(begin(&message{line: "GET /a?key=hush"}), &sidecar.Fault{
		Flags: sidecar.FromClient, Reason: sidecar.BadRequest, Err: errors.New(`bad field "Authorization: hush"`),
	}, second)
	text, err := json.Marshal(r.Entries(Filter{}))
	if err != nil || strings.Contains(string(text), "hush") {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestMessageIsCopied(t *testing.T) {
	r := New(params())
	line := []byte("GET /mine")
	x := &sidecar.Exchange{}
	x.Begin(views{line}, nil, second)
	r.Add(x, errors.New("no fault"), second)
	copy(line, "PUT /other")
	if e := r.Entries(Filter{})[0]; e.Request != "GET /mine" || e.Reason != "internal" || e.RequestID != "" {
		t.Errorf("got %+v", e)
	}
}

// views is a message whose attributes are views of a buffer, as a connection's
// are.
type views struct{ line []byte }

func (v views) Attr(sel sidecar.Selector) ([]byte, bool) {
	return v.line, sel.Attr == sidecar.AttrOperation
}
func (views) Rewind() bool         { return false }
func (views) Class() sidecar.Class { return sidecar.NoClass }

func TestRingForgetsTheOldest(t *testing.T) {
	p := params()
	p.Size = 4
	r := New(p)
	for i := range 10 {
		r.Add(begin(&message{id: fmt.Sprint(i)}), &sidecar.Fault{}, second)
	}
	var ids []string
	for _, e := range r.Entries(Filter{}) {
		ids = append(ids, e.RequestID)
	}
	if !slices.Equal(ids, []string{"9", "8", "7", "6"}) || r.Told() != 10 {
		t.Errorf("held %v of %d told, want the last four, newest first", ids, r.Told())
	}
}

func TestFilter(t *testing.T) {
	r := New(params())
	for i, f := range []*sidecar.Fault{{Reason: sidecar.PeerReset}, {Reason: sidecar.NoRoute}, nil} {
		x := begin(&message{id: fmt.Sprint("id", i)})
		x.Op = sidecar.Op(i)
		x.Try(fmt.Sprint("host:", i), 1, second)
		x.Try("host:9", 2, second)
		if f != nil {
			r.Add(x, f, second)
		} else {
			r.Add(x, nil, second)
		}
	}
	for _, c := range []struct {
		name string
		f    Filter
		want []string
	}{
		{"all", Filter{}, []string{"id2", "id1", "id0"}},
		{"id", Filter{RequestID: "id1"}, []string{"id1"}},
		{"operation", Filter{Operation: "op0"}, []string{"id0"}},
		{"reason", Filter{Reason: "no_route"}, []string{"id1"}},
		{"outcome", Filter{Outcome: Retried}, []string{"id2"}},
		{"any try's endpoint", Filter{Endpoint: "host:0"}, []string{"id0"}},
		{"limit", Filter{Limit: 2}, []string{"id2", "id1"}},
		{"limit of those that pass", Filter{Limit: 1, Reason: "peer_reset"}, []string{"id0"}},
		{"both", Filter{Outcome: Failed, Operation: "op2"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var ids []string
			for _, e := range r.Entries(c.f) {
				ids = append(ids, e.RequestID)
			}
			if !slices.Equal(ids, c.want) {
				t.Errorf("got %v, want %v", ids, c.want)
			}
		})
	}
}

func TestNothingToldIsAnEmptyList(t *testing.T) {
	text, err := json.Marshal(New(Params{}).Entries(Filter{}))
	if err != nil || string(text) != "[]" {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestSessionIsToldByItsEstablishment(t *testing.T) {
	r := New(params())
	x := &sidecar.Exchange{}
	now := sidecar.Now()
	x.Begin(&message{}, nil, now)
	x.Kind = sidecar.Session
	x.RequestDone(now)
	x.Commit(sidecar.Success)
	r.Add(x, nil, now+3600*second)
	if r.Told() != 0 {
		t.Error("a long session was told as slow")
	}
	r.Add(x, &sidecar.Fault{Reason: sidecar.PeerReset}, now+3600*second)
	if e := r.Entries(Filter{})[0]; e.Kind != "session" || e.Commit == nil || e.Duration != 3600_000 {
		t.Errorf("got %+v", e)
	}
}

func TestHedgedExchangeIsToldAsThat(t *testing.T) {
	r := New(params())
	x := begin(&message{class: sidecar.Success})
	x.Try("a:1", 1, second).Reason = sidecar.HedgeLost
	x.Try("b:1", 2, second).Flags = sidecar.Hedged
	r.Add(x, nil, second+1)
	got := r.Entries(Filter{Outcome: Hedged})
	if len(got) != 1 || got[0].Tries[0].Reason != "hedge_lost" || len(got[0].Tries[1].Facts) != 1 || got[0].Tries[1].Facts[0] != "hedge" {
		t.Errorf("got %+v", got)
	}
}
