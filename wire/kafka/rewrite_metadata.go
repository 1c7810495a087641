package kafka

import "encoding/binary"

const (
	metadataMost     = 13
	metadataFlexible = 9
)

// rewriteMetadata splices the list of brokers, which stands in front of the topics
// in every version; those are not looked at.
func rewriteMetadata(dst []byte, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	c, problem := answerBody(frame, version, metadataMost, metadataFlexible)
	if problem != nil {
		return dst, false, problem
	}
	if version >= 3 {
		c.take(4) // throttle time
	}
	return spliceBrokers(dst, &c, shape{flexible: version >= metadataFlexible, rack: version >= 1}, p)
}

// spliceBrokers appends the frame of c with the list of brokers at c replaced.
func spliceBrokers(dst []byte, c *cursor, s shape, p Places) (out []byte, changed bool, problem *Problem) {
	from := c.at
	if look := *c; look.count(s.flexible, leastBroker) <= 0 && !look.bad {
		return dst, false, nil
	}
	dst = append(dst, c.b[:from]...)
	dst, _ = appendBrokers(dst, c, s, p)
	if c.bad {
		return dst, false, errAnswer
	}
	return append(dst, c.b[c.at:]...), true, nil
}

// partitions is how many bytes that many partitions of a topic take in an answer to
// Metadata, 0 if they are not all in b or have what only steps can read (tagged
// fields, more than 126 replicas). There may be tens of thousands in an answer, and
// steps for each would cost a hundred times what copying it does.
func partitions(b []byte, count int, version int16) int {
	fixed, lists := 2+4+4, 2
	if version >= 5 {
		lists = 3 // offline replicas
	}
	if version >= 7 {
		fixed += 4 // leader's epoch
	}
	at := 0
	for range count {
		at += fixed
		for range lists {
			n, width := replicas(b, at, version >= metadataFlexible)
			if width == 0 {
				return 0
			}
			at += width + 4*n
		}
		if version < metadataFlexible {
			continue
		}
		if at >= len(b) || b[at] != 0 {
			return 0
		}
		at++
	}
	if at > len(b) {
		return 0
	}
	return at
}

// replicas is the count of a list at b[at:] and how many bytes that takes, 0 if it is
// not to be read here.
func replicas(b []byte, at int, flexible bool) (n, width int) {
	switch {
	case flexible && at < len(b) && b[at] < 0x80:
		return max(0, int(b[at])-1), 1
	case !flexible && at <= len(b)-4:
		if n = int(int32(binary.BigEndian.Uint32(b[at:]))); n >= -1 && n <= len(b)/4 {
			return max(0, n), 4
		}
	}
	return 0, 0
}
