package resp

import (
	"bytes"

	root "sidecar"
)

// Code is the first word of an error reply, as far as something hangs on it.
type Code uint8

// The codes.
const (
	OtherError Code = iota // ERR, WRONGTYPE, NOSCRIPT and whatever else a command says of itself
	Moved
	Ask
	TryAgain
	ClusterDown
	Loading
	ReadOnly
	MasterDown
	NoReplicas
	Misconf
	Busy
	OOM
	MaxClients
	NoAuth
	WrongPass
	NoPerm
	ExecAbort
	NoProto
	codes
)

// codeRows say what an error means for the endpoint it came from.
//
// Unavailable: this server cannot serve for a state it is in, and another that
// has the same keys, or this one soon, can. Overload: it is healthy and asks for
// less; a replica would say the same of a write. Shed: it turned the connection
// away for their number. Failure: it is set up differently from what it was
// called with, and every request would fail so. ClientError: the command's own
// affair; so are redirects, which are followed and say nothing bad of who sent
// them.
var codeRows = [codes]struct {
	word  string
	class root.Class
	// before: the command was not run. What a script says may come after it
	// wrote, so of scripts it proves nothing.
	before bool
}{
	OtherError:  {"", root.ClientError, false},
	Moved:       {"MOVED", root.ClientError, true},
	Ask:         {"ASK", root.ClientError, true},
	TryAgain:    {"TRYAGAIN", root.Unavailable, true},
	ClusterDown: {"CLUSTERDOWN", root.Unavailable, true},
	Loading:     {"LOADING", root.Unavailable, true},
	ReadOnly:    {"READONLY", root.Unavailable, true}, // it is no master any more
	MasterDown:  {"MASTERDOWN", root.Unavailable, true},
	NoReplicas:  {"NOREPLICAS", root.Unavailable, true},
	Misconf:     {"MISCONF", root.Unavailable, true},
	Busy:        {"BUSY", root.Overload, true},
	OOM:         {"OOM", root.Overload, true},
	MaxClients:  {"", root.Shed, true}, // told by its text
	NoAuth:      {"NOAUTH", root.Failure, true},
	WrongPass:   {"WRONGPASS", root.Failure, true},
	NoPerm:      {"NOPERM", root.ClientError, true},
	ExecAbort:   {"EXECABORT", root.ClientError, true},
	NoProto:     {"NOPROTO", root.ClientError, true},
}

// maxClients is how Redis turns away a connection too many; it has no code of
// its own.
const maxClients = "ERR max number of clients reached"

func (c Code) String() string {
	switch c {
	case OtherError:
		return "ERR"
	case MaxClients:
		return "MAXCLIENTS"
	}
	return codeRows[c].word
}

// Class is what a reply with that error meant.
func (c Code) Class() root.Class { return codeRows[c].class }

// NotRun tells whether the error proves that the command was not run, if it is
// no script or function.
func (c Code) NotRun() bool { return codeRows[c].before }

// IsError tells whether the head of a reply is an error's. Of a long error ("!")
// the text is not in the head; ErrorText finds it.
func IsError(head []byte) bool { return len(head) > 0 && (head[0] == '-' || head[0] == '!') }

// IsPush tells whether the head is of a message that answers no command, such as
// an invalidation of what a client tracks. RESP2 has them as arrays, on
// connections that subscribed.
func IsPush(head []byte) bool { return len(head) > 0 && head[0] == '>' }

// ErrorText is the text of the error that reply is, in either form; nil if it is
// none. reply begins with the error, not with attributes.
func ErrorText(reply []byte) []byte {
	if !IsError(reply) {
		return nil
	}
	end := bytes.Index(reply, crlf)
	if end < 0 {
		end = len(reply)
	}
	if reply[0] == '-' {
		return reply[1:end]
	}
	n, ok := number(reply[1:end])
	text := reply[min(end+2, len(reply)):]
	if !ok || n < 0 || n > int64(len(text)) {
		return nil
	}
	return text[:n]
}

var crlf = []byte("\r\n")

// CodeOf is the code of an error's text.
func CodeOf(text []byte) Code {
	if len(text) == len(maxClients) && string(text) == maxClients {
		return MaxClients
	}
	word := text
	if i := bytes.IndexByte(text, ' '); i >= 0 {
		word = text[:i]
	}
	for c := Moved; c < codes; c++ {
		if len(word) > 0 && string(word) == codeRows[c].word {
			return c
		}
	}
	return OtherError
}

// ClassOf is what the reply meant whose first line is head: any reply that is no
// error is a success.
func ClassOf(head []byte) root.Class {
	if !IsError(head) {
		return root.Success
	}
	return CodeOf(ErrorText(head)).Class()
}

// Redirect is where MOVED or ASK sends a command.
type Redirect struct {
	Slot int
	// Address is "host:port". Without a host it is the one that was asked.
	Address []byte
	Ask     bool
}

// ParseRedirect reads the text of a MOVED or ASK error; false if it is neither
// or not well formed.
func ParseRedirect(text []byte) (Redirect, bool) {
	code := CodeOf(text)
	if code != Moved && code != Ask {
		return Redirect{}, false
	}
	_, rest, _ := bytes.Cut(text, space)
	slot, address, ok := bytes.Cut(rest, space)
	n, isNumber := number(slot)
	if !ok || !isNumber || n < 0 || n >= Slots {
		return Redirect{}, false
	}
	i := bytes.LastIndexByte(address, ':')
	if i < 0 {
		return Redirect{}, false
	}
	if port, ok := number(address[i+1:]); !ok || port < 1 || port > 65535 {
		return Redirect{}, false
	}
	return Redirect{int(n), address, code == Ask}, true
}

var space = []byte(" ")
