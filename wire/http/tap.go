package http

// Tap sees a reply on its way to the client: what a cache stores. It is called
// by the goroutine that brings the reply across, once the reply is committed.
type Tap interface {
	// Head sees the head, once. What it returns as note is added to the head.
	// With instead, that goes out in the place of the reply, whose body nobody
	// sees; else keep says whether the body is to be shown.
	Head(h Head) (instead *Stored, note []byte, keep bool)
	// Body sees the next piece of content, without its framing. Whether it was
	// the last is known when Do returns without an error.
	Body(p []byte)
}

// Head is the head of a reply. It and its bytes are valid during the call that
// gives it.
type Head interface {
	// Status is the reply's.
	Status() int
	// Field is the n-th value, from 0, of the fields of the name lower.
	Field(lower string, n int) ([]byte, bool)
	// Lines appends the field lines that are not of this hop and do not frame
	// the message, each with its CRLF, but those of which leave says so.
	Lines(dst []byte, leave func(name []byte) bool) []byte
}

// Stored is a reply that goes out again. It never changes.
type Stored struct {
	Status int
	Fields string // whole lines, each with its CRLF; none that frames the message
	Body   []byte
}
