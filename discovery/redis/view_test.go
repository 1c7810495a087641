package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func contains(text string, parts ...string) bool {
	for _, p := range parts {
		if !strings.Contains(text, p) {
			return false
		}
	}
	return true
}

// node is a node as CLUSTER SHARDS has it.
func node(pairs ...any) any { return pairs }

func shard(slots []any, nodes ...any) any { return []any{"slots", slots, "nodes", nodes} }

func TestShardsAreRead(t *testing.T) {
	all := []any{int64(0), int64(16383)}
	for _, c := range []struct {
		name   string
		tls    bool
		answer []any
		want   string
	}{
		{"master and replicas", false, []any{shard(all,
			node("port", int64(1), "ip", "10.0.0.2", "endpoint", "10.0.0.2", "role", "replica", "health", "online"),
			node("port", int64(1), "ip", "10.0.0.1", "endpoint", "10.0.0.1", "role", "master", "health", "online"),
			node("port", int64(1), "ip", "10.0.0.3", "endpoint", "10.0.0.3", "role", "replica", "health", "loading"),
			node("port", int64(1), "ip", "10.0.0.4", "endpoint", "10.0.0.4", "role", "replica", "health", "failed"))},
			"[{10.0.0.1:1 [10.0.0.2:1]}] [{0 16383 0}]"},
		{"a failed master", false, []any{shard(all, node("port", int64(1), "endpoint", "10.0.0.1", "role", "master", "health", "fail"))}, "[{10.0.0.1:1 []}] [{0 16383 0}]"},
		{"two masters", false, []any{shard(all, node("port", int64(1), "endpoint", "10.0.0.1", "role", "master", "health", "fail"), node("port", int64(1), "endpoint", "10.0.0.2", "role", "master", "health", "online"))}, "[{10.0.0.2:1 []}] [{0 16383 0}]"},
		{"no host", false, []any{shard(all, node("port", int64(7), "ip", "", "endpoint", "", "role", "master", "health", "online"))}, "[{asked:7 []}] [{0 16383 0}]"},
		{"null host", false, []any{shard(all, node("port", int64(7), "ip", "10.0.0.1", "endpoint", nil, "role", "master", "health", "online"))}, "[{asked:7 []}] [{0 16383 0}]"},
		{"a name that is not set", false, []any{shard(all, node("port", int64(7), "ip", "10.0.0.1", "endpoint", "?", "role", "master", "health", "online"))}, "[{10.0.0.1:7 []}] [{0 16383 0}]"},
		{"IPv6", false, []any{shard(all, node("port", int64(7), "ip", "2001:DB8::1", "endpoint", "2001:DB8::1", "role", "master", "health", "online"))}, "[{[2001:db8::1]:7 []}] [{0 16383 0}]"},
		{"TLS", true, []any{shard(all, node("port", int64(7), "tls-port", int64(8), "endpoint", "a", "role", "master", "health", "online"))}, "[{a:8 []}] [{0 16383 0}]"},
		{"plain beside TLS", false, []any{shard(all, node("port", int64(7), "tls-port", int64(8), "endpoint", "a", "role", "master", "health", "online"))}, "[{a:7 []}] [{0 16383 0}]"},
		{"TLS only", true, []any{shard(all, node("tls-port", int64(8), "endpoint", "a", "role", "master", "health", "online"))}, "[{a:8 []}] [{0 16383 0}]"},
		{"without slots", false, []any{
			shard(nil, node("port", int64(1), "endpoint", "new", "role", "master", "health", "online")),
			shard([]any{int64(5), int64(6), int64(1), int64(2)}, node("port", int64(1), "endpoint", "a", "role", "master", "health", "online"))},
			"[{a:1 []}] [{1 2 0} {5 6 0}]"},
		{"no slots at all", false, []any{shard(nil, node("port", int64(1), "endpoint", "a", "role", "master", "health", "online"))}, "asked:1: " + errNoSlots.Error()},
		{"two owners", false, []any{
			shard([]any{int64(1), int64(5)}, node("port", int64(1), "endpoint", "a", "role", "master", "health", "online")),
			shard([]any{int64(5), int64(6)}, node("port", int64(1), "endpoint", "b", "role", "master", "health", "online"))}, "asked:1: slot 5 has two owners"},
		{"no slots", false, []any{shard([]any{int64(1), int64(16384)}, node("port", int64(1), "endpoint", "a", "role", "master", "health", "online"))}, "asked:1: slots 1 to 16384: expected numbers below 16384"},
		{"no answer", false, nil, "asked:1: " + errNoSlots.Error()},
		{"a wrong port", false, []any{shard(all, node("port", "x", "endpoint", "a", "role", "master", "health", "online"))}, "asked:1: " + errNoSlots.Error()},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := &view{from: "asked:1"}
			err := v.parseShards(c.answer, c.tls)
			got := fmt.Sprint(v.Shards, " ", v.Ranges)
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestSlotsAreRead(t *testing.T) {
	v := &view{from: "asked:1"}
	err := v.parseSlots([]any{
		[]any{int64(5), int64(16383), []any{"b", int64(2), "id"}},
		[]any{int64(0), int64(3), []any{"", int64(1), "id"}, []any{nil, int64(3), "id", []any{}}, []any{"?", int64(4), "id", []any{"ip", "10.0.0.4"}}},
		[]any{int64(4), int64(4), []any{"b", int64(2), "id"}},
	})
	if got := fmt.Sprint(v.Shards, " ", v.Ranges); err != nil || got != "[{asked:1 [10.0.0.4:4 asked:3]} {b:2 []}] [{0 3 0} {4 4 1} {5 16383 1}]" {
		t.Error(got, err)
	}
	for _, bad := range []any{nil, "x", []any{[]any{int64(0), int64(1)}}, []any{int64(1)}} {
		if (&view{from: "a:1"}).parseSlots(bad) == nil {
			t.Error(bad)
		}
	}
}

func TestOfAnswersTheLatestOfAWellClusterCounts(t *testing.T) {
	full := Topology{Ranges: []Range{{0, Slots - 1, 0}}}
	for _, c := range []struct {
		name        string
		v, o        view
		want, other bool
	}{
		{"cut off", view{well: true, epoch: 3, Topology: full}, view{well: false, epoch: 9, Topology: full}, true, false},
		{"later", view{well: true, epoch: 4, Topology: full}, view{well: true, epoch: 3, Topology: full}, true, false},
		{"knows more", view{well: true, epoch: 3, Topology: full}, view{well: true, epoch: 3}, true, false},
		{"alike", view{well: true, epoch: 3, Topology: full}, view{well: true, epoch: 3, Topology: full}, false, false},
	} {
		if c.v.better(&c.o) != c.want || c.o.better(&c.v) != c.other {
			t.Error(c.name)
		}
	}
	var v view
	v.parseInfo("cluster_enabled:1\r\ncluster_state:ok\r\ncluster_current_epoch:17\r\n")
	if !v.well || v.epoch != 17 {
		t.Errorf("%+v", v)
	}
}

func TestSlotsWithoutOwnerKeepTheFormerOne(t *testing.T) {
	before := &Topology{Shards: []Shard{{Master: "a:1"}, {"b:1", []string{"b:2"}}, {Master: "c:1"}}, Ranges: []Range{{0, 99, 0}, {100, 199, 1}, {200, Slots - 1, 2}}}
	now := &Topology{Shards: []Shard{{Master: "b:2"}, {Master: "a:1"}}, Ranges: []Range{{0, 49, 1}, {100, 199, 0}}}
	next, kept := now.keep(before)
	if got := fmt.Sprint(next.Shards, " ", next.Ranges); kept != 50+Slots-200 || got != "[{b:2 []} {a:1 []} {c:1 []}] [{0 99 1} {100 199 0} {200 16383 2}]" {
		t.Error(kept, got)
	}
	if same, kept := now.keep(nil); same != now || kept != 0 {
		t.Error("kept of nothing")
	}
	if in := next.inOrder(before); fmt.Sprint(in.Shards, " ", in.Ranges) != "[{a:1 []} {b:2 []} {c:1 []}] [{0 99 0} {100 199 1} {200 16383 2}]" {
		t.Error(in)
	}
}

func TestLooksAreAsFarApartAsAsked(t *testing.T) {
	at := time.Unix(1000, 0)
	for _, c := range []struct {
		name string
		p    pace
		w    wish
		want time.Duration
	}{
		{"refresh, early", pace{began: at}, unasked, 48 * time.Second},
		{"refresh, late", pace{began: at, draw: 0.5}, unasked, 60 * time.Second},
		{"asked", pace{began: at, fails: 7}, asked, time.Second},
		{"another master", pace{began: at}, urgent, 50 * time.Millisecond},
		{"failed once", pace{began: at, fails: 1}, unasked, 2 * time.Second},
		{"failed often", pace{began: at, fails: 99}, unasked, 30 * time.Second},
	} {
		if got := c.p.due(c.w, time.Minute).Sub(at); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	if first := (&pace{}).due(unasked, time.Minute); !first.IsZero() {
		t.Error("the first look waits")
	}
}
