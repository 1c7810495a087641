package resp

// Problem says why bytes are no request or no reply. Text is Redis' own where
// it has one: clients and their tests know it.
type Problem struct {
	text string
	// Silent: the client is no Redis client (a browser, a TLS handshake) and the
	// connection is closed without a word, as Redis does.
	Silent bool
}

func (p *Problem) Error() string { return p.text }

// More is no fault: the bytes are good so far, and more of them are needed.
var More = &Problem{text: "message is not whole"}

// IsGuest tells whether it is one of clients that have not logged in: see
// Burst.Guest.
func (p *Problem) IsGuest() bool { return p == errGuestCount || p == errGuestLength }

// The problems of requests.
var (
	errInline       = &Problem{text: "Protocol error: too big inline request"}
	errQuotes       = &Problem{text: "Protocol error: unbalanced quotes in request"}
	errLongCount    = &Problem{text: "Protocol error: too big mbulk count string"}
	errCount        = &Problem{text: "Protocol error: invalid multibulk length"}
	errLongLength   = &Problem{text: "Protocol error: too big bulk count string"}
	errLength       = &Problem{text: "Protocol error: invalid bulk length"}
	errGuestCount   = &Problem{text: "Protocol error: unauthenticated multibulk length"}
	errGuestLength  = &Problem{text: "Protocol error: unauthenticated bulk length"}
	errBulkEnd      = &Problem{text: "Protocol error: bulk without CRLF at its end"}
	errRequestSize  = &Problem{text: "Protocol error: request is longer than the limit"}
	errBrowser      = &Problem{text: "POST or Host: as a command: possible cross protocol attack", Silent: true}
	errTLS          = &Problem{text: "TLS handshake on a port without TLS", Silent: true}
	problemExpected = "Protocol error: expected '$', got '"
)

// The problems of replies.
var (
	errReplyType   = &Problem{text: "reply does not begin as any type of RESP2 or RESP3"}
	errReplyLine   = &Problem{text: "line of a reply is too long or does not end in CRLF"}
	errReplyLength = &Problem{text: "length in a reply is no number or out of bounds"}
	errReplyEnd    = &Problem{text: "string of a reply without CRLF at its end"}
	errReplySize   = &Problem{text: "reply is longer than the limit"}
	errReplyStream = &Problem{text: "streamed strings and aggregates are not supported"}
	errReplyPlace  = &Problem{text: "push message inside of a reply, or an empty one"}
	errReplyPush   = &Problem{text: "push message on a connection that asked for none"}
	errReplyValue  = &Problem{text: "null, boolean or verbatim string of a reply is malformed"}
)

// notDollar is Redis' text for an argument that begins with c.
func notDollar(c byte) *Problem {
	if c < ' ' || c > '~' {
		c = '?' // the text goes into a line of the reply
	}
	return &Problem{text: problemExpected + string(rune(c)) + "'"}
}

// What the local side refuses besides.
var (
	errNoRoom  = &Problem{text: "the sidecar holds as many bytes of requests and replies as it may"}
	errSlow    = &Problem{text: "the command took too long to come"}
	errStalled = &Problem{text: "the command stopped coming"}
)
