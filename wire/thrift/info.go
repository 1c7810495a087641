package thrift

// Info is kept as a THeader's block of keys and values has it, without the count
// that stands before it there: for each key and value a length, as a varint, and
// the bytes. So it is copied as it is from one header to another, and grows at
// its end.

// AppendInfo adds a field.
func AppendInfo[K, V ~string | ~[]byte](dst []byte, key K, value V) []byte {
	dst = append(appendUvarint(dst, uint64(len(key))), key...)
	return append(appendUvarint(dst, uint64(len(value))), value...)
}

// NextInfo is the first field of info, and those behind it; not ok at the end.
func NextInfo(info []byte) (key, value, rest []byte, ok bool) {
	if key, rest, ok = infoPart(info); !ok {
		return nil, nil, nil, false
	}
	if value, rest, ok = infoPart(rest); !ok {
		return nil, nil, nil, false
	}
	return key, value, rest, true
}

// InfoValue is the value of a field: of the last one if there are several, as
// for libraries that read them into a map. Keys are told apart by case.
func InfoValue(info []byte, key string) (value []byte, ok bool) {
	for k, v, rest, more := NextInfo(info); more; k, v, rest, more = NextInfo(rest) {
		if string(k) == key {
			value, ok = v, true
		}
	}
	return value, ok
}

// AppendInfoWithout adds to dst all fields of info but those of key, which the
// caller writes anew or keeps back.
func AppendInfoWithout(dst, info []byte, key string) []byte {
	for k, _, rest, more := NextInfo(info); more; k, _, rest, more = NextInfo(rest) {
		if string(k) != key {
			dst = append(dst, info[:len(info)-len(rest)]...)
		}
		info = rest
	}
	return dst
}

func countInfo(info []byte) (n int) {
	for _, _, rest, more := NextInfo(info); more; _, _, rest, more = NextInfo(rest) {
		n++
	}
	return n
}

// infoBlock is the fields of the block at b[at:], which begins with their count.
func infoBlock(b []byte, at int) ([]byte, *Problem) {
	n, at, p := compactLength(b, at)
	if p != nil || n > (len(b)-at)/2 {
		return nil, errHeader
	}
	rest := b[at:]
	for range n {
		var ok bool
		if _, _, rest, ok = NextInfo(rest); !ok {
			return nil, errHeader
		}
	}
	return b[at : len(b)-len(rest)], nil
}

// infoPart is the key or value that b begins with.
func infoPart(b []byte) (part, rest []byte, ok bool) {
	n, at, p := compactLength(b, 0)
	if p != nil || n > len(b)-at {
		return nil, nil, false
	}
	return b[at : at+n], b[at+n:], true
}
