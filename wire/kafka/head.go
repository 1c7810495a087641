package kafka

// Sizes of what every message begins with, in bytes.
const (
	// SizeLen is the length word, which does not count itself.
	SizeLen = 4
	// RequestHead is length, API key, version and correlation id.
	RequestHead = SizeLen + 2 + 2 + 4
	// AnswerHead is length and correlation id.
	AnswerHead = SizeLen + 4
)

// Head is how a request begins.
type Head struct {
	Size         int // bytes behind the length word
	Key, Version int16
	Correlation  int32
}
