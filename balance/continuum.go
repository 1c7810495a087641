package balance

import (
	"cmp"
	"slices"
)

// KetamaServer is a server as it stands on the circle of ketama: its points
// come from its name, which KetamaName makes of an address, and their number
// from its share of all weights.
type KetamaServer struct {
	Name   string
	Weight float64
}

// KetamaPoint is a place on the circle and whose it is: keys whose hash is at
// most Value, and above the point before, belong to the server of that index.
type KetamaPoint struct {
	Value  uint32
	Server int32
}

// KetamaPoints are the points of twemproxy for these servers, in order. They are
// its own for any hash of keys. Unlike a picker's circle they leave a server
// without points, and so without keys, whose share is too small for four: else
// some keys of the others would be looked for where they are not.
func KetamaPoints(servers []KetamaServer) []KetamaPoint {
	weights := make([]float64, len(servers))
	for i, s := range servers {
		weights[i] = s.Weight
	}
	var all []point
	for i, count := range exactCounts(weights) {
		for hash := range count {
			all = appendPoints(all, servers[i].Name, int32(i), int32(hash))
		}
	}
	slices.SortFunc(all, func(p, q point) int {
		return cmp.Or(cmp.Compare(p.value, q.value), cmp.Compare(servers[p.owner].Name, servers[q.owner].Name))
	})
	out := make([]KetamaPoint, len(all))
	for i, p := range all {
		out[i] = KetamaPoint{p.value, p.owner}
	}
	return out
}
