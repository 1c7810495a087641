package kafka

import "encoding/binary"

// Rewrite appends to dst what clients are to be given of a whole answer (frame: its
// length word included) to a request of that key and version: every broker's
// address in it was learnt and replaced by its place. changed is false, and nothing
// appended, where frame can go out as it came. A problem says that the answer
// cannot be understood, and must not go out: it may carry addresses.
//
// What is not an address goes out byte by byte as it came, fields that nobody
// knows included. Nothing is allocated but what dst lacks.
func Rewrite(dst []byte, key, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	from := len(dst)
	switch key {
	case KeyMetadata:
		out, changed, problem = rewriteMetadata(dst, version, frame, p)
	case KeyFindCoordinator:
		out, changed, problem = rewriteCoordinator(dst, version, frame, p)
	case KeyDescribeCluster:
		out, changed, problem = rewriteCluster(dst, version, frame, p)
	case KeyProduce, KeyFetch:
		out, changed, problem = rewriteHintTag(dst, key, version, frame, p)
	case KeyShareFetch, KeyShareAcknowledge:
		out, changed, problem = rewriteHintArray(dst, key, version, frame, p)
	}
	if !changed || problem != nil {
		return dst, false, problem
	}
	binary.BigEndian.PutUint32(out[from:], uint32(len(out)-from-SizeLen))
	return out, true, nil
}

var (
	errVersion = &Problem{text: "answer has a version whose addresses nobody has looked for"}
	errLength  = &Problem{text: "answer is not as long as its length word says"}
	errAnswer  = &Problem{text: "answer does not read as its version has it"}
)

// answerBody is a cursor behind the head of a whole answer, whose version is from 0 to
// most; flexible is the first with tagged fields.
func answerBody(frame []byte, version, most, flexible int16) (c cursor, p *Problem) {
	switch {
	case version < 0 || version > most:
		return c, errVersion
	case len(frame) < AnswerHead || int(binary.BigEndian.Uint32(frame)) != len(frame)-SizeLen:
		return c, errLength
	}
	c = cursor{b: frame, at: AnswerHead}
	c.tags(version >= flexible)
	return c, nil
}

// Strip makes Places of p that learn as p does and have a place for nobody: given
// to Rewrite with an answer of Produce, Fetch, ShareFetch or ShareAcknowledge, it
// takes their hints away.
func Strip(p Places) Places { return stripped{p} }

type stripped struct{ Places }

func (stripped) Place(int32) (string, int32, bool) { return "", 0, false }
