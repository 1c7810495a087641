package resp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"sidecar"
)

// store is a server's keys, which answers as Redis does.
type store struct {
	mu   sync.Mutex
	keys map[string]map[string]string // by endpoint
}

func (s *store) say(endpoint string, args []string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[string]map[string]string{}
	}
	m := s.keys[endpoint]
	if m == nil {
		m = map[string]string{}
		s.keys[endpoint] = m
	}
	value := func(k string) string {
		if v, ok := m[k]; ok {
			return string(AppendBulk(nil, v))
		}
		return "$-1\r\n"
	}
	switch strings.ToLower(args[0]) {
	case "set":
		m[args[1]] = args[2]
		return "+OK\r\n"
	case "get":
		return value(args[1])
	case "mset":
		for i := 1; i < len(args); i += 2 {
			m[args[i]] = args[i+1]
		}
		return "+OK\r\n"
	case "mget":
		out := "*" + strconv.Itoa(len(args)-1) + "\r\n"
		for _, k := range args[1:] {
			out += value(k)
		}
		return out
	case "del", "exists":
		n := 0
		for _, k := range args[1:] {
			if _, ok := m[k]; ok {
				n++
			}
			if strings.EqualFold(args[0], "del") {
				delete(m, k)
			}
		}
		return ":" + strconv.Itoa(n) + "\r\n"
	case "dbsize":
		return ":" + strconv.Itoa(len(m)) + "\r\n"
	case "flushall":
		clear(m)
		return "+OK\r\n"
	case "publish":
		return ":1\r\n"
	case "randomkey":
		for k := range m {
			return string(AppendBulk(nil, k))
		}
		return "$-1\r\n"
	case "scan":
		var all []string
		for k := range m {
			all = append(all, k)
		}
		slices.Sort(all)
		at, _ := strconv.Atoi(args[1])
		next := at + 2
		if next >= len(all) {
			next = 0
		}
		out := AppendArray(nil, 2)
		out = AppendBulk(out, strconv.Itoa(next))
		part := all[min(at, len(all)):min(at+2, len(all))]
		out = AppendArray(out, len(part))
		for _, k := range part {
			out = AppendBulk(out, k)
		}
		return string(out)
	}
	return "-ERR unknown command '" + args[0] + "'\r\n"
}

