package balance

import (
	"cmp"
	"crypto/md5" // what ketama is made of; nothing here is secret
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"
)

// ketama lays the circle of libketama as twemproxy has it ("distribution:
// ketama" with "hash: md5"), so that a key goes to the same server as there,
// also for whole weights:
//
//   - 160 points for a server of average weight, in fours: the four 32-bit
//     little-endian words of md5("NAME-I") for I from 0; their number is
//     computed in float32, with its rounding: of 49 servers each has 156, and
//     a 50th moves some keys between the others too.
//   - NAME is "host:port"; only "host" where the port is 11211, memcached's.
//   - a key is the first such word of its md5 and belongs to the first point at
//     or after it.
//
// Of points of two servers on the same place twemproxy takes either; here it is
// the one whose name is the less, in every process.
type ketama struct {
	points []point // as last laid, in order
	names  []string
	counts map[string]int // of hashes, by name
}

// point is a place on the circle.
type point struct {
	value uint32
	owner int32 // index of the name
	hash  int32 // which of the owner's hashes it comes from
}

const (
	pointsPerServer = 160
	pointsPerHash   = 4
	// maxPoints bounds the circle, at 20 bytes a point. Beyond some 6,500
	// servers each has fewer points, unlike twemproxy's.
	maxPoints = 1 << 20
	// memcachedPort is left out of names, as libmemcached does.
	memcachedPort = ":11211"
)

// lay builds on the points there are: those of servers that stay are neither
// hashed nor sorted again.
func (k *ketama) lay(names []string, weights []float64) places {
	counts := hashCounts(names, weights)
	kept := k.kept(names, counts)
	var fresh []point
	for i, name := range names {
		for hash := k.counts[name]; hash < counts[name]; hash++ {
			fresh = appendPoints(fresh, KetamaName(name), int32(i), int32(hash))
		}
	}
	slices.SortFunc(fresh, point.compare)
	k.points, k.names, k.counts = merge(kept, fresh), names, counts
	p := places{owner: make([]int32, len(k.points)), value: make([]uint32, len(k.points))}
	for i, at := range k.points {
		p.owner[i], p.value[i] = at.owner, at.value
	}
	return p
}

// kept are the points that stay, with the indexes of their names among the new
// ones.
func (k *ketama) kept(names []string, counts map[string]int) []point {
	index := make(map[string]int32, len(names))
	for i, name := range names {
		index[name] = int32(i)
	}
	owners, hashes := make([]int32, len(k.names)), make([]int32, len(k.names))
	for i, name := range k.names {
		owners[i], hashes[i] = index[name], int32(counts[name]) // no hashes if it is gone
	}
	kept := make([]point, 0, len(k.points))
	for _, p := range k.points {
		if p.hash < hashes[p.owner] {
			p.owner = owners[p.owner]
			kept = append(kept, p)
		}
	}
	return kept
}

// compare orders points; names are in order, so their indexes are.
func (p point) compare(q point) int {
	switch {
	case p.value != q.value:
		return cmp.Compare(p.value, q.value)
	case p.owner != q.owner:
		return cmp.Compare(p.owner, q.owner)
	}
	return cmp.Compare(p.hash, q.hash)
}

func merge(a, b []point) []point {
	all := make([]point, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].compare(b[0]) <= 0 {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// hashCounts is how many hashes each name has.
func hashCounts(names []string, weights []float64) map[string]int {
	counts := make(map[string]int, len(names))
	for i, count := range exactCounts(weights) {
		// One at least: a server without a point would get no key at all.
		counts[names[i]] = max(1, count)
	}
	return counts
}

// exactCounts is how many hashes twemproxy gives to servers of these weights, 0
// to those whose share is very small.
func exactCounts(weights []float64) []int {
	counts, total := make([]int, len(weights)), 0.0
	for _, w := range weights {
		total += w
	}
	n, most := float32(len(weights)), maxPoints/pointsPerHash
	each := float32(min(pointsPerServer/pointsPerHash, max(1, most/max(1, len(weights)))))
	for i, w := range weights {
		part := float32(w) / float32(total)
		exact := float32(float64(part*(each*pointsPerHash)/pointsPerHash*n) + 1e-10)
		counts[i] = int(math.Floor(float64(exact)))
	}
	return counts
}

// KetamaName is how twemproxy calls a server on its circle that has no name of
// its own.
func KetamaName(address string) string { return strings.TrimSuffix(address, memcachedPort) }

// appendPoints appends the four points of a hash of a server.
func appendPoints(dst []point, name string, owner, hash int32) []point {
	text := append([]byte(name), '-')
	sum := md5.Sum(strconv.AppendInt(text, int64(hash), 10))
	for i := range pointsPerHash {
		dst = append(dst, point{binary.LittleEndian.Uint32(sum[4*i:]), owner, hash})
	}
	return dst
}

// ketamaKey is the place of a key. Hot.
func ketamaKey(key []byte) uint32 {
	sum := md5.Sum(key)
	return binary.LittleEndian.Uint32(sum[:])
}
