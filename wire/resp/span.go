package resp

// Span is where something stands in a buffer: b[Start:End].
type Span struct{ Start, End int }

// Of is what stands there.
func (s Span) Of(b []byte) []byte { return b[s.Start:s.End:s.End] }

// Command is one whole command in a buffer.
type Command struct {
	// Span is all of it. A command that is not Inline can be forwarded as these
	// bytes.
	Span
	// Inline: it came as a line, whose arguments were unquoted in place; it is
	// forwarded as AppendCommand writes them.
	Inline bool
	first  int // of its arguments among the burst's
	count  int
}