// shards are that many masters that share the keys by their last byte's slot.
func shards(t testing.TB, n int) *Map {
	var list []Shard
	var ranges []SlotRange
	for i := range n {
		list = append(list, Shard{Master: fmt.Sprint("s", i)})
		ranges = append(ranges, SlotRange{Slots * i / n, Slots*(i+1)/n - 1, i})
	}
	m, err := NewSlotMap(list, ranges)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func clusterOf(m *Map) *Map {
	c := *m
	c.cluster = true
	return &c
}

// sharded is a harness whose servers have a part of the keys each.
func sharded(t testing.TB, m *Map) (*harness, *store) {
	if m == nil {
		m = clusterOf(shards(t, 3))
	}
	h, s := newHarness(t), new(store)
	h.say = s.say
	h.target.Keys = NewKeyspace(KeyspaceParams{Map: m})
	return h, s
}

func TestABurstOverManyShardsIsAnsweredInOrder(t *testing.T) {
	h, _ := sharded(t, shards(t, 5))
	c := h.client()
	in, want := "", ""
	for i := range 50 {
		k, v := fmt.Sprint("key", i), fmt.Sprint("value", i)
		in += req("SET", k, v) + req("GET", k)
		want += "+OK\r\n" + string(AppendBulk(nil, v))
		if i%10 == 0 {
			in += req("PING")
			want += "+PONG\r\n"
		}
	}
	c.Send(in)
	c.Expect(want)
	calls := h.heard()
	if len(calls) < 5 {
		t.Fatalf("%d exchanges", len(calls))
	}
	used := map[string]bool{}
	for _, e := range calls {
		used[e.endpoint] = true
	}
	if len(used) != 5 {
		t.Errorf("servers: %v", used)
	}
}

func TestCommandsOverSeveralShardsAreOne(t *testing.T) {
	for name, m := range map[string]*Map{"sharded": shards(t, 3), "cluster": clusterOf(shards(t, 3))} {
		t.Run(name, func(t *testing.T) {
			h, _ := sharded(t, m)
			c := h.client()
			c.Send(req("MSET", "a", "1", "b", "2", "c", "3", "d", "4") + req("MGET", "a", "x", "d", "b", "c") +
				req("EXISTS", "a", "b", "x") + req("DBSIZE") + req("DEL", "a", "c") + req("MGET", "a", "b"))
			c.Expect("+OK\r\n*5\r\n$1\r\n1\r\n$-1\r\n$1\r\n4\r\n$1\r\n2\r\n$1\r\n3\r\n:2\r\n:4\r\n:2\r\n*2\r\n$-1\r\n$1\r\n2\r\n")
			if name == "cluster" {
				for _, e := range h.heard() {
					for _, text := range e.commands {
						slots := map[int]bool{}
						if w := words(text); w[0] == "MGET" {
							for _, k := range w[1:] {
								slots[Slot([]byte(k))] = true
							}
						}
						if len(slots) > 1 {
							t.Errorf("a server of a cluster was asked for several slots: %s", text)
						}
					}
				}
			}
		})
	}
}

func TestKeysThatAreNotTogetherAreRefused(t *testing.T) {
	h, _ := sharded(t, clusterOf(shards(t, 3)))
	c := h.client()
	c.Send(req("RENAME", "a", "b") + req("MSETNX", "a", "1", "b", "2") + req("SET", "a", "1") + req("MGET", "{t}a", "{t}b"))
	c.Expect(crossSlot + crossSlot + "+OK\r\n*2\r\n$-1\r\n$-1\r\n")
}

func TestScansGoThroughAllShards(t *testing.T) {
	h, _ := sharded(t, shards(t, 3))
	c := h.client()
	want := map[string]bool{}
	for i := range 20 {
		k := fmt.Sprint("key", i)
		want[k] = true
		c.Send(req("SET", k, "v"))
		c.Expect("+OK\r\n")
	}
	got := map[string]bool{}
	cursor := "0"
	for range 100 {
		c.Send(req("SCAN", cursor))
		c.Expect("*2\r\n$")
		c.Until("\r\n")
		cursor = strings.TrimSuffix(c.Until("\r\n"), "\r\n")
		c.Expect("*")
		n, _ := strconv.Atoi(strings.TrimSuffix(c.Until("\r\n"), "\r\n"))
		for range n {
			c.Until("\r\n")
			got[strings.TrimSuffix(c.Until("\r\n"), "\r\n")] = true
		}
		if cursor == "0" {
			break
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d of %d keys", len(got), len(want))
	}
	c.Send(req("SCAN", "x") + req("PING"))
	c.Expect("-ERR invalid cursor\r\n+PONG\r\n")
}

func TestFannedOutCommands(t *testing.T) {
	h, s := sharded(t, shards(t, 3))
	s.keys = map[string]map[string]string{"s2": {"only": "1"}}
	c := h.client()
	c.Send(req("RANDOMKEY") + req("PUBLISH", "c", "m") + req("FLUSHALL") + req("DBSIZE") + req("RANDOMKEY"))
	c.Expect("$4\r\nonly\r\n:3\r\n+OK\r\n:0\r\n$-1\r\n")
	h, _ = sharded(t, clusterOf(shards(t, 3)))
	c = h.client()
	var asked sync.Map
	say := h.say
	h.say = func(endpoint string, args []string) string {
		asked.Store(endpoint, true)
		return say(endpoint, args)
	}
	for range 20 {
		c.Send(req("PUBLISH", "c", "m"))
		c.Expect(":1\r\n") // its nodes tell each other
	}
	n := 0
	asked.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		t.Errorf("a channel's messages went by %d nodes, which give them on in no order", n)
	}
}

// A configured operation and a command too large to be copied have an exchange of
// their own, and keep their place among the others.
func TestCommandsThatStandAlone(t *testing.T) {
	h := newHarness(t)
	h.target.Alone = make([]bool, len(commands)+1)
	h.target.Alone[Lookup([]byte("incr"), nil).Index()] = true
	big := strings.Repeat("v", maxShared+1)
	c := h.client()
	c.Send(req("GET", "a") + req("INCR", "n") + req("GET", "b") + req("GET", "c"))
	c.Expect("$5\r\nGET a\r\n$6\r\nINCR n\r\n$5\r\nGET b\r\n$5\r\nGET c\r\n")
	var sizes []int
	for _, e := range h.heard() {
		sizes = append(sizes, e.n)
	}
	if !slices.Equal(sizes, []int{1, 1, 2}) {
		t.Errorf("exchanges of %v", sizes)
	}
	c.Send(req("SET", "k", big) + req("GET", "d"))
	c.Expect(string(AppendBulk(nil, "SET k "+big)) + "$5\r\nGET d\r\n")
	calls := h.heard()
	for _, e := range calls[3:] {
		if e.alone != (len(e.commands) == 0) {
			t.Errorf("alone: %+v", e)
		}
	}
}

// nodes is a cluster whose slots are moving: it answers by what endpoint is
// asked.
type nodes struct {
	store
	t     *testing.T
	asked map[string]bool // ASKING came before, by endpoint
	rule  func(endpoint string, asked bool, args []string) string
}

func (n *nodes) say(endpoint string, args []string) string {
	n.mu.Lock()
	if n.asked == nil {
		n.asked = map[string]bool{}
	}
	asked := n.asked[endpoint]
	n.asked[endpoint] = args[0] == "ASKING"
	n.mu.Unlock()
	if args[0] == "ASKING" {
		return "+OK\r\n"
	}
	if r := n.rule(endpoint, asked, args); r != "" {
		return r
	}
	return n.store.say("all", args)
}

func TestRedirectsAreFollowedInside(t *testing.T) {
	slot := Slot([]byte("moved"))
	for _, extra := range []string{"", req("PING")} { // as it came, and in lanes
		h := newHarness(t)
		m := clusterOf(shards(t, 2))
		h.target.Keys = NewKeyspace(KeyspaceParams{Map: m})
		n := &nodes{t: t}
		loads := 0
		n.rule = func(endpoint string, asked bool, args []string) string {
			switch {
			case args[1] == "moved" && endpoint != "new:1":
				return fmt.Sprintf("-MOVED %d new:1\r\n", slot)
			case args[1] == "asked" && endpoint != "other:1":
				return fmt.Sprintf("-ASK %d other:1\r\n", Slot([]byte("asked")))
			case args[1] == "asked" && !asked:
				return fmt.Sprintf("-MOVED %d %s\r\n", Slot([]byte("asked")), m.Shards[m.ShardOf([]byte("asked"))].Master)
			case args[1] == "loading":
				if loads++; loads < 3 {
					return "-LOADING Redis is loading the dataset in memory\r\n"
				}
			case args[1] == "script":
				return "-READONLY said by a script\r\n"
			}
			return ""
		}
		h.say = n.say
		c := h.client()
		c.Send(req("SET", "moved", "1") + req("SET", "asked", "2") + req("GET", "moved") + req("GET", "asked") + req("GET", "loading"))
		c.Expect("+OK\r\n+OK\r\n$1\r\n1\r\n$1\r\n2\r\n$-1\r\n")
		c.Send(req("GET", "moved") + extra + req("EVAL", "script", "0"))
		want := "$1\r\n1\r\n"
		if extra != "" {
			want += "+PONG\r\n"
		}
		c.Expect(want + "-READONLY said by a script\r\n")
		if got := h.target.Keys.Map(); got.Shards[got.ShardOf([]byte("moved"))].Master != "new:1" {
			t.Error("the map was not told")
		}
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	h := newHarness(t)
	h.target.Keys = NewKeyspace(KeyspaceParams{Map: clusterOf(shards(t, 2))})
	h.say = func(endpoint string, args []string) string {
		if args[0] == "ASKING" {
			return "+OK\r\n"
		}
		return "-ASK 1 b:1\r\n"
	}
	c := h.client()
	c.Send(req("GET", "a"))
	c.Expect("-ASK 1 b:1\r\n")
	if n := len(h.heard()); n != maxHops+1 {
		t.Errorf("%d exchanges", n)
	}
}

// What reached no server is done again once the keys are elsewhere.
func TestWhatReachedNobodyIsDoneElsewhere(t *testing.T) {
	h, _ := sharded(t, clusterOf(shards(t, 2)))
	h.target.Keys.p.Look = func() {}
	at := h.target.Keys.Map().ShardOf([]byte("a"))
	dead := h.target.Keys.Map().Shards[at].Master
	tries := 0
	h.fail = func(x *sidecar.Exchange) error {
		if x.Endpoint != dead {
			return nil
		}
		if tries++; tries == 2 {
			h.target.Keys.Moved(Slot([]byte("a")), "replica:1", false)
		}
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
	}
	c := h.client()
	c.Send(req("SET", "a", "1"))
	c.Expect("+OK\r\n")
	c.Send(req("GET", "a") + req("PING"))
	c.Expect("$1\r\n1\r\n+PONG\r\n")
}

// A client whose time is over is told what was in the way, not that it is over.
func TestWhatIsGivenUpIsToldWithItsCause(t *testing.T) {
	h, _ := sharded(t, clusterOf(shards(t, 2)))
	h.target.Keys.p.Look = func() {}
	tries := 0
	h.fail = func(*sidecar.Exchange) error {
		if tries++; tries < 3 {
			return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
		}
		return sidecar.DeadlineCause.Fault(sidecar.StageDial)
	}
	c := h.client()
	c.Send(req("GET", "a"))
	c.Expect("-ERR sidecar: connect_refused")
}

// Where routes go by keys, a command may be for several upstreams.
func TestCommandsAreSplitOverUpstreams(t *testing.T) {
	h, s := newHarness(t), new(store)
	h.say = s.say
	other := &Target{Name: "other", Keys: NewKeyspace(KeyspaceParams{Map: clusterOf(shards(t, 3))})}
	h.target.Keys = NewKeyspace(KeyspaceParams{Map: One(Shard{Master: "alone"})})
	h.set(func(set *Settings) {
		set.Route = func(_ *Row, key, _ []byte) *Target {
			switch {
			case strings.HasPrefix(string(key), "o:"):
				return other
			case strings.HasPrefix(string(key), "no:"):
				return nil
			}
			return h.target
		}
	})
	c := h.client()
	c.Send(req("MSET", "a", "1", "o:b", "2", "c", "3", "o:d", "4"))
	c.Expect("+OK\r\n")
	c.Send(req("MGET", "o:d", "c", "o:b", "a") + req("EXISTS", "a", "o:b", "x") + req("GET", "o:d") + req("RENAME", "a", "o:a") + req("MGET", "a", "no:b"))
	c.Expect("*4\r\n$1\r\n4\r\n$1\r\n3\r\n$1\r\n2\r\n$1\r\n1\r\n:2\r\n$1\r\n4\r\n" + crossSlot + crossSlot)
	if len(s.keys["alone"]) != 2 {
		t.Errorf("keys: %v", s.keys)
	}
}

// Two routes to one upstream are one way: what comes behind in a pipeline does not
// overtake.
func TestRoutesToOneUpstreamKeepTheOrder(t *testing.T) {
	h, s := sharded(t, nil)
	gets := *h.target
	slow := make(chan struct{})
	h.say = func(endpoint string, args []string) string {
		if args[0] == "SET" {
			<-slow
		}
		return s.say(endpoint, args)
	}
	h.set(func(set *Settings) {
		set.Route = func(row *Row, _, _ []byte) *Target {
			if row.Name == "get" {
				return &gets
			}
			return h.target
		}
	})
	c := h.client()
	c.Send(req("SET", "a", "1") + req("SET", "b", "2") + req("GET", "a") + req("GET", "b") + req("SET", "a", "3"))
	close(slow)
	c.Expect("+OK\r\n+OK\r\n$1\r\n1\r\n$1\r\n2\r\n+OK\r\n")
	for _, e := range h.heard() {
		for i := range e.commands[1:] {
			if strings.HasPrefix(e.commands[0], "GET") != strings.HasPrefix(e.commands[1+i], "GET") {
				t.Errorf("over one way: %q", e.commands)
			}
		}
	}
}
