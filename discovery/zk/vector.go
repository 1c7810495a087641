package zk

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"sidecar/discovery"
)

const (
	// vectorPrefix begins the names of the nodes that hold Finagle's weight
	// vectors, beside the members.
	vectorPrefix = "vector_"
	// maxVector is the largest data of a vector in bytes: ZooKeeper's own
	// bound.
	maxVector = 1 << 20
	// maxDescriptors bounds what one vector says.
	maxDescriptors = 20000
)

// Vector is what one vector node says: factors for the weights of members,
// selected by address, by the name of their node or by shard. Factors of one
// selector are multiplied, as Finagle does. Its priorities are not read, and
// Finagle does not use them either.
type Vector struct {
	inet, member, shard map[string]float64
}

// DecodeVector reads the data of a vector node. A selector or weight that it
// does not know is left out, and only that.
func DecodeVector(data []byte) (Vector, error) {
	v := Vector{map[string]float64{}, map[string]float64{}, map[string]float64{}}
	if len(data) > maxVector {
		return v, fmt.Errorf("%d bytes of data: expected at most %d", len(data), maxVector)
	}
	var w struct {
		Vector []struct {
			Select string          `json:"select"`
			Weight json.RawMessage `json:"weight"`
		} `json:"vector"`
	}
	if err := json.Unmarshal(data, &w); err != nil {
		return v, fmt.Errorf("not the JSON of a weight vector: %w", err)
	}
	if len(w.Vector) > maxDescriptors {
		return v, fmt.Errorf("%d descriptors: expected at most %d", len(w.Vector), maxDescriptors)
	}
	for _, d := range w.Vector {
		weight := 1.0
		if text := plain(d.Weight); text != "" {
			f, err := strconv.ParseFloat(text, 64)
			if err != nil || math.IsNaN(f) || f < 0 || f > maxWeight {
				continue
			}
			weight = f
		}
		v.add(d.Select, weight)
	}
	return v, nil
}

func (v *Vector) add(selector string, weight float64) {
	kind, arg, _ := strings.Cut(selector, "=")
	into := v.member
	switch kind {
	case "inet":
		address, err := discovery.ParseAddress(arg)
		if err != nil {
			return
		}
		into, arg = v.inet, address
	case "member":
	case "shard":
		n, err := strconv.ParseInt(arg, 10, 32)
		if err != nil {
			return
		}
		into, arg = v.shard, strconv.FormatInt(n, 10)
	default:
		return
	}
	if old, twice := into[arg]; twice {
		weight *= old
	}
	into[arg] = weight
}

// factor is what the vector makes of the weight of a member.
func (v *Vector) factor(address, member, shard string) float64 {
	f := 1.0
	for _, m := range []struct {
		in  map[string]float64
		key string
	}{{v.inet, address}, {v.member, member}, {v.shard, shard}} {
		if w, ok := m.in[m.key]; ok {
			f *= w
		}
	}
	return f
}
