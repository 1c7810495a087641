package kafka

import (
	"fmt"
	"testing"
	"time"
)

var noon = time.Unix(1e9, 0)

func TestNodesHavePortsByTheirIds(t *testing.T) {
	table := newPortTable(9100, 9109, []int{9104})
	for _, c := range []struct {
		node int32
		port int
	}{{1, 9101}, {2, 9102}, {1001, 9103}, {3, 9105}, {4, 9106}, {1, 9101}, {0, 9100}, {9, 9109}, {1009, 9107}, {19, 9108}} {
		if port, ok := table.assign(c.node, noon); !ok || port != c.port {
			t.Errorf("node %d: port %d, %v; want %d", c.node, port, ok, c.port)
		}
	}
	if port, ok := table.assign(7, noon); ok {
		t.Errorf("node 7: port %d of a range that is used up", port)
	}
}

func TestPortOfANodeIsNobodyElsesWhileItIsKnown(t *testing.T) {
	table := newPortTable(9100, 9101, nil)
	table.assign(0, noon)
	table.assign(1, noon)
	table.present([]int32{0}, noon)
	// It is gone, but clients know it still.
	if port, ok := table.assign(2, noon.Add(forgetAfter-1)); ok {
		t.Errorf("node 2 has %d", port)
	}
	// It comes back, and has what it had.
	table.present([]int32{0, 1}, noon.Add(time.Minute))
	if port, ok := table.assign(1, noon); !ok || port != 9101 {
		t.Errorf("node 1 has %d", port)
	}
	if port, ok := table.assign(2, noon.Add(10*forgetAfter)); ok {
		t.Errorf("node 2 has %d", port)
	}
	// Of two that are gone for long the one that has been for longest.
	table.present([]int32{0}, noon.Add(time.Minute))
	table.present(nil, noon.Add(2*time.Minute))
	if port, ok := table.assign(2, noon.Add(time.Minute+2*forgetAfter)); !ok || port != 9101 {
		t.Errorf("node 2 has %d, %v", port, ok)
	}
	if _, there := table.byNode[1]; there {
		t.Error("node 1 has the port, too")
	}
	if table.byPort[9101] != 2 {
		t.Errorf("9101 is node %d's", table.byPort[9101])
	}
}

func TestTableOfPortsIsReadAsItWasWritten(t *testing.T) {
	table := newPortTable(9100, 9199, nil)
	for _, node := range []int32{5, 1001, 105, 0} {
		table.assign(node, noon)
	}
	data, err := table.encode()
	if err != nil {
		t.Fatal(err)
	}
	again := newPortTable(9100, 9199, nil)
	if err := again.restore(data, noon); err != nil {
		t.Fatal(err)
	}
	for node, e := range table.byNode {
		if port, _ := again.assign(node, noon); port != e.port {
			t.Errorf("node %d: port %d, want %d", node, port, e.port)
		}
	}
	// Of another range only what is in it, and not what somebody else has.
	other := newPortTable(9101, 9150, []int{9105})
	if err := other.restore(data, noon); err != nil || len(other.byNode) != 2 {
		t.Errorf("got %v, %v", other.byNode, err)
	}
}

func TestTableThatCannotBeIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":      "",
		"cut off":      `{"format":"sidecar kafka ports","version":1,"nodes":{"1":91`,
		"another file": `{"format":"sidecar discovery","version":1}`,
		"to come":      `{"format":"sidecar kafka ports","version":2,"nodes":{"1":9101}}`,
		"port of two":  `{"format":"sidecar kafka ports","version":1,"nodes":{"1":9101,"2":9101}}`,
		"no node":      `{"format":"sidecar kafka ports","version":1,"nodes":{"-1":9101}}`,
		"no port":      `{"format":"sidecar kafka ports","version":1,"nodes":{"1":0}}`,
		"no number":    `{"format":"sidecar kafka ports","version":1,"nodes":{"x":9101}}`,
	} {
		t.Run(name, func(t *testing.T) {
			table := newPortTable(9100, 9199, nil)
			if err := table.restore([]byte(text), noon); err == nil || len(table.byNode) != 0 {
				t.Errorf("got %v, %v", table.byNode, err)
			}
		})
	}
}

func FuzzPortsFile(f *testing.F) {
	f.Add([]byte(`{"format":"sidecar kafka ports","version":1,"nodes":{"1":9101,"1001":9102}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		table := newPortTable(9100, 9110, []int{9105})
		if table.restore(data, noon) != nil && len(table.byNode) != 0 {
			t.Error("half a table was taken")
		}
		for i := range int32(20) {
			table.assign(i, noon)
		}
		for node, e := range table.byNode {
			if node < 0 || e.port < 9100 || e.port > 9110 || e.port == 9105 || table.byPort[e.port] != node {
				t.Errorf("node %d has %d, which is node %d's", node, e.port, table.byPort[e.port])
			}
		}
		if len(table.byNode) != len(table.byPort) {
			t.Error(fmt.Sprint(table.byNode, table.byPort))
		}
	})
}
