package kafka

import "encoding/binary"

// step takes the step that is next, if b holds what it reads, and says how many
// bytes that took. No step reads more than a Walker holds back (part).
func (w *Walker) step(b []byte) (n int, p *Problem) {
	if w.pc == len(w.layout.steps) {
		if w.left > 0 {
			return 0, errLength // nobody knows what would stand there
		}
		return 0, walkEnded
	}
	s := &w.layout.steps[w.pc]
	if !s.in(w.version) {
		w.pc++
		if s.begins() {
			w.leave()
		}
		return 0, nil
	}
	switch s.do {
	case doSee, doRest, doEnd, doStop:
		return 0, w.turn(s.do)
	case doText, doName, doNumbers, doRecords:
		return w.length(s, b)
	case doList, doPartitions:
		return w.enter(s, b)
	case doTags, doHints:
		return w.tagged(s.do, b)
	case doNodes:
		return w.endpoints(b)
	case doBase:
		return w.first(b)
	}
	if len(b) < int(s.n) {
		return 0, More
	}
	w.pc++
	return int(s.n), w.field(s.do, b)
}

// turn takes a step that reads nothing.
func (w *Walker) turn(do act) *Problem {
	w.pc++
	switch do {
	case doSee:
		if w.Seen != nil {
			return walkTold
		}
	case doRest:
		w.pass, w.how = w.at.records, free
	case doStop:
		w.pc = len(w.layout.steps)
		w.pass, w.how = w.left, over
	case doEnd:
		l := &w.loops[w.depth-1]
		if l.left--; l.left > 0 {
			w.pc = l.first
		} else {
			w.depth--
		}
	}
	return nil
}

// field reads one of a fixed length.
func (w *Walker) field(do act, b []byte) *Problem {
	switch do {
	case doCode:
		w.at.named, w.at.hasID = 0, false
		w.found.Code = int16(binary.BigEndian.Uint16(b))
		if w.found.Code != 0 && w.Seen != nil {
			return walkTold
		}
	case doTopicCode:
		w.found.Code = int16(binary.BigEndian.Uint16(b))
	case doID:
		w.at.hasID = true
		copy(w.at.id[:], b)
	case doHead, doFetched, doWritten:
		w.found.Partition = int32(binary.BigEndian.Uint32(b))
		w.found.Code = int16(binary.BigEndian.Uint16(b[4:]))
		if do == doFetched {
			w.found.High = int64(binary.BigEndian.Uint64(b[6:]))
		}
		if do == doWritten {
			w.found.Base = int64(binary.BigEndian.Uint64(b[6:]))
		}
	}
	return nil
}

// length reads that of a field, which is passed over; records have a head that is
// read before.
func (w *Walker) length(s *step, b []byte) (n int, p *Problem) {
	size, n, p := w.number(b, s.do == doNumbers || s.do == doRecords)
	if p != nil {
		return 0, p
	}
	if s.do == doNumbers {
		size *= int(s.n)
	}
	size = max(size, 0)
	if size > w.left-n {
		return 0, errAnswer
	}
	w.pc++
	switch s.do {
	case doRecords:
		w.at.records, w.found.Bytes = size, size
	case doName:
		w.at.named = 0
		w.pass, w.how = size, keep
	default:
		w.pass, w.how = size, over
	}
	return n, nil
}

// number is the length or count that b begins with, -1 for null: a varint, else of
// four bytes (wide) or two.
func (w *Walker) number(b []byte, wide bool) (v, n int, p *Problem) {
	switch {
	case w.flexible:
		if v, n = uvarint(b); n <= 0 {
			return 0, 0, unread(n)
		}
		return v - 1, n, nil
	case wide && len(b) >= 4:
		v, n = int(int32(binary.BigEndian.Uint32(b))), 4
	case !wide && len(b) >= 2:
		v, n = int(int16(binary.BigEndian.Uint16(b))), 2
	default:
		return 0, 0, More
	}
	if v < -1 {
		return 0, 0, errAnswer
	}
	return v, n, nil
}

// unread is what uvarint's n says where it read nothing.
func unread(n int) *Problem {
	if n == 0 {
		return More
	}
	return errAnswer
}

// enter begins a list, or goes behind one that is empty.
func (w *Walker) enter(s *step, b []byte) (n int, p *Problem) {
	count, n, p := w.number(b, true)
	if p != nil {
		return 0, p
	}
	if count > (w.left-n)/int(s.n) {
		return 0, errAnswer
	}
	w.pc++
	passed := 0
	if s.do == doPartitions && count > 0 {
		passed = partitions(b[n:], count, w.version)
	}
	if count <= 0 || passed > 0 {
		w.leave()
		return n + passed, nil
	}
	w.loops[w.depth] = walkLoop{first: w.pc, left: count}
	w.depth++
	return n, nil
}

// leave goes behind the end of the list that the step before began.
func (w *Walker) leave() {
	for deep := 1; deep > 0; w.pc++ {
		if s := &w.layout.steps[w.pc]; s.begins() {
			deep++
		} else if s.do == doEnd {
			deep--
		}
	}
}

// first reads the first offset of records, if there are any: a batch begins with it,
// and so did the messages of old. How many records there are is taken from the first
// batch: more are not looked at, they are as large as that one or are guessed to be.
func (w *Walker) first(b []byte) (n int, p *Problem) {
	n = batchHead
	if w.at.records < batchHead {
		n = min(w.at.records, 8)
	}
	if n < 8 {
		w.pc++
		return 0, nil
	}
	if len(b) < n {
		return 0, More
	}
	w.found.Base = int64(binary.BigEndian.Uint64(b))
	if n == batchHead && b[16] == 2 { // the format since Kafka 0.11
		first := int64(int32(binary.BigEndian.Uint32(b[23:]))) + 1
		size := max(int64(int32(binary.BigEndian.Uint32(b[8:])))+12, batchHead)
		w.found.Records = max(first, 0) * max(int64(w.at.records), size) / size
	}
	w.at.records -= n
	w.pc++
	return n, nil
}

// batchHead is the bytes of a batch up to the count of its records: its first
// offset, size, epoch, format, checksum and attributes, and the last one's number.
const batchHead = 8 + 4 + 4 + 1 + 4 + 2 + 4
