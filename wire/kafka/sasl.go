package kafka

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
)

// The mechanisms by which the sidecar logs in, and lets clients log in.
const (
	MechanismPlain    = "PLAIN"
	MechanismScram256 = "SCRAM-SHA-256"
	MechanismScram512 = "SCRAM-SHA-512"
	MechanismToken    = "OAUTHBEARER"
)

// maxRounds is how often a login may go to and fro: SCRAM takes two rounds.
const maxRounds = 8

// account is who the sidecar is to brokers, by one version of the settings.
type account struct {
	DialSettings
	keys *derived // of SCRAM
}

func newAccount(s DialSettings) *account {
	a := &account{DialSettings: s}
	if hash := scramHash(s.Mechanism); hash != nil {
		a.keys = &derived{hash: hash, username: s.Username, password: s.Password}
	}
	return a
}

// same tells whether b is the same user by the same mechanism: brokers let a
// connection log in anew as the one it is only.
func (a *account) same(b *account) bool {
	return a == b || a.Mechanism == b.Mechanism && a.Username == b.Username
}

// secret is what no text may repeat.
func (a *account) secret() string { return a.Password }

// speaker is the client's side of a mechanism: what to say to the broker's last
// words, none at first. The login is over when the broker answers what was said
// with done.
type speaker func(heard []byte) (say []byte, done bool, err error)

// speaker begins a login.
func (a *account) speaker(ctx context.Context) (speaker, error) {
	switch a.Mechanism {
	case MechanismPlain: // RFC 4616
		return sayPlain(a.Username, a.Password), nil
	case MechanismScram256, MechanismScram512:
		return a.keys.speaker()
	case MechanismToken: // RFC 7628
		if a.Token == nil {
			return nil, errNoToken
		}
		token, err := a.Token(ctx)
		if err != nil {
			return nil, fmt.Errorf("no token: %w", err)
		}
		return sayToken(token), nil
	}
	return nil, errMechanism
}

var (
	errNoToken   = errors.New("no token is configured")
	errMechanism = errors.New("a mechanism that is not known here")
	errRounds    = errors.New("the broker asks for more and more")
	errNotProved = errors.New("the broker takes the login without having proved that it knows the password")
)

func sayPlain(username, password string) speaker {
	return func([]byte) ([]byte, bool, error) {
		return []byte("\x00" + username + "\x00" + password), true, nil
	}
}

func sayToken(token string) speaker {
	return func(heard []byte) ([]byte, bool, error) {
		if len(heard) > 0 { // RFC 7628, 3.2.2: why the token is refused, in JSON
			return nil, true, errors.New("the broker refuses the token: " + shownText(string(heard), token))
		}
		return []byte("n,,\x01auth=Bearer " + token + "\x01\x01"), true, nil
	}
}

// login logs c in; most is the broker's highest version of SaslAuthenticate.
func (c *Conn) login(ctx context.Context, t *conversation, most int16) error {
	a := c.account
	if most < 0 {
		t.key = KeySASLAuthenticate
		return t.failed(sidecar.ConnectFailed, "the broker is older than Kafka 1.0 and cannot be logged in to", nil)
	}
	t.key = KeySASLHandshake
	speak, err := a.speaker(ctx)
	if err != nil {
		return t.failed(sidecar.ConnectFailed, a.Mechanism+": "+err.Error()+"; see [upstream.X.kafka]", nil)
	}
	if err := t.shake(a.Mechanism); err != nil {
		return err
	}
	life, err := t.authenticate(a, speak, most)
	if err != nil {
		return err
	}
	c.auth = most
	c.lives(life)
	return nil
}

// shake says how we are going to log in.
func (t *conversation) shake(mechanism string) error {
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version = 1 // of version 0 follow tokens without frames
	req.Mechanism = mechanism
	answer, err := t.ask(req)
	if err != nil {
		return err
	}
	shaken := answer.(*kmsg.SASLHandshakeResponse)
	switch shaken.ErrorCode {
	case 0:
		return nil
	case codeUnsupportedSASLMechanism:
		has := slices.Clone(shaken.SupportedMechanisms)
		slices.Sort(has)
		return t.failed(sidecar.ConnectFailed, fmt.Sprintf("the broker has no %s at this port, it has: %s; see mechanism in [upstream.X.kafka]",
			mechanism, shownText(strings.Join(has, ", "), "")), nil)
	}
	return t.refused(shaken.ErrorCode, "", "")
}

// authenticate goes through the rounds of a login, and gives how long it holds, 0
// for ever.
func (t *conversation) authenticate(a *account, speak speaker, most int16) (life time.Duration, err error) {
	t.key = KeySASLAuthenticate
	var heard []byte
	for range maxRounds {
		say, done, err := speak(heard)
		if err != nil {
			return 0, t.failed(sidecar.ConnectFailed, a.Mechanism+": "+shownText(err.Error(), a.secret()), nil)
		}
		if say == nil { // what was heard last is right
			return life, nil
		}
		req := kmsg.NewPtrSASLAuthenticateRequest()
		req.Version = min(most, req.MaxVersion())
		req.SASLAuthBytes = say
		answer, err := t.ask(req)
		if err != nil {
			return 0, err
		}
		told := answer.(*kmsg.SASLAuthenticateResponse)
		if told.ErrorCode != 0 {
			text := ""
			if told.ErrorMessage != nil {
				text = *told.ErrorMessage
			}
			return 0, t.refused(told.ErrorCode, text, a.secret())
		}
		life = time.Duration(told.SessionLifetimeMillis) * time.Millisecond
		if heard = told.SASLAuthBytes; done && (len(heard) == 0 || a.Mechanism == MechanismPlain) {
			return life, nil
		}
	}
	return 0, t.failed(sidecar.ConnectFailed, errRounds.Error(), nil)
}

// When a login of limited life is made anew: at a random part of it between the
// two, or all connections that were made at once would come back at once. Java's
// client takes the same (KIP-368).
const (
	renewEarliest = 0.85
	renewLatest   = 0.95
)

// lives notes how long the login holds from now, 0 for ever.
func (c *Conn) lives(life time.Duration) {
	c.Expires, c.Renew = 0, 0
	if life > 0 {
		now := c.dialer.params.Now()
		c.Expires = now + int64(life)
		c.Renew = now + int64(float64(life)*(renewEarliest+(renewLatest-renewEarliest)*rand.Float64())) // #nosec G404 -- spreads load
	}
}
