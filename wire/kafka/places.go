package kafka

// Places says where clients find brokers, and is told where brokers are. Safe for
// concurrent calls; neither waits.
type Places interface {
	// Learn takes up that the cluster has node at host and port. The bytes are
	// not kept.
	Learn(node int32, host []byte, port int32)
	// Place is where clients of this listener find node; false if there is no
	// address left for it (then they are told of none: port 0, no host).
	Place(node int32) (host string, port int32, ok bool)
}
