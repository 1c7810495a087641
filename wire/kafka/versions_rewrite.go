package kafka

import "encoding/binary"

// Versions appends to dst a broker's answer to ApiVersions (frame: its length word
// included), to a request of that version, as clients are to be told it: without
// what is hidden, and of the rest no version above what was reviewed. The lowest
// versions stay as they are: old clients conclude from them what a broker is able to
// do at all (KAFKA-18659). So do tags that nobody knows, and error codes.
func (h *Hiding) Versions(dst []byte, version int16, frame []byte) (out []byte, problem *Problem) {
	t, problem := table(frame, version)
	if problem != nil {
		return dst, problem
	}
	start := len(dst)
	dst = append(dst, frame[:AnswerHead+2]...)
	dst, kept := h.entries(dst, &t)
	if t.p.bad {
		return dst[:start], errShort
	}
	rest := len(dst)
	dst = append(dst, t.p.rest()...)
	if t.flexible && !kept.features() {
		if problem := lowerFeatures(dst[rest:]); problem != nil {
			return dst[:start], problem
		}
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start-SizeLen))
	return dst, nil
}

// entries appends the number of entries and those that are kept of t.
func (h *Hiding) entries(dst []byte, t *told) ([]byte, kept) {
	at := len(dst)
	dst = append(dst, make([]byte, 4)...) // for the number: not known yet
	first := len(dst)
	k, n := kept{-1, -1, -1}, 0
	for e, ok := t.next(); ok; e, ok = t.next() {
		most := h.Most(e.key, e.most)
		if most < 0 || most < e.least && e.most >= e.least {
			continue
		}
		dst = append(dst, e.raw...)
		binary.BigEndian.PutUint16(dst[len(dst)-len(e.raw)+4:], uint16(most))
		k.note(e.key, most)
		n++
	}
	if !t.flexible {
		binary.BigEndian.PutUint32(dst[at:], uint32(n))
		return dst, k
	}
	wide := binary.PutUvarint(dst[at:at+4], uint64(n)+1)
	return append(dst[:at+wide], dst[first:]...), k
}

// kept are the highest versions told of those APIs that transactions hang on.
type kept struct{ produce, endTxn, commit int16 }

func (k *kept) note(key, most int16) {
	switch key {
	case KeyProduce:
		k.produce = most
	case KeyEndTxn:
		k.endTxn = most
	case KeyTxnOffsetCommit:
		k.commit = most
	}
}

// features tells whether clients can do what transaction.version 2 asks of them
// (KIP-890). One that is told of the feature but of no version to match fails its
// transactions with INVALID_TXN_STATE: it leaves to Produce 12 what an older Produce
// does not do.
func (k kept) features() bool { return k.produce >= 12 && k.endTxn >= 5 && k.commit >= 5 }

// Tags of an answer to ApiVersions, and how they say that a cluster has the second
// version of transactions.
const (
	tagSupported = 0
	tagFinalized = 2
	featureName  = "transaction.version"
	lowFeature   = 1
)

// lowerFeatures lowers transaction.version in what is behind the entries: what
// brokers support and what the cluster has settled on. Both are numbers of fixed
// width, so nothing moves.
func lowerFeatures(rest []byte) *Problem {
	p := cursor{b: rest}
	p.skip(4) // throttle time
	for n := p.uvarint(); n > 0 && !p.bad; n-- {
		tag := p.uvarint()
		value := p.take(p.uvarint())
		if tag != tagSupported && tag != tagFinalized {
			continue
		}
		if !lower(value) {
			return errShort
		}
	}
	if p.bad {
		return errShort
	}
	return nil
}

// lower lowers transaction.version among the features in b, each its name and two
// levels. false if they cannot be read.
func lower(b []byte) bool {
	p := cursor{b: b}
	for n := p.count(true, 1); n > 0 && !p.bad; n-- {
		name := p.text(true)
		levels := p.take(4)
		p.tags(true)
		if p.bad || string(name) != featureName {
			continue
		}
		for i := 0; i < 4; i += 2 {
			level := int16(binary.BigEndian.Uint16(levels[i:]))
			binary.BigEndian.PutUint16(levels[i:], uint16(min(level, lowFeature)))
		}
	}
	return !p.bad
}
