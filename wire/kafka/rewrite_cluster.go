package kafka

const clusterMost = 2

// rewriteCluster splices the list of brokers of an answer to DescribeCluster. A
// fenced broker (version 2) gets its place as the others: that it cannot be
// dialled is what the list says of it.
func rewriteCluster(dst []byte, version int16, frame []byte, p Places) (out []byte, changed bool, problem *Problem) {
	c, problem := answerBody(frame, version, clusterMost, 0)
	if problem != nil {
		return dst, false, problem
	}
	c.take(4 + 2) // throttle time, error
	c.text(true)  // message
	if version >= 1 {
		c.take(1) // kind of endpoints (KIP-919)
	}
	c.text(true) // the cluster's id
	c.take(4)    // controller
	return spliceBrokers(dst, &c, shape{flexible: true, rack: true, fenced: version >= 2}, p)
}
