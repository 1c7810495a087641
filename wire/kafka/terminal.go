package kafka

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/xdg-go/scram"
)

// Terminal is where one client's login ends, if it is not the broker's business:
// requests in, answers out, no socket and no clock. The zero Terminal of a listener
// without Logins owns nothing.
type Terminal struct {
	logins *Logins
	shaken string       // the mechanism that was agreed upon
	talk   *scramServer // nil by PLAIN
	user   string       // who has logged in
	done   bool
}

// NewTerminal is that of a connection that begins; l may be nil.
func NewTerminal(l *Logins) Terminal { return Terminal{logins: l} }

// Owns tells whether requests of that key are for Take.
func (t *Terminal) Owns(key int16) bool {
	return t.logins != nil && (key == KeySASLHandshake || key == KeySASLAuthenticate)
}

// Waits tells whether the client has to log in yet.
func (t *Terminal) Waits() bool { return t.logins.required() && !t.done }

// User is who has logged in, "" for nobody.
func (t *Terminal) User() string { return t.user }

// Bars says why a request that is not for Take may not be sent, nil if it may: what
// brokers allow before a login is ApiVersions.
func (t *Terminal) Bars(key int16) *Problem {
	if !t.Waits() || key == KeyAPIVersions {
		return nil
	}
	return &Problem{text: "a client asks for " + NameOf(key) + " and has not logged in: this listener has users, set security.protocol and sasl.mechanism of the client (" + strings.Join(t.logins.mechanisms, ", ") + ")"}
}

// Take appends to dst the answer to a request that it owns (frame: its length word
// included). With a problem the session is over, once the answer is written.
func (t *Terminal) Take(dst, frame []byte) (answer []byte, p *Problem) {
	h, p := ParseHead(frame, len(frame))
	if p != nil {
		return dst, p
	}
	req := kmsg.RequestForKey(h.Key)
	if h.Version > req.MaxVersion() {
		p = &Problem{text: "a client asks for " + NameOf(h.Key) + " in a version that nobody has told it of"}
		req.SetVersion(0)
		return say(dst, h, t.refusal(req, codeUnsupportedVersion, p.text)), p
	}
	req.SetVersion(h.Version)
	if b, _ := body(frame, req.IsFlexible()); b.bad || req.ReadFrom(b.b[b.at:]) != nil {
		return dst, errUnreadableLogin
	}
	var res kmsg.Response
	switch req := req.(type) {
	case *kmsg.SASLHandshakeRequest:
		res, p = t.shake(req)
	case *kmsg.SASLAuthenticateRequest:
		res, p = t.authenticate(req)
	}
	return say(dst, h, res), p
}

var (
	errUnreadableLogin = &Problem{text: "a login of a client cannot be read"}
	errOldShake        = &Problem{text: "a client logs in by SaslHandshake 0, behind which follow bytes without frames: only clients that know version 1 (Kafka 1.0, of 2017) can log in here"}
	errNoWay           = &Problem{text: "a client logs in, and this listener has no users: the sidecar logs in to the brokers itself; have the client use security.protocol=PLAINTEXT (or SSL), or add [[listener.kafka.user]]"}
	errNoMechanism     = &Problem{text: "a client logs in by a mechanism that this listener does not have: see mechanisms in [listener.kafka]"}
	errLoginState      = &Problem{text: "a client logs in out of order"}
	errWrongLogin      = &Problem{text: "a client logs in with a wrong name or password: see [[listener.kafka.user]]"}
)

// say appends an answer to the request with that head.
func say(dst []byte, h Head, res kmsg.Response) []byte {
	at := len(dst)
	dst = binary.BigEndian.AppendUint32(append(dst, 0, 0, 0, 0), uint32(h.Correlation)) // #nosec G115 -- as it came
	if res.IsFlexible() {
		dst = append(dst, 0)
	}
	dst = res.AppendTo(dst)
	binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-SizeLen)) // #nosec G115 -- some hundred bytes
	return dst
}

// refusal answers req with an error.
func (t *Terminal) refusal(req kmsg.Request, code int16, text string) kmsg.Response {
	res := req.ResponseKind()
	res.SetVersion(req.GetVersion())
	switch res := res.(type) {
	case *kmsg.SASLHandshakeResponse:
		res.ErrorCode, res.SupportedMechanisms = code, t.logins.mechanisms
	case *kmsg.SASLAuthenticateResponse:
		res.ErrorCode, res.ErrorMessage = code, &text
	}
	return res
}

// shake agrees upon a mechanism. Who is refused one is told which there are, and
// comes back with another on a new connection, as with brokers.
func (t *Terminal) shake(req *kmsg.SASLHandshakeRequest) (kmsg.Response, *Problem) {
	switch {
	case !t.logins.required():
		return t.refusal(req, codeUnsupportedSASLMechanism, ""), errNoWay
	case req.Version == 0:
		return t.refusal(req, codeUnsupportedVersion, ""), errOldShake
	case t.done || t.shaken != "":
		return t.refusal(req, codeIllegalSASLState, ""), errLoginState
	}
	for _, m := range t.logins.mechanisms {
		if m == req.Mechanism {
			t.shaken = m
			if hash := scramHash(m); hash != nil {
				t.talk = &scramServer{hash: hash}
			}
			return t.refusal(req, 0, ""), nil // in which case it is none
		}
	}
	return t.refusal(req, codeUnsupportedSASLMechanism, ""), errNoMechanism
}

// wrongLogin is what a client is told: not which of the two was wrong.
const wrongLogin = "Authentication failed: wrong name or password"

// authenticate takes up one round of a login.
func (t *Terminal) authenticate(req *kmsg.SASLAuthenticateRequest) (kmsg.Response, *Problem) {
	if t.shaken == "" || t.done {
		return t.refusal(req, codeIllegalSASLState, "no mechanism was agreed upon by SaslHandshake"), errLoginState
	}
	var heard []byte
	var ok bool
	if t.talk == nil {
		ok = t.plain(req.SASLAuthBytes)
	} else {
		heard, ok = t.scram(req.SASLAuthBytes)
	}
	if !ok {
		t.shaken, t.talk = "", nil
		return t.refusal(req, codeLoginFailed, wrongLogin), errWrongLogin
	}
	res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse)
	res.SetVersion(req.Version)
	res.SASLAuthBytes = heard
	return res, nil
}

// plain takes up a login of RFC 4616: on whose behalf, who, password.
func (t *Terminal) plain(said []byte) bool {
	parts := bytes.Split(said, []byte{0})
	if len(parts) != 3 {
		return false
	}
	name := string(parts[1])
	if !t.logins.right(name, string(parts[2])) || len(parts[0]) > 0 && string(parts[0]) != name {
		return false
	}
	t.user, t.done = name, true
	return true
}

// scram takes up a round of RFC 5802.
func (t *Terminal) scram(said []byte) (heard []byte, ok bool) {
	if t.talk.nonce == "" {
		text, err := t.talk.begin(string(said), func(name string) scram.StoredCredentials { return t.logins.stored(t.shaken, name) })
		return []byte(text), err == nil
	}
	text, err := t.talk.finish(string(said))
	if _, known := t.logins.users[t.talk.name]; err != nil || !known {
		return nil, false
	}
	t.user, t.done = t.talk.name, true
	return []byte(text), true
}
