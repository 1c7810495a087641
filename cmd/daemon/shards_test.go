package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"sidecar/discovery"
	"sidecar/wire/resp"
)

// placement is what a pool of twemproxy did with keys: see the file.
type placement struct {
	name    string
	how     sharding
	servers []discovery.Known
	sum     string
	first   string // the numbers of the first keys' servers
}

func readPlacements(t *testing.T) []placement {
	text, err := os.ReadFile("testdata/twemproxy-servers.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []placement
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		switch {
		case f[0] == "#":
		case f[0] == "pool":
			all = append(all, readPool(t, f))
		case f[0] == "sha256":
			all[len(all)-1].sum = f[1]
		default:
			all[len(all)-1].first += f[0]
		}
	}
	return all
}

func readPool(t *testing.T, f []string) placement {
	hash, ok := resp.KeyHashNamed(f[2])
	open, end, err := parseHashTag(strings.Trim(f[3], "-"))
	if !ok || err != nil {
		t.Fatal(f, err)
	}
	p := placement{name: strings.Join(f[1:4], " "), how: sharding{f[1], resp.Hashing{Hash: hash, Open: open, End: end}}}
	for _, one := range strings.Split(f[4], ",") {
		part := strings.Split(one, ":")
		weight, _ := strconv.ParseFloat(part[2], 64)
		p.servers = append(p.servers, discovery.Known{Endpoint: discovery.Endpoint{Address: part[0] + ":" + part[1], Weight: weight, Name: part[3]}})
	}
	return p
}

// The file was written by asking twemproxy itself for 100,000 keys a pool.
func TestKeysGoWhereTwemproxySendsThem(t *testing.T) {
	forms := []string{"user:%d", "/path/%d/x", "%d", "session:{u%d}:data", "kéy %d"}
	pools := readPlacements(t)
	if len(pools) != 18 || len(pools[0].first) != 100_000 {
		t.Fatalf("%d pools", len(pools))
	}
	for _, p := range pools {
		m, err := p.how.shardsOf(p.servers)
		if err != nil {
			t.Fatal(err)
		}
		number := map[string]byte{}
		for i, s := range p.servers {
			number[s.Address] = '0' + byte(i)
		}
		got := make([]byte, 100_000)
		for i := range got {
			got[i] = number[m.Shards[m.ShardOf(fmt.Appendf(nil, forms[i%len(forms)], i))].Master]
		}
		wrong := 0
		for i := range p.first {
			if got[i] != p.first[i] {
				wrong++
			}
		}
		if sum := sha256.Sum256(got); hex.EncodeToString(sum[:]) != p.sum || wrong > 0 {
			t.Errorf("%s: of the first %d keys %d go elsewhere", p.name, len(p.first), wrong)
		}
	}
}

func TestSlotsAreSharedOutByWeight(t *testing.T) {
	known := func(name string, weight float64) discovery.Known {
		return discovery.Known{Endpoint: discovery.Endpoint{Address: name + ":1", Name: name, Weight: weight}}
	}
	m, err := sharding{distribution: distributionSlot}.shardsOf([]discovery.Known{known("c", 2), known("a", 1), known("b", 1)})
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for i := range 20_000 {
		count[m.Shards[m.ShardOf(fmt.Appendf(nil, "key %d", i))].Master]++
	}
	if a, c := count["a:1"], count["c:1"]; a < 4500 || a > 5500 || c < 9500 || c > 10500 {
		t.Error(count)
	}
	// "foo" has slot 12182, beyond half of them.
	if got := m.Shards[m.ShardOf([]byte("x{foo}"))].Master; got != "c:1" {
		t.Error(got)
	}
}

func TestNoServersAreNoShards(t *testing.T) {
	m, err := sharding{distribution: distributionKetama}.shardsOf(nil)
	if err != nil || len(m.Shards) != 1 {
		t.Error(err, m)
	}
}
