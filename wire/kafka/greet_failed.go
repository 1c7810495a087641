package kafka

import (
	"context"
	"errors"
	"strings"

	"sidecar"
	"sidecar/sock"
)

// The codes of Kafka's errors that a login is answered with.
const (
	codeIllegalSASLState int16 = 34
	codeLoginFailed      int16 = 58
)

// failure is a conversation that came to nothing. Its words say what to do.
type failure struct {
	step  string // what was asked
	words string
	err   error // how the connection ended, if it did
}

func (f *failure) Error() string { return "kafka: " + f.step + ": " + f.words }

// Unwrap is how the connection ended.
func (f *failure) Unwrap() error { return f.err }

// failed is the fault of a dial that ended in this conversation.
func (t *conversation) failed(reason sidecar.Reason, words string, err error) *sidecar.Fault {
	f := &sidecar.Fault{Stage: sidecar.StageDial, Reason: reason, Err: &failure{step: NameOf(t.key), words: words, err: err}}
	if reason == sidecar.ConnectTimeout {
		f.Flags = sidecar.Timeout
	}
	return f
}

// strange is of a peer that answers what brokers do not.
func (t *conversation) strange(err error) *sidecar.Fault {
	return t.failed(sidecar.BadReply, err.Error()+"; is it a Kafka broker?", nil)
}

// unanswered is of a connection that ended, or was given up, before the answer.
func (t *conversation) unanswered(err error) *sidecar.Fault {
	if ended := t.ctx.Err(); ended != nil && (err == sock.ErrWoken || errors.Is(err, ended)) {
		if errors.Is(ended, context.Canceled) {
			return t.failed(sidecar.ConnectFailed, "given up", ended)
		}
		return t.failed(sidecar.ConnectTimeout, "no answer in time"+t.guess(), ended)
	}
	reason, how := sidecar.PeerClosed, "the connection was closed"
	if sock.IsReset(err) {
		reason, how = sidecar.PeerReset, "the connection was reset"
	}
	if err == sock.ErrWoken {
		how = "interrupted"
	}
	if !sock.IsEnd(err) && err != sock.ErrWoken {
		how = err.Error()
	}
	if strings.Contains(how, "remote error: tls: ") { // of a certificate, TLS 1.3 tells behind the greeting
		return t.failed(reason, how+": the broker wants a certificate, or another one: see cert and key in [upstream.X.tls]", err)
	}
	return t.failed(reason, how+t.guess(), err)
}

// guess is what such an end of the connection mostly comes from: brokers close it
// without a word when they do not like what they read.
func (t *conversation) guess() string {
	switch {
	case t.key == KeySASLAuthenticate:
		return ": the broker ends logins so that it refuses: see username, password and mechanism in [upstream.X.kafka]"
	case t.key == KeyAPIVersions && !t.inTLS:
		return ": does the broker speak TLS at this port ([upstream.X.tls]), and is it a Kafka broker?"
	case t.key == KeyAPIVersions:
		return ": is it a Kafka broker?"
	case t.key == KeySASLHandshake:
		return ": does the broker have logins at this port? See mechanism in [upstream.X.kafka]"
	}
	return ": does the broker want a login? See mechanism in [upstream.X.kafka]"
}

// refused is of a broker that answers with an error: what it says itself, without
// the secret that it may repeat, and what to do.
func (t *conversation) refused(code int16, text, secret string) *sidecar.Fault {
	if text = shownText(text, secret); text == "" {
		text = CodeName(code)
	}
	switch code {
	case codeLoginFailed:
		text += "; see username and password in [upstream.X.kafka]"
	case codeIllegalSASLState:
		text += "; the broker has no logins at this port: leave mechanism in [upstream.X.kafka] out, or take its SASL port"
	case codeUnsupportedVersion:
		text += "; the broker does not know this version"
	}
	return t.failed(sidecar.ConnectFailed, "the broker answers: "+text, nil)
}

// maxShown is how much of a broker's own words is told.
const maxShown = 200

// shownText is text of a broker as it may stand in a log.
func shownText(text, secret string) string {
	if secret != "" {
		text = strings.ReplaceAll(text, secret, "***")
	}
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "..."
	}
	return strings.TrimSpace(text)
}
