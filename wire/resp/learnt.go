package resp

// Learnt are commands that only the backend knows.
type Learnt struct{}
