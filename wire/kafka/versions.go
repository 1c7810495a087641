package kafka

import "encoding/binary"

// told goes through an answer to ApiVersions, entry by entry.
type told struct {
	p        cursor
	code     int16
	flexible bool
	left     int
}

// entry is what is told of an API. raw is all of it, key, least and most first.
type entry struct {
	key, least, most int16
	raw              []byte
}

// sizeEntry is how long an entry is without its tags.
const sizeEntry = 6

// table is the answer in frame up to its entries. Its head never has tags, as who
// reads it may not know the version it is in (KIP-511).
func table(frame []byte, version int16) (t told, problem *Problem) {
	t.p.b = frame
	t.p.skip(AnswerHead)
	t.code = t.p.int16()
	t.flexible = version >= flexibleVersions && t.code != codeUnsupportedVersion
	t.left = max(t.p.count(t.flexible, sizeEntry), 0)
	if t.p.bad {
		return t, errShort
	}
	return t, nil
}

func (t *told) next() (e entry, ok bool) {
	if t.left == 0 || t.p.bad {
		return e, false
	}
	t.left--
	from := t.p.at
	e.key, e.least, e.most = t.p.int16(), t.p.int16(), t.p.int16()
	t.p.tags(t.flexible)
	if t.p.bad {
		return e, false
	}
	e.raw = t.p.b[from:t.p.at]
	return e, true
}

// AnswerVersions appends our own answer to a request for ApiVersions in a version
// that is newer than we know, as a broker answers it: error 35 in the form of version
// 0, which every client reads, and the versions that there are. broker is the highest
// that the broker has, -1 if that is not known.
func AnswerVersions(dst []byte, correlation int32, broker int16) []byte {
	most := apis[KeyAPIVersions].Max
	if broker >= 0 {
		most = min(most, broker)
	}
	dst = binary.BigEndian.AppendUint32(dst, AnswerHead-SizeLen+2+4+sizeEntry)
	dst = binary.BigEndian.AppendUint32(dst, uint32(correlation))
	dst = binary.BigEndian.AppendUint16(dst, uint16(codeUnsupportedVersion))
	dst = binary.BigEndian.AppendUint32(dst, 1)
	dst = binary.BigEndian.AppendUint16(dst, uint16(KeyAPIVersions))
	dst = binary.BigEndian.AppendUint16(dst, 0)
	return binary.BigEndian.AppendUint16(dst, uint16(most))
}
