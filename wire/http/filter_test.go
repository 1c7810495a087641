package http

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"sidecar"
)

func anyUpstream(string) sidecar.Service { return sidecar.ServiceFunc(nil) }

func TestImpossibleFiltersAreRefused(t *testing.T) {
	for _, c := range []struct {
		name    string
		filters []Filter
		want    string
	}{
		{"no action", []Filter{{}}, "filter 1: has 0 actions, a filter has exactly one"},
		{"two actions", []Filter{{Rewrite: &Rewrite{"/a", "/b"}, RemoveReply: []string{"A"}}}, "filter 1: has 2 actions, a filter has exactly one"},
		{"framing", []Filter{{SetRequest: []Field{{"content-length", "0"}}}}, `filter 1: field "content-length" cannot be changed: it frames the message, names its target or is the sidecar's own to write`},
		{"hop", []Filter{{RemoveReply: []string{"Connection"}}}, `filter 1: field "Connection" cannot be changed: it frames the message, names its target or is the sidecar's own to write`},
		{"target", []Filter{{RemoveRequest: []string{"HOST"}}}, `filter 1: field "HOST" cannot be changed: it frames the message, names its target or is the sidecar's own to write`},
		{"own", []Filter{{AddReply: []Field{{"X-Sidecar-Reason", "a"}}}}, `filter 1: field "X-Sidecar-Reason" cannot be changed: it is the sidecar's own to read or write`},
		{"no name", []Filter{{AddReply: []Field{{"a b", "a"}}}}, `filter 1: "a b" is no name of a field`},
		{"control character", []Filter{{AddReply: []Field{{"a", "a\r\nb: c"}}}}, `filter 1: field "a": its value has control characters, or space around it`},
		{"path", []Filter{{Rewrite: &Rewrite{"a", "/b"}}}, `filter 1: rewrite: prefix and to are paths that begin with "/", have no query and at most 1024 bytes, got "a"`},
		{"path with a space", []Filter{{Rewrite: &Rewrite{"/a", "/b c"}}}, `filter 1: rewrite: prefix and to are paths that begin with "/", have no query and at most 1024 bytes, got "/b c"`},
		{"same path", []Filter{{Rewrite: &Rewrite{"/a", "/a"}}}, `filter 1: rewrite: prefix and to are the same, "/a"`},
		{"status", []Filter{{Redirect: &Redirect{Status: 304, HTTPS: true}}}, "filter 1: redirect: status is 301, 302, 303, 307 or 308, got 304"},
		{"to itself", []Filter{{Redirect: &Redirect{Status: 301}}}, "filter 1: redirect: leads back to itself; set https, host, or prefix and to"},
		{"to itself by path", []Filter{{Redirect: &Redirect{Status: 301, Prefix: "/a", To: "/a/b"}}}, `filter 1: redirect: leads back to itself: "/a/b" begins with "/a"`},
		{"body of 204", []Filter{{Reply: &FixedReply{Status: 204, Body: "x"}}}, "filter 1: reply: a reply of status 204 has no body"},
		{"percent", []Filter{{Split: &Split{Percent: math.NaN(), Sticky: "client"}}}, "filter 1: split: percent is 0 to 100, got NaN"},
		{"sticky", []Filter{{Split: &Split{Sticky: "cookie"}}}, `filter 1: split: sticky is "header:NAME", "cookie:NAME", "client" or "request_id", got "cookie"`},
		{"never reached", []Filter{{Reply: &FixedReply{Status: 200}}, {RemoveReply: []string{"A"}}}, "filter 2: is never reached: filter 1 answers every request"},
		{"too much added", []Filter{{AddReply: []Field{{"a", strings.Repeat("a", maxEditBytes)}}}}, "filters: replies: 8197 bytes of fields are added, more than the limit of 8192"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := Compile(c.filters, anyUpstream); err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestSplitOfAnUnknownUpstreamIsRefused(t *testing.T) {
	_, err := Compile([]Filter{{Split: &Split{Percent: 1, Upstream: "x", Sticky: "client"}}}, func(string) sidecar.Service { return nil })
	if err == nil || err.Error() != `filter 1: split: no upstream is named "x"` {
		t.Errorf("got %v", err)
	}
}

// user is a message of one user.
type user string

func (u user) Attr(sidecar.Selector) ([]byte, bool) { return []byte(u), u != "" }
func (user) Rewind() bool                           { return true }
func (user) Class() sidecar.Class                   { return sidecar.NoClass }

func splitOf(t *testing.T, percent float64) *split {
	t.Helper()
	fs, err := Compile([]Filter{{Split: &Split{Percent: percent, Upstream: "canary", Sticky: "header:X-User"}}}, anyUpstream)
	if err != nil {
		t.Fatal(err)
	}
	return fs.steps[0].split
}

// A share of 100,000 users is binomial; four standard deviations either way.
func TestSplitTakesItsShareAndKeepsItsUsers(t *testing.T) {
	const users = 100_000
	var before map[int]bool
	for _, percent := range []float64{0, 0.5, 5, 50, 100} {
		s, took := splitOf(t, percent), map[int]bool{}
		for i := range users {
			if s.takes(user(fmt.Sprintf("user-%d", i))) {
				took[i] = true
			}
		}
		p := percent / 100
		if off := math.Abs(float64(len(took)) - p*users); off > 4*math.Sqrt(p*(1-p)*users) {
			t.Errorf("%v %%: %d of %d", percent, len(took), users)
		}
		for i := range before {
			if !took[i] {
				t.Fatalf("user %d was switched at less and is not at %v %%", i, percent)
			}
		}
		before = took
	}
	if splitOf(t, 100).takes(user("")) {
		t.Error("a request that belongs to nobody was switched")
	}
}

func TestAddedLinesAreFoundByName(t *testing.T) {
	fs, err := Compile([]Filter{{AddRequest: []Field{{"X-A", "1"}, {"X-B", ""}, {"x-a", "3"}}}}, anyUpstream)
	if err != nil {
		t.Fatal(err)
	}
	c := &fs.edits.Request
	for _, row := range []struct {
		name string
		n    int
		want string
		ok   bool
	}{{"x-a", 0, "1", true}, {"x-a", 1, "3", true}, {"x-a", 2, "", false}, {"x-b", 0, "", true}, {"x-c", 0, "", false}} {
		if v, ok := c.Added(row.name, row.n); string(v) != row.want || ok != row.ok {
			t.Errorf("%s %d: got %q %v", row.name, row.n, v, ok)
		}
	}
}
