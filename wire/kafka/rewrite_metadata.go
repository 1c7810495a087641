package kafka

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
