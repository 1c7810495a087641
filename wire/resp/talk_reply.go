package resp

import "bytes"

// fate is what becomes of a reply or message inside of a session.
type fate uint8

const (
	passes    fate = iota // to the client, as it came
	confirms              // the same; it has to be whole, as it says how many subscriptions there are
	swallowed             // it answers what the client did not send
	replaced              // the client reads that EXEC failed
	strays                // nobody asked for it: the connection is of no use
	unclear               // more of it is needed
)

// fateOf is what becomes of the reply or message that b begins with, whose first
// line is known: head, in b. It changes nothing.
func (s *binding) fateOf(b []byte, head Span) fate {
	kind := b[head.Start]
	w := s.next()
	asked := w != nil && w.kind == confirmations
	if kind == '>' || kind == '*' && s.version != RESP3 && (asked || s.subscribed()) {
		word, whole := firstWord(b, head)
		switch {
		case !whole:
			return unclear
		case confirmation(word) != nil:
			return confirms
		case kind == '>', s.subscribed() && isMessage(word):
			return passes
		}
	}
	switch {
	case w == nil, w.kind == ownAnswer:
		return strays
	case asked && kind != '-' && kind != '!':
		return strays
	case w.kind == oursReply:
		return swallowed
	case w.kind == asAborted:
		return replaced
	}
	return passes
}

// isPushed tells whether what begins so is no reply: those of RESP3 say so,
// those of RESP2 are arrays with the name of a message at their front.
func (s *binding) isPushed(b []byte, head Span) bool {
	if b[head.Start] == '>' {
		return true
	}
	if s.version == RESP3 || b[head.Start] != '*' || !s.subscribed() {
		return false
	}
	word, _ := firstWord(b, head)
	return isMessage(word)
}

// replied notes that the reply to the next command has come.
func (s *binding) replied(isError bool) {
	w := s.next()
	if w == nil {
		return
	}
	switch w.kind {
	case watchReply:
		if isError && w.epoch == s.epoch && s.watches > 0 {
			s.watches--
		}
	case confirmations: // an error: none of it was done
		s.settled(w)
		return
	}
	s.shift()
}

// settled drops a subscription, or end of some, that has all confirmations.
func (s *binding) settled(w *awaited) {
	s.asking--
	if roleOf(w.row) == unsubscribeRole {
		s.ends--
	}
	s.shift()
}

// confirmed takes a confirmation, whole from its head on. false if it is none.
func (s *binding) confirmed(b []byte, head Span) bool {
	word, _ := firstWord(b, head)
	c := confirmation(word)
	n, ok := lastInteger(b)
	if c == nil || !ok {
		return false
	}
	before := s.counted(c.set)
	if !s.count(c.set, n) {
		return false
	}
	w := s.next()
	if w == nil || w.kind != confirmations || w.row.Name != c.word {
		// The server ended it by itself, as with channels of a slot that moves.
		return c.ends
	}
	if w.left == 0 { // each that there was; the answer to none is one
		w.left = int(max(1, before))
	}
	if w.left--; w.left == 0 {
		s.settled(w)
	}
	return true
}

// counted is how many subscriptions of a set there are.
func (s *binding) counted(set byte) int64 {
	switch set {
	case 's':
		return s.shards
	case 'p':
		return s.patterns
	}
	return s.channels
}

// count takes what a confirmation says. Those of channels and patterns tell the
// sum of both, and each changes it by one at most.
func (s *binding) count(set byte, n int64) bool {
	switch set {
	case 's':
		if n < 0 || n > s.shards+1 || n < s.shards-1 {
			return false
		}
		s.shards = n
		return true
	case 'p':
		n -= s.channels
		if n < 0 || n > s.patterns+1 || n < s.patterns-1 {
			return false
		}
		s.patterns = n
		return true
	}
	n -= s.patterns
	if n < 0 || n > s.channels+1 || n < s.channels-1 {
		return false
	}
	s.channels = n
	return true
}

// confirmationOf is what a word at the front of a confirmation says.
type confirmationOf struct {
	word string
	set  byte // 'c'hannels, 'p'atterns, 's'hard channels
	ends bool
}

var confirmationWords = [...]confirmationOf{
	{"subscribe", 'c', false}, {"unsubscribe", 'c', true},
	{"psubscribe", 'p', false}, {"punsubscribe", 'p', true},
	{"ssubscribe", 's', false}, {"sunsubscribe", 's', true},
}

func confirmation(word []byte) *confirmationOf {
	for i := range confirmationWords {
		if string(word) == confirmationWords[i].word {
			return &confirmationWords[i]
		}
	}
	return nil
}

func isMessage(word []byte) bool {
	switch string(word) {
	case "message", "pmessage", "smessage":
		return true
	}
	return false
}

// longestWord is how many bytes the first element of a message may have that
// is looked at; the words that count are shorter.
const longestWord = 64

// firstWord is the first element, a bulk string, of what has that head in b; nil
// if it is none. false while it is not there yet.
func firstWord(b []byte, head Span) (word []byte, whole bool) {
	rest := b[min(head.End+2, len(b)):]
	if len(rest) == 0 {
		return nil, false
	}
	if rest[0] != '$' {
		return nil, true
	}
	i := bytes.Index(rest[:min(len(rest), longestWord)], crlf)
	if i < 0 {
		return nil, len(rest) >= longestWord
	}
	n, ok := number(rest[1:i])
	switch {
	case !ok || n < 0 || n > longestWord:
		return nil, true
	case len(rest) < i+2+int(n):
		return nil, false
	}
	return rest[i+2 : i+2+int(n)], true
}

// lastInteger is the integer that b, whole, ends with.
func lastInteger(b []byte) (int64, bool) {
	if len(b) < 4 {
		return 0, false
	}
	i := bytes.LastIndexByte(b[:len(b)-2], '\n')
	if i < 0 || b[i+1] != ':' {
		return 0, false
	}
	return number(b[i+2 : len(b)-2])
}
