package resp

import (
	"fmt"
	"slices"
	"testing"

	root "sidecar"
)

// loads is what endpoints have to do; one that is missing is Closed.
type loads map[string]int64

func (l loads) of(address string) (int64, root.Status) {
	n, ok := l[address]
	if !ok {
		return 0, root.Closed
	}
	return n, root.Open
}

func TestReadsGoWhereThePolicySays(t *testing.T) {
	for _, c := range []struct {
		name     string
		read     ReadPolicy
		shard    Shard
		loads    loads
		readOnly bool
		want     string // of the answers, in order
	}{
		{"a write", ReadReplica, Shard{"m", []string{"a"}}, loads{"m": 0, "a": 0}, false, "m"},
		{"master", ReadMaster, Shard{"m", []string{"a"}}, loads{"m": 9, "a": 0}, true, "m"},
		{"replica with less to do", ReadReplica, Shard{"m", []string{"a", "b"}}, loads{"m": 0, "a": 2, "b": 1}, true, "b"},
		{"equal replicas", ReadReplica, Shard{"m", []string{"a", "b"}}, loads{"m": 0, "a": 1, "b": 1}, true, "a b"},
		{"no replica", ReadReplica, Shard{"m", nil}, loads{"m": 0}, true, NoReplica},
		{"replicas out of order", ReadReplica, Shard{"m", []string{"a"}}, loads{"m": 0}, true, "a"},
		{"preferred, none", ReadPreferReplica, Shard{"m", nil}, loads{"m": 0}, true, "m"},
		{"preferred, out of order", ReadPreferReplica, Shard{"m", []string{"a"}}, loads{"m": 0}, true, "m"},
		{"preferred", ReadPreferReplica, Shard{"m", []string{"a"}}, loads{"m": 0, "a": 5}, true, "a"},
		{"any, master idle", ReadAny, Shard{"m", []string{"a"}}, loads{"m": 0, "a": 5}, true, "m"},
		{"any, alike", ReadAny, Shard{"m", []string{"a", "b"}}, loads{"m": 0, "a": 0, "b": 0}, true, "a b m"},
		{"any, one server", ReadAny, Shard{"m", nil}, loads{}, true, "m"},
		{"any endpoint", ReadAny, Shard{}, loads{}, true, ""},
		{"no master, preferred", ReadPreferReplica, Shard{"", []string{"a"}}, loads{"a": 0}, true, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := NewKeyspace(KeyspaceParams{Map: One(c.shard), Read: c.read, Load: c.loads.of})
			got := map[string]bool{}
			for range 200 {
				got[k.Endpoint(k.Map(), 0, c.readOnly)] = true
			}
			var all []string
			for a := range got {
				all = append(all, a)
			}
			slices.Sort(all)
			if text := fmt.Sprint(all); text != "["+c.want+"]" {
				t.Errorf("%s, want [%s]", text, c.want)
			}
		})
	}
}

func TestPoliciesHaveNames(t *testing.T) {
	for _, name := range []string{"master", "prefer_replica", "replica", "any"} {
		if r, ok := ReadPolicyNamed(name); !ok || r.String() != name {
			t.Error(name)
		}
	}
	if _, ok := ReadPolicyNamed("slave"); ok {
		t.Error("another name is taken")
	}
}

