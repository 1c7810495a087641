package route

import (
	"context"
	"fmt"
	"testing"

	"sidecar"
)

// many are n rules as a large table has them, each for one host and prefix.
func many(n int) []Rule {
	rules := make([]Rule, n)
	for i := range rules {
		rules[i] = Rule{
			Host: fmt.Sprintf("service-%d.example.com", i), PathPrefix: fmt.Sprintf("/api/v%d/", i),
			Upstream: fmt.Sprint("u", i),
		}
	}
	return rules
}

// last is a message that the last of n such rules matches.
func last(n int) *fixed {
	return &fixed{host: fmt.Appendf(nil, "service-%d.example.com:8080", n-1), path: fmt.Appendf(nil, "/api/v%d/users/42", n-1)}
}

// fixed is a message whose parts cost nothing to name.
type fixed struct {
	message
	host, path []byte
}

func (m *fixed) Attr(sel sidecar.Selector) ([]byte, bool) {
	m.asked++
	switch sel.Attr {
	case attrHost:
		return m.host, true
	case attrPath:
		return m.path, true
	}
	return nil, false
}

func TestManyRulesAskNoMoreOfAMessage(t *testing.T) {
	for _, n := range []int{1, 1000} {
		m := last(n)
		if _, rule := compile(t, many(n), "").Match(m); rule != n-1 {
			t.Fatalf("%d rules: matched %d", n, rule)
		}
		if m.asked != 2 {
			t.Errorf("%d rules asked the message %d times, want 2: host and path", n, m.asked)
		}
	}
}

func TestRulesThatDifferInAHeaderAreLookedUp(t *testing.T) {
	rules := make([]Rule, 1000)
	for i := range rules {
		rules[i] = Rule{Method: "GET", Headers: []HeaderMatch{{"X-Tenant", fmt.Sprint(i)}}, Upstream: fmt.Sprint("u", i)}
	}
	m := &message{method: "GET", headers: map[string]string{"x-tenant": "999"}}
	if _, rule := compile(t, rules, "").Match(m); rule != 999 {
		t.Fatalf("matched %d", rule)
	}
	if m.asked != 2 {
		t.Errorf("asked %d times, want 2: the header, then the method of the one rule with its value", m.asked)
	}
}

func BenchmarkDo(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			table := New(compile(b, many(n), ""))
			var x sidecar.Exchange
			x.Begin(last(n), nil, 1)
			b.ReportAllocs()
			for b.Loop() {
				if err := table.Do(context.Background(), &x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
