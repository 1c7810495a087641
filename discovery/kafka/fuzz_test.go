package kafka

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/discovery"
)

// What brokers say reaches endpoints, names of metrics and the log.
func FuzzNode(f *testing.F) {
	f.Add(int32(1), "b1.example", int32(9092))
	f.Add(int32(-1), "", int32(-1))
	f.Add(int32(0), "::1", int32(1))
	f.Add(int32(0), "[::1]", int32(65535))
	f.Fuzz(func(t *testing.T, id int32, host string, port int32) {
		n, err := node(id, host, port)
		if err != nil {
			return
		}
		if n.ID < 0 || n.Host != host || n.Port != port {
			t.Errorf("got %+v", n)
		}
		if again, err := discovery.ParseAddress(n.Address); err != nil || again != n.Address {
			t.Errorf("%q: %q, %v", n.Address, again, err)
		}
	})
}

func FuzzAnswer(f *testing.F) {
	m := kmsg.NewPtrMetadataResponse()
	m.SetVersion(12)
	m.Brokers = []kmsg.MetadataResponseBroker{{NodeID: 1, Host: "b1", Port: 9092}, {NodeID: 1, Host: "b2", Port: 9092}, {NodeID: 2, Host: "b1", Port: 9092}}
	f.Add(int16(12), m.AppendTo(nil))
	f.Fuzz(func(t *testing.T, version int16, data []byte) {
		m := kmsg.NewPtrMetadataResponse()
		m.SetVersion(max(0, min(version, m.MaxVersion())))
		if m.ReadFrom(data) != nil {
			return
		}
		a, err := read(m, func(Node) error { return nil })
		if (err == nil) != (len(a.nodes) > 0) {
			t.Fatalf("%d nodes, %v", len(a.nodes), err)
		}
		table, now := newTable(), time.Unix(1, 0)
		table.take(a, true, now)
		nodes := table.snapshot()
		addresses := map[string]bool{}
		for _, e := range table.endpoints(nodes, true) {
			if addresses[e.Address] {
				t.Errorf("%s twice", e.Address)
			}
			addresses[e.Address] = true
		}
		for _, n := range nodes.All() {
			if !addresses[n.Address] || nodes.Address(n.ID) != n.Address {
				t.Errorf("node %d at %s is not given out", n.ID, n.Address)
			}
		}
	})
}