// three is a cluster of three masters with a replica each.
func three(t testing.TB) *Map {
	m, err := NewClusterMap([]Shard{{"a:1", []string{"a:2"}}, {"b:1", []string{"b:2"}}, {"c:1", []string{"c:2"}}},
		[]SlotRange{{0, 5460, 0}, {5461, 10922, 1}, {10923, Slots - 1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestARedirectMovesASlot(t *testing.T) {
	var met []string
	looked := 0
	k := NewKeyspace(KeyspaceParams{Map: three(t), Meet: func(a string) { met = append(met, a) }, Look: func() { looked++ }})
	key := []byte("foo") // slot 12182
	at := func() string { m := k.Map(); return k.Endpoint(m, m.ShardOf(key), false) }
	if at() != "c:1" {
		t.Fatal(at())
	}
	before := k.Map()
	k.Moved(12182, "b:1", true)
	if at() != "c:1" || k.Map() != before || looked != 0 {
		t.Error("ASK moves a slot")
	}
	k.Moved(12182, "b:1", false)
	if at() != "b:1" || len(k.Map().Shards) != 3 || before.ShardOf(key) != 2 {
		t.Error("a known master:", at())
	}
	k.Moved(12182, "d:1", false)
	if at() != "d:1" || len(k.Map().Shards) != 4 {
		t.Error("a new master:", at())
	}
	k.Moved(12182, "c:1", false)
	k.Moved(12182, "c:2", false) // a replica has become master
	if s := k.Map().Shards[2]; at() != "c:2" || s.Master != "c:2" || len(s.Replicas) != 0 || k.Map().ShardOf([]byte("other")) < 0 {
		t.Error("a replica:", at(), s)
	}
	if fmt.Sprint(met) != "[b:1 b:1 d:1 c:1 c:2]" || looked != 4 {
		t.Errorf("told of %v, looked %d times", met, looked)
	}
}

func TestRedirectsOutsideOfAClusterChangeNothing(t *testing.T) {
	for _, m := range []*Map{One(Shard{Master: "a:1"}), AwaitedMap()} {
		k := NewKeyspace(KeyspaceParams{Map: m})
		k.Moved(1, "b:1", false)
		k.Moved(-1, "b:1", false)
		if k.Map() != m {
			t.Error("the map has changed")
		}
	}
	k := NewKeyspace(KeyspaceParams{Map: three(t)})
	k.Moved(Slots, "b:1", false)
	if len(k.Map().Shards) != 3 {
		t.Error("a slot that is none")
	}
}

func TestSlotsThatNobodyHasGoToSomeShard(t *testing.T) {
	m, err := NewClusterMap([]Shard{{Master: "a:1"}, {Master: "b:1"}}, []SlotRange{{0, 10, 1}})
	if err != nil || m.slots[5] != 1 || m.slots[16000] > 1 || !m.Redirects() {
		t.Error(err, m)
	}
	for _, bad := range []SlotRange{{-1, 3, 0}, {5, 4, 0}, {0, Slots, 0}, {0, 1, 2}, {0, 1, -1}} {
		if _, err := NewClusterMap(make([]Shard, 2), []SlotRange{bad}); err == nil {
			t.Error(bad)
		}
	}
	if _, err := NewClusterMap(nil, nil); err == nil {
		t.Error("no shards")
	}
}

func TestRedirectsNameEndpoints(t *testing.T) {
	for _, c := range []struct{ text, from, want string }{
		{"MOVED 1 10.0.0.1:6379", "10.0.0.9:6379", "10.0.0.1:6379"},
		{"MOVED 1 :6380", "10.0.0.9:6379", "10.0.0.9:6380"},
		{"MOVED 1 ?:6380", "10.0.0.9:6379", "10.0.0.9:6380"},
		{"ASK 1 :6380", "", ""},
		{"MOVED 1 2001:DB8::1:6380", "x:1", "[2001:db8::1]:6380"},
		{"MOVED 1 [2001:0db8::1]:6380", "x:1", "[2001:db8::1]:6380"},
		{"MOVED 1 :6380", "[::1]:6379", "[::1]:6380"},
		{"MOVED 1 Node-3.Example:6380", "x:1", "node-3.example:6380"},
	} {
		r, ok := ParseRedirect([]byte(c.text))
		if got := r.Endpoint(c.from); !ok || got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.text, c.from, got, c.want)
		}
	}
}

func TestCirclesAreChecked(t *testing.T) {
	two := make([]Shard, 2)
	for _, points := range [][]Point{nil, {{1, 2}}, {{1, -1}}, {{2, 0}, {1, 1}}} {
		if _, err := NewCircleMap(two, Hashing{}, points); err == nil {
			t.Error(points)
		}
	}
	for _, weights := range [][]int{nil, {1}, {1, 0}, {1, maxParts}} {
		if _, err := NewModulaMap(two, Hashing{}, weights); err == nil {
			t.Error(weights)
		}
	}
	m, err := NewCircleMap(two, Hashing{Hash: CRC16}, []Point{{5, 1}, {1 << 31, 0}})
	if err != nil || m.ShardOf(nil) != 1 || m.Redirects() {
		t.Error("an empty key is not 0:", err)
	}
	if m, err = NewModulaMap(two, Hashing{MD5, '{', '}'}, []int{1, 2}); err != nil || m.ShardOf([]byte("a{b}")) != m.ShardOf([]byte("b")) {
		t.Error(err)
	}
}
