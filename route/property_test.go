package route

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
)

// plainMatch is the first rule that matches, by looking at each in order: what
// the index must agree with. It shares no code with it.
func plainMatch(rules []Rule, m *message) int {
	for i, r := range rules {
		if plainHost(r.Host, m.host) && plainPrefix(r.PathPrefix, m.path) &&
			(r.Method == "" || r.Method == m.method) && plainHeaders(r.Headers, m.headers) && plainParts(r.Parts, m.headers) {
			return i
		}
	}
	return -1
}

func plainHost(want, got string) bool {
	if want == "" {
		return true
	}
	if host, _, err := net.SplitHostPort(got); err == nil {
		got = host
	}
	want, got = strings.ToLower(want), strings.ToLower(got)
	if suffix, ok := strings.CutPrefix(want, "*"); ok {
		return len(got) > len(suffix) && strings.HasSuffix(got, suffix)
	}
	return want == got
}

func plainPrefix(want, got string) bool {
	switch {
	case want == "":
		return true
	case !strings.HasPrefix(got, want):
		return false
	}
	return len(got) == len(want) || strings.HasSuffix(want, "/") || got[len(want)] == '/'
}

func plainHeaders(want []HeaderMatch, got map[string]string) bool {
	for _, h := range want {
		if v, ok := got[strings.ToLower(h.Name)]; !ok || v != h.Value {
			return false
		}
	}
	return true
}

func plainParts(want []PartMatch, got map[string]string) bool {
	for _, p := range want {
		v, ok := got[strings.TrimPrefix(p.Name, "header:")]
		if !ok || p.Prefix && !strings.HasPrefix(v, p.Value) || !p.Prefix && v != p.Value {
			return false
		}
	}
	return true
}

// The words are few, so that rules meet, overlap and hide each other.
func TestIndexAgreesWithLookingAtEachRule(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	one := func(of ...string) string { return of[rnd.IntN(len(of))] }
	path := func() string {
		p := ""
		for range rnd.IntN(4) {
			p += "/" + one("a", "b", "c", "ab", "")
		}
		return p + one("", "", "/")
	}
	headers := func() (all []HeaderMatch) {
		for _, name := range []string{"X-One", "x-two"} {
			if rnd.IntN(3) == 0 {
				all = append(all, HeaderMatch{name, one("1", "2", "")})
			}
		}
		return all
	}
	parts := func() (all []PartMatch) {
		for range rnd.IntN(3) {
			all = append(all, PartMatch{one("header:key", "header:client"), one("a", "ab", "abc", "b"), rnd.IntN(2) == 0})
		}
		return all
	}
	for round := range 400 {
		rules := make([]Rule, 1+rnd.IntN(30))
		for i := range rules {
			rules[i] = Rule{
				Host:       one("", "", "x.test", "X.y.test", "*.test", "*.y.test", "z.y.test"),
				PathPrefix: path(), Method: one("", "", "GET", "PUT"), Headers: headers(), Parts: parts(),
				Upstream: fmt.Sprint("u", i),
			}
		}
		routes := compile(t, rules, "")
		for range 100 {
			m := &message{
				host: one("", "x.test", "x.Y.test:80", "z.y.test", "test", ".test", "y.test", "a.b.c.test:1"),
				path: one(path(), "*"), method: one("GET", "PUT", ""), headers: map[string]string{},
			}
			for _, h := range headers() {
				m.headers[strings.ToLower(h.Name)] = h.Value
			}
			for _, name := range []string{"key", "client"} {
				if rnd.IntN(3) > 0 {
					m.headers[name] = one("", "a", "ab", "abc", "abcd", "b", "ba")
				}
			}
			want := plainMatch(rules, m)
			if up, got := routes.Match(m); got != want {
				t.Fatalf("round %d: %+v: got rule %d (%s), want %d of %+v", round, m, got, up, want, rules)
			}
		}
	}
}
