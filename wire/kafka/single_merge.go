package kafka

import (
	"bytes"
	"encoding/binary"
)

// take notes what a leader answers (frame: its length word included) of the parts
// that went to it, and gives its throttle time. Leaders tell them in any order.
func (s *split) take(leader int32, frame []byte) (throttle int32, problem *Problem) {
	p := cursor{b: frame}
	p.skip(AnswerHead)
	p.tags(s.flexible)
	at := 0 // where the last was: most are told in the order asked
	for n := p.count(s.flexible, 1); n > 0 && !p.bad; n-- {
		name := p.text(s.flexible)
		for m := p.count(s.flexible, 1); m > 0 && !p.bad; m-- {
			index := p.int32()
			from := p.at
			code := p.int16()
			s.skipAnswer(&p)
			raw := p.b[from:p.at]
			p.tags(s.flexible)
			if p.bad {
				break
			}
			if at = s.find(at, leader, name, index); at < 0 {
				return 0, errStrange
			}
			s.parts[at].done, s.parts[at].code, s.parts[at].answer = true, code, raw
		}
		p.tags(s.flexible)
	}
	if s.version >= 1 {
		throttle = p.int32()
	}
	p.tags(s.flexible)
	if p.bad {
		return 0, errShort
	}
	return throttle, nil
}

var errStrange = &Problem{text: "the broker answers of a partition that it was not asked for"}

// skipAnswer skips what an answer says of a partition behind the code: the offset,
// when it was appended (2), where the log begins (5), what is wrong (8).
func (s *split) skipAnswer(p *cursor) {
	p.skip(8)
	if s.version >= 2 {
		p.skip(8)
	}
	if s.version >= 5 {
		p.skip(8)
	}
	if s.version < 8 {
		return
	}
	for n := p.count(s.flexible, 1); n > 0 && !p.bad; n-- {
		p.skip(4)
		p.text(s.flexible)
		p.tags(s.flexible)
	}
	p.text(s.flexible)
}

// find is the part of that topic and number which leader has still to answer,
// looked for from at on and around; -1 if there is none.
func (s *split) find(at int, leader int32, name []byte, index int32) int {
	for i := range s.parts {
		k := (max(at, 0) + i) % len(s.parts)
		p := &s.parts[k]
		if p.index == index && p.goes(leader) && bytes.Equal(s.topics[p.topic].name, name) {
			return k
		}
	}
	return -1
}

// lose notes for all of leader's parts that were not answered that it was not
// reached: producers write them again.
func (s *split) lose(leader int32) {
	for i := range s.parts {
		if p := &s.parts[i]; p.goes(leader) {
			p.done, p.code, p.answer = true, codeNetworkException, nil
		}
	}
}

// merge appends the answer to the whole request, in its order. Who leads, and where
// it is (KIP-951), is left out: clients know of one broker only.
func (s *split) merge(dst []byte, correlation, throttle int32) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	dst = s.noTags(dst)
	dst = s.count(dst, len(s.topics))
	for i := range s.topics {
		t := &s.topics[i]
		dst = s.count(append(dst, t.raw...), t.end-t.first)
		for k := t.first; k < t.end; k++ {
			dst = s.appendPart(dst, &s.parts[k])
		}
		dst = s.noTags(dst)
	}
	if s.version >= 1 {
		dst = binary.BigEndian.AppendUint32(dst, uint32(throttle))
	}
	dst = s.noTags(dst)
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-SizeLen))
	return dst
}

func (s *split) appendPart(dst []byte, p *part) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(p.index))
	if p.answer != nil {
		return s.noTags(append(dst, p.answer...))
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(p.code))
	none := 1 // of the numbers that are -1 where there is nothing to say
	if s.version >= 2 {
		none++
	}
	if s.version >= 5 {
		none++
	}
	for range none {
		dst = binary.BigEndian.AppendUint64(dst, 1<<64-1)
	}
	if s.version >= 8 {
		dst = s.count(dst, 0)
		if s.flexible {
			dst = append(dst, 0) // no message
		} else {
			dst = append(dst, 0xff, 0xff)
		}
	}
	return s.noTags(dst)
}

func (s *split) noTags(dst []byte) []byte {
	if s.flexible {
		return append(dst, 0)
	}
	return dst
}
