package mux

import "encoding/binary"

// Pairs goes through contexts or delegations in place: a count of two bytes,
// then for each key and value a length of two bytes and the bytes. What is not
// whole ends it early; what a Call holds was looked at and is whole.
type Pairs struct {
	rest []byte
	left int
}

// PairsOf begins at the first pair of p.
func PairsOf(p []byte) Pairs {
	if len(p) < 2 {
		return Pairs{}
	}
	return Pairs{rest: p[2:], left: int(binary.BigEndian.Uint16(p))}
}

// Bare begins at the first of pairs without a count, which go on to the end of
// p: the headers of an application are written so inside one context.
func Bare(p []byte) Pairs { return Pairs{rest: p, left: -1} }

// Next is the next pair, false behind the last.
func (p *Pairs) Next() (key, value []byte, ok bool) {
	if p.left == 0 || len(p.rest) == 0 {
		return nil, nil, false
	}
	p.left--
	key, rest, ok := cutShort(p.rest)
	if !ok {
		p.left = 0
		return nil, nil, false
	}
	if value, rest, ok = cutShort(rest); !ok {
		p.left = 0
		return nil, nil, false
	}
	p.rest = rest
	return key, value, true
}

// AppendBare appends a pair to pairs without a count, unless they would then be
// longer than a context can be.
func AppendBare[K, V []byte | string](dst []byte, key K, value V) []byte {
	if len(dst)+4+len(key)+len(value) > maxSignedU2 {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(key)))
	dst = binary.BigEndian.AppendUint16(append(dst, key...), uint16(len(value)))
	return append(dst, value...)
}

// Lookup is the value of the first pair with that key, as Finagle takes it.
func Lookup(pairs []byte, key string) ([]byte, bool) {
	for p := PairsOf(pairs); ; {
		k, v, ok := p.Next()
		if !ok {
			return nil, false
		}
		if string(k) == key {
			return v, true
		}
	}
}

// AppendPair appends a pair to the pairs that begin at dst[at:]; if dst ends
// there, they begin with it. It leaves out what the format cannot hold: keys and
// values over 32767 bytes, and more than a message may have.
func AppendPair[K []byte | string](dst []byte, at int, key K, value []byte) []byte {
	if at == len(dst) {
		dst = append(dst, 0, 0)
	}
	count := binary.BigEndian.Uint16(dst[at:])
	if len(key) > maxSignedU2 || len(value) > maxSignedU2 || count >= maxContexts {
		return dst
	}
	binary.BigEndian.PutUint16(dst[at:], count+1)
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(key)))
	return appendShort(append(dst, key...), value)
}

// cutPairs is the part of p that its pairs take, and what follows it. Without a
// single one it is empty.
func cutPairs(p []byte, limit int, short, many *problem) (pairs, rest []byte, bad *problem) {
	if len(p) < 2 {
		return nil, nil, short
	}
	n := int(binary.BigEndian.Uint16(p))
	if n == 0 {
		return nil, p[2:], nil
	}
	if n > limit {
		return nil, nil, many
	}
	rest = p[2:]
	for range 2 * n {
		var ok bool
		if _, rest, ok = cutShort(rest); !ok {
			return nil, nil, short
		}
	}
	return p[:len(p)-len(rest)], rest, nil
}

// appendPairs appends pairs as they stand, or a count of none.
func appendPairs(dst, pairs []byte) []byte {
	if len(pairs) == 0 {
		return append(dst, 0, 0)
	}
	return append(dst, pairs...)
}

// cutShort takes bytes with a length of two bytes before them. Finagle reads that
// as signed, and what is negative there would end a session that others share: so
// it is refused here.
func cutShort(p []byte) (val, rest []byte, ok bool) {
	if len(p) < 2 {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(p))
	if len(p) < n || n > 2+maxSignedU2 {
		return nil, nil, false
	}
	return p[2:n], p[n:], true
}

func appendShort(dst, val []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(val)))
	return append(dst, val...)
}
