package httpkafka

import "fmt"

// problem is why a request is no request to write records.
type problem struct {
	status, number int
	text           string
	fields         string // of the answer
}

func (p *problem) Error() string { return p.text }

// wrong is a problem of the body, by its status alone.
func wrong(status int, format string, args ...any) *problem {
	return &problem{status: status, number: status, text: fmt.Sprintf(format, args...)}
}

// shown is a client's own text, cut.
func shown(s string) string {
	if len(s) > maxTold {
		return fmt.Sprintf("%.*q and more", maxTold, s)
	}
	return fmt.Sprintf("%q", s)
}
