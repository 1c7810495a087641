package why

import (
	"slices"
	"strings"
	"time"

	"sidecar"
)

// Entry is one exchange for people to read, also as JSON. Times are in
// milliseconds unless they say otherwise.
type Entry struct {
	Time      time.Time `json:"time"` // when its first byte was taken up
	Upstream  string    `json:"upstream"`
	Operation string    `json:"operation,omitempty"` // as counted
	Request   string    `json:"request,omitempty"`   // its line, without the query
	RequestID string    `json:"request_id,omitempty"`
	Kind      string    `json:"kind"`     // "unary" or "session"
	Requests  int       `json:"requests"` // that it carried

	Outcome Outcome  `json:"outcome"`
	Stage   string   `json:"stage,omitempty"` // of the failure, like the next five
	Reason  string   `json:"reason,omitempty"`
	Class   string   `json:"class,omitempty"`
	Code    int      `json:"code,omitempty"`
	Facts   []string `json:"facts,omitempty"`
	Cause   string   `json:"cause,omitempty"`

	Duration float64  `json:"duration_ms"`         // from its first byte to its end
	Commit   *float64 `json:"commit_ms,omitempty"` // from its first byte to the committed reply, nil without one
	Waited   float64  `json:"waited_ms"`           // from its last byte to the committed reply, or to its end without one
	Asked    float64  `json:"asked_ms,omitempty"`  // what its client gave for the reply, from its first byte

	TriesMade int   `json:"tries_made"`
	TriesKept int   `json:"tries_kept"`
	Tries     []Try `json:"tries"`
}

// Outcome is why an exchange is told. One that failed is told as that, whatever
// else it was.
type Outcome string

// The outcomes, the first that holds is told.
const (
	Failed  Outcome = "failed"
	Covered Outcome = "fallback" // failed, and answered in the upstream's place
	Hedged  Outcome = "hedged"   // ended well, and was sent a second time as its reply was late
	Retried Outcome = "retried"  // ended well, in more than one try
	Slow    Outcome = "slow"     // ended well, in one try, late
)

// Try is one attempt.
type Try struct {
	Number   int      `json:"number"` // from 1
	Endpoint string   `json:"endpoint"`
	Stage    string   `json:"stage,omitempty"` // of the failure, like the next
	Reason   string   `json:"reason,omitempty"`
	Class    string   `json:"class,omitempty"`
	Code     int      `json:"code,omitempty"`
	Facts    []string `json:"facts,omitempty"`
	Start    float64  `json:"start_ms"` // from the exchange's first byte
	Duration float64  `json:"duration_ms"`
	Connect  *float64 `json:"connect_ms,omitempty"` // from its start until it had a connection, nil if it got none
	ConnAge  float64  `json:"conn_age_ms"`          // 0 for a connection made for it
	BytesOut int64    `json:"bytes_out"`
	BytesIn  int64    `json:"bytes_in"`
	After    float64  `json:"retry_after_ms,omitempty"` // how long the peer asked to be left alone
}

// Filter keeps entries that meet all of its conditions; an empty one is none.
type Filter struct {
	RequestID, Operation, Reason, Endpoint string // each exactly; any try's endpoint
	Outcome                                Outcome
	Limit                                  int // of entries, 0 is no limit
}

// Entries are the exchanges held that pass f, newest first. It does not stop
// exchanges that finish meanwhile for longer than one takes to copy: what they
// push out while it reads is missing at the old end.
func (r *Ring) Entries(f Filter) []Entry {
	all := []Entry{}
	var rec record
	for number := r.Told(); number > 0 && (f.Limit <= 0 || len(all) < f.Limit); number-- {
		if !r.copy(number-1, &rec) {
			break
		}
		if e := rec.entry(); f.passes(e) {
			all = append(all, e)
		}
	}
	return all
}

