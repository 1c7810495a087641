package redis

import (
	"encoding/json"
	"strings"
	"testing"
)

// decoded is JSON as the library decodes answers: lists, strings, whole numbers.
func decoded(v any) any {
	switch v := v.(type) {
	case json.Number:
		n, _ := v.Int64()
		return n
	case []any:
		for i := range v {
			v[i] = decoded(v[i])
		}
		return v
	case string:
		return v
	}
	return nil
}

// Whatever servers answer, what is believed of it is in order.
func FuzzAnswers(f *testing.F) {
	f.Add(`[["slots",[0,5,7,9],"nodes",[["port",1,"endpoint","a","role","master","health","online"]]]]`)
	f.Add(`[[0,5,["a",1,"id"],["b",2,"id"]],[6,16383,["?",3,"id",["ip","c"]]]]`)
	f.Add(`[["ip","a","port","1","flags","slave","master-link-status","ok","config-epoch","3"]]`)
	f.Add(`["a","1"]`)
	f.Fuzz(func(t *testing.T, text string) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var v any
		if d.Decode(&v) != nil {
			return
		}
		answer := decoded(v)
		shards, slots := &view{from: "asked:1"}, &view{from: "asked:1"}
		if shards.parseShards(answer, true) == nil {
			inOrder(t, &shards.Topology)
		}
		if slots.parseSlots(answer) == nil {
			inOrder(t, &slots.Topology)
			if shards.slots() > 0 {
				next, _ := slots.keep(&shards.Topology)
				inOrder(t, next.inOrder(&shards.Topology))
			}
		}
		r := report{from: "asked:1"}
		if r.parseMaster(answer, answer) == nil && r.master == "" {
			t.Error("a master without an address")
		}
		r.parseReplicas(answer)
		r.parseSentinels(answer)
		elect([]report{r, r})
	})
}

func inOrder(t *testing.T, top *Topology) {
	t.Helper()
	last := -1
	for _, r := range top.Ranges {
		if r.First <= last || r.Last < r.First || r.Last >= Slots || r.Shard < 0 || r.Shard >= len(top.Shards) {
			t.Fatalf("%+v", top)
		}
		last = r.Last
	}
	for _, s := range top.Shards {
		if s.Master == "" {
			t.Fatalf("%+v", top)
		}
	}
}
