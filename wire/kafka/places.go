package kafka

// Places says where clients find brokers, and is told where brokers are. Safe for
// concurrent calls; neither waits.
type Places interface {
	// Learn takes up that the cluster has node at host and port. The bytes are
	// not kept.
	Learn(node int32, host []byte, port int32)
	// Place is where clients of this listener find node; false if there is no
	// address left for it (then answers leave the node out, as a broker does with
	// those that have no address on the listener that it was asked by).
	Place(node int32) (host string, port int32, ok bool)
}
