package kafka

import (
	"encoding/binary"
	"strconv"
)

// Sizes of what every message begins with, in bytes.
const (
	// SizeLen is the length word, which does not count itself.
	SizeLen = 4
	// RequestHead is length, API key, version and correlation id.
	RequestHead = SizeLen + 2 + 2 + 4
	// AnswerHead is length and correlation id.
	AnswerHead = SizeLen + 4
)

// Head is how a request begins.
type Head struct {
	Size         int // bytes behind the length word
	Key, Version int16
	Correlation  int32
}

// ParseHead reads the head of a request, of at most limit bytes behind its length
// word. More says that b has not all of the head; what is no request is told by its
// first four bytes.
func ParseHead(b []byte, limit int) (h Head, p *Problem) {
	if len(b) < SizeLen {
		return h, More
	}
	word := binary.BigEndian.Uint32(b)
	if p := stranger(word); p != nil {
		return h, p
	}
	if word < RequestHead-SizeLen {
		return h, errTiny
	}
	if word > uint32(limit) {
		return h, &Problem{text: "request of " + strconv.FormatUint(uint64(word), 10) + " bytes, more than max_request allows (" + strconv.Itoa(limit) + ")"}
	}
	if len(b) < RequestHead {
		return h, More
	}
	h.Size = int(word)
	h.Key = int16(binary.BigEndian.Uint16(b[4:]))
	h.Version = int16(binary.BigEndian.Uint16(b[6:]))
	h.Correlation = int32(binary.BigEndian.Uint32(b[8:]))
	if h.Key < 0 || h.Version < 0 {
		return h, errNegative
	}
	return h, nil
}

// ParseAnswerHead reads the length of an answer, in bytes behind its length word,
// and its correlation id. An answer may be as long as it likes: most are never held.
func ParseAnswerHead(b []byte) (size int, correlation int32, p *Problem) {
	if len(b) < SizeLen {
		return 0, 0, More
	}
	word := binary.BigEndian.Uint32(b)
	if p := strangeAnswer(word); p != nil {
		return 0, 0, p
	}
	if word < AnswerHead-SizeLen || word > maxSize {
		return 0, 0, errTiny
	}
	if len(b) < AnswerHead {
		return 0, 0, More
	}
	return int(word), int32(binary.BigEndian.Uint32(b[SizeLen:])), nil
}

// maxSize is the most that a length word can say: it is signed.
const maxSize = 1<<31 - 1

var (
	errTiny     = &Problem{text: "a length that no message has"}
	errNegative = &Problem{text: "a negative API key or version: this is not Kafka's protocol"}
)
