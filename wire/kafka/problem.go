package kafka

// Problem says why bytes are no request or no answer.
type Problem struct{ text string }

func (p *Problem) Error() string { return p.text }

// Told is what anybody may read of it: it quotes no bytes and names no broker.
func (p *Problem) Told() string { return p.text }

// More is no fault: the bytes are good so far, and more of them are needed.
var More = &Problem{text: "message is not whole"}

var errShort = &Problem{text: "message is shorter than what it says it has"}
