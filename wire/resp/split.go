package resp

import "slices"

// Splitter has one command over keys of several shards, written anew as a command
// for each shard that has some, and the way back: see Join. It reuses its
// memory.
type Splitter struct {
	row   *Row
	out   []byte
	parts []Part
	part  []int32 // of each key in the command's order
	order []int32 // the keys, part by part
	of    []int32 // by shard: 1 + its part, 0 without one; all 0 between two uses
}

// Part is the command of one shard.
type Part struct {
	Span      // of its bytes: see Splitter.Bytes
	Shard int // as the caller's function told it
	Keys  int
	at    int // in order while it is written, in its reply while that is read
}

// Parts are the parts, in the order of each one's first key.
func (s *Splitter) Parts() []Part { return s.parts }

// Bytes are a part's command.
func (s *Splitter) Bytes(p *Part) []byte { return p.Of(s.out) }

// Split cuts the command that has these arguments in b and whose row r has the
// treatment Split. shardOf says on which shard a key is, from 0 up to shards. With one part the
// command can as well be forwarded as it came. false if the arguments are wrong
// (an MSET without its last value): any server will say so.
func (s *Splitter) Split(r *Row, b []byte, args []Span, shards int, shardOf func(key []byte) int) bool {
	s.row, s.out, s.parts, s.part = r, s.out[:0], s.parts[:0], s.part[:0]
	step := r.Keys.Step
	if !r.Fits(len(args)) || (len(args)-1)%step != 0 {
		return false
	}
	s.of = slices.Grow(s.of[:0], shards)[:shards]
	for i := 1; i < len(args); i += step {
		shard := shardOf(args[i].Of(b))
		if s.of[shard] == 0 {
			s.parts = append(s.parts, Part{Shard: shard})
			s.of[shard] = int32(len(s.parts))
		}
		part := s.of[shard] - 1
		s.parts[part].Keys++
		s.part = append(s.part, part)
	}
	s.sort()
	for i := range s.parts {
		s.of[s.parts[i].Shard] = 0 // it is left as it was found: a cluster's has 16,384 places
		s.write(&s.parts[i], b, args, step)
	}
	return true
}

// Reset gives back the memory of a command that had many keys, so that it does
// not cost an idle connection for ever.
func (s *Splitter) Reset() {
	if cap(s.part) > keptArgs || cap(s.out) > MaxInline {
		*s = Splitter{of: s.of}
	}
}

// sort fills order: the keys of each part, in the command's order, so that of
// two values for one key the last one stays.
func (s *Splitter) sort() {
	s.order = slices.Grow(s.order[:0], len(s.part))[:len(s.part)]
	first := 0
	for i := range s.parts {
		s.parts[i].at = first
		first += s.parts[i].Keys
	}
	for key, part := range s.part {
		p := &s.parts[part]
		s.order[p.at] = int32(key)
		p.at++ // ends behind the part's last
	}
}

// write writes p's command.
func (s *Splitter) write(p *Part, b []byte, args []Span, step int) {
	p.Start = len(s.out)
	s.out = AppendArray(s.out, 1+p.Keys*step)
	s.out = AppendBulk(s.out, args[0].Of(b))
	for _, key := range s.order[p.at-p.Keys : p.at] {
		first := 1 + int(key)*step
		for _, a := range args[first : first+step] {
			s.out = AppendBulk(s.out, a.Of(b))
		}
	}
	p.End = len(s.out)
}
