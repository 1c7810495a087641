package daemon

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"sidecar/upstream"
	"sidecar/upstream/pool"
)

func TestEndpointsAreToldInMilliseconds(t *testing.T) {
	text, err := json.Marshal(rows([]upstream.Row{{
		Address: "a:1", State: "open", Age: time.Minute, P50: 1500 * time.Microsecond, P99: time.Second,
		Pool:    pool.Stats{Size: 3, ServerIdle: int64(2 * time.Second)},
		Breaker: upstream.Gate{State: "ejected", Since: time.Second, Until: 250 * time.Millisecond, Ejections: 2},
	}}))
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	r := got[0]
	p, b := r["pool"].(map[string]any), r["breaker"].(map[string]any)
	for name, pair := range map[string][2]any{
		"address": {r["address"], "a:1"}, "age_ms": {r["age_ms"], 60000.0}, "p50_ms": {r["p50_ms"], 1.5}, "p99_ms": {r["p99_ms"], 1000.0},
		"pool.size": {p["size"], 3.0}, "pool.server_idle_ms": {p["server_idle_ms"], 2000.0},
		"breaker.state": {b["state"], "ejected"}, "breaker.ejections": {b["ejections"], 2.0},
		"breaker.since_ms": {b["since_ms"], 1000.0}, "breaker.until_ms": {b["until_ms"], 250.0},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
	if strings.Contains(string(text), "_ns\"") {
		t.Errorf("two units on one page: %s", text)
	}
}
