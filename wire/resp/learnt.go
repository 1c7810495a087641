package resp

// Learnt are commands that only the backend knows.
type Learnt struct{}

// listed are those that clients are told of.
func (l *Learnt) listed(env *localEnv) []*Row { return nil }
