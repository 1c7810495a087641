package httpthrift

const (
	// DefaultMaxJSON is how many bytes a body and a result may have unless the
	// configuration says otherwise: both are held whole, beside what they
	// become.
	DefaultMaxJSON = 1 << 20
	maxDepth       = 64 // values within each other, as Thrift's libraries allow
	maxTold        = 64 // bytes of a client's own text in what it is told
)
