package resp

import (
	"fmt"
	"slices"
)

// Hashing is how twemproxy makes a number of a key.
type Hashing struct {
	Hash KeyHash
	// Open and End enclose the part of a key that is hashed; 0 is all of it.
	Open, End byte
}

// sum is the key's number; that of an empty key is 0.
func (h Hashing) sum(key []byte) uint32 {
	if h.Open != 0 {
		key = HashTag(key, h.Open, h.End)
	}
	if len(key) == 0 {
		return 0
	}
	return h.Hash.Sum(key)
}

// Point is a place on a circle: numbers up to Value, and above the point before,
// are of the shard of that index.
type Point struct {
	Value uint32
	Shard int32
}

// circle finds a key's shard as twemproxy does: on a circle of points or, without
// values, by the remainder.
type circle struct {
	hashing Hashing
	values  []uint32 // in order; nil is the remainder
	owners  []int32
}

// server is a key's shard. Hot.
func (c *circle) server(key []byte) int {
	if len(c.owners) == 1 {
		return int(c.owners[0])
	}
	sum := c.hashing.sum(key)
	if c.values == nil {
		return int(c.owners[uint64(sum)%uint64(len(c.owners))])
	}
	i, _ := slices.BinarySearch(c.values, sum)
	if i == len(c.values) {
		i = 0
	}
	return int(c.owners[i])
}

// maxParts bounds a circle: 160 places for each of 6,500 servers.
const maxParts = 1 << 20

// NewCircleMap is the map of servers on a circle (twemproxy's "distribution:
// ketama"), whose points stand in order. The error is what cannot be.
func NewCircleMap(shards []Shard, h Hashing, points []Point) (*Map, error) {
	if len(points) == 0 || len(points) > maxParts {
		return nil, fmt.Errorf("%d points: expected 1 to %d", len(points), maxParts)
	}
	c := &circle{hashing: h, values: make([]uint32, len(points)), owners: make([]int32, len(points))}
	for i, p := range points {
		if int(p.Shard) >= len(shards) || p.Shard < 0 || i > 0 && p.Value < points[i-1].Value {
			return nil, fmt.Errorf("point %d: expected points in order and one of %d shards", i, len(shards))
		}
		c.values[i], c.owners[i] = p.Value, p.Shard
	}
	return mapOf(shards, c), nil
}

// NewModulaMap is the map of servers that have keys by the remainder of their
// number (twemproxy's "distribution: modula"): each shard in its place as often
// as its weight says.
func NewModulaMap(shards []Shard, h Hashing, weights []int) (*Map, error) {
	if len(shards) == 0 || len(weights) != len(shards) {
		return nil, fmt.Errorf("%d weights of %d shards: expected one each", len(weights), len(shards))
	}
	c := &circle{hashing: h}
	for i, w := range weights {
		if w < 1 || w > maxParts-len(c.owners) {
			return nil, fmt.Errorf("a weight of %d: expected at least 1, and at most %d in all", w, maxParts)
		}
		for range w {
			c.owners = append(c.owners, int32(i))
		}
	}
	return mapOf(shards, c), nil
}

// mapOf is the map of shards on c. With one of them no key is hashed.
func mapOf(shards []Shard, c *circle) *Map {
	if len(shards) == 1 {
		return &Map{Shards: shards}
	}
	return &Map{Shards: shards, circle: c}
}

// NewSlotMap is the map of servers that know nothing of each other and share
// Redis Cluster's slots by the ranges.
func NewSlotMap(shards []Shard, ranges []SlotRange) (*Map, error) {
	return newSlotMap(shards, ranges)
}