// copy fills dst with the record of that number, false if it is no longer held.
func (r *Ring) copy(number uint64, dst *record) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec := r.slots[number%uint64(len(r.slots))]
	if rec == nil || rec.number != number {
		return false
	}
	request, id, cause, tries := dst.request, dst.requestID, dst.cause, dst.tries
	*dst = *rec
	dst.request = append(request[:0], rec.request...)
	dst.requestID = append(id[:0], rec.requestID...)
	dst.cause = append(cause[:0], rec.cause...)
	dst.tries = append(tries[:0], rec.tries...)
	return true
}

func (f Filter) passes(e Entry) bool {
	return is(f.RequestID, e.RequestID) && is(f.Operation, e.Operation) && is(f.Reason, e.Reason) &&
		is(string(f.Outcome), string(e.Outcome)) &&
		(f.Endpoint == "" || slices.ContainsFunc(e.Tries, func(t Try) bool { return t.Endpoint == f.Endpoint }))
}

func is(want, got string) bool { return want == "" || want == got }

func (rec *record) entry() Entry {
	e := Entry{
		Time: sidecar.Wall(rec.received), Upstream: text(rec.upstream), Operation: text(rec.operation),
		Request: text(rec.request), RequestID: text(rec.requestID), Cause: text(rec.cause),
		Kind: "unary", Requests: rec.requests, Outcome: rec.outcome(),
		Duration:  ms(rec.end - rec.received),
		Asked:     ms(rec.asked),
		Waited:    ms(until(rec.replied, rec.end) - max(rec.complete, rec.received)),
		TriesMade: rec.tried, TriesKept: len(rec.tries), Tries: make([]Try, 0, len(rec.tries)),
	}
	if rec.kind == sidecar.Session {
		e.Kind = "session"
	}
	if rec.replied != 0 {
		e.Commit = ref(ms(rec.replied - rec.received))
	}
	if f := rec.fault; rec.failed {
		e.Stage, e.Reason, e.Code, e.Facts = f.Stage.String(), f.Reason.String(), f.Code, facts(f.Flags)
		e.Class = class(f.Class)
	}
	for _, t := range rec.tries {
		e.Tries = append(e.Tries, rec.try(t))
	}
	return e
}

func (rec *record) outcome() Outcome {
	switch {
	case rec.failed:
		return Failed
	case rec.covered:
		return Covered
	case slices.ContainsFunc(rec.tries, func(t sidecar.Try) bool { return t.Flags&sidecar.Hedged != 0 }):
		return Hedged
	case rec.tried > 1:
		return Retried
	}
	return Slow
}

func (rec *record) try(t sidecar.Try) Try {
	out := Try{
		Number: t.Number, Endpoint: text(t.Endpoint), Class: class(t.Class), Code: t.Code, Facts: facts(t.Flags),
		Start: ms(t.Start - rec.received), Duration: ms(until(t.End, rec.end) - t.Start),
		ConnAge: ms(t.ConnAge), BytesOut: t.Out, BytesIn: t.In, After: ms(t.After),
	}
	if t.Reason != sidecar.NoReason {
		out.Stage, out.Reason = t.Stage.String(), t.Reason.String()
	}
	if t.Connected != 0 {
		out.Connect = ref(ms(t.Connected - t.Start))
	}
	return out
}

// class is the name of c, "" if there was no reply.
func class(c sidecar.Class) string {
	if c == sidecar.NoClass {
		return ""
	}
	return c.String()
}

// facts names the flags, in the order of their bits.
func facts(fl sidecar.Flags) []string {
	names := [...]string{"unsent", "rejected", "timeout", "from_peer", "stale", "from_client", "hedge"}
	var all []string
	for i, n := range names {
		if fl&(1<<i) != 0 {
			all = append(all, n)
		}
	}
	return all
}

// text is s for JSON: no longer than what is kept, and valid, though it was cut
// between bytes and comes from the wire.
func text[T string | []byte](s T) string { return strings.ToValidUTF8(string(clip(s)), "\uFFFD") }

// ms is nanoseconds as milliseconds, to the microsecond.
func ms(ns int64) float64 { return float64(ns/1000) / 1000 }

func ref(v float64) *float64 { return &v }
