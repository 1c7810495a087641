package kafka

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/xdg-go/scram"
)

// Bounds of what a broker may have us compute, and keep.
const (
	// maxIterations is far above what brokers have (Kafka's own allow 16,384), and
	// takes a tenth of a second.
	maxIterations = 1 << 17
	// maxFirst is the bytes of a broker's first words: nonce, salt and iterations.
	maxFirst = 2 << 10
	// maxDerived is after how many logins what was derived is dropped: it is kept by
	// salt, and a broker may tell another one each time.
	maxDerived = 1000
)

// scramHash is the hash of a mechanism of SCRAM, nil for others.
func scramHash(mechanism string) scram.HashGeneratorFcn {
	switch mechanism {
	case MechanismScram256:
		return sha256.New
	case MechanismScram512:
		return sha512.New
	}
	return nil
}

// derived are the keys of one user, derived from the password by what a broker
// tells: salt and iterations. That costs milliseconds (it is meant to), while a
// connection serves one client only, so it is done once for all connections.
type derived struct {
	hash               scram.HashGeneratorFcn
	username, password string

	mu     sync.Mutex
	client *scram.Client // guarded by mu
	logins int           // guarded by mu
}

// talk begins a login.
func (d *derived) talk() (*scram.ClientConversation, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.client == nil || d.logins >= maxDerived {
		// Names and passwords go as they are: so do those of Java's client and
		// broker, which would not know each other's by RFC 4013.
		client, err := d.hash.NewClientUnprepped(d.username, d.password, "")
		if err != nil {
			return nil, err
		}
		d.client, d.logins = client, 0
	}
	d.logins++
	return d.client.NewConversation(), nil
}

// speaker is a login by SCRAM (RFC 5802).
func (d *derived) speaker() (speaker, error) {
	talk, err := d.talk()
	if err != nil {
		return nil, err
	}
	round := 0
	return func(heard []byte) ([]byte, bool, error) {
		round++
		if round == 2 {
			if err := bearable(heard); err != nil {
				return nil, true, err
			}
		}
		if round <= 2 {
			say, err := talk.Step(string(heard))
			return []byte(say), false, err
		}
		if len(heard) == 0 {
			return nil, true, errNotProved
		}
		_, err := talk.Step(string(heard))
		return nil, true, err
	}, nil
}

// bearable refuses a broker's first words that would have us compute for long.
func bearable(heard []byte) error {
	if len(heard) > maxFirst {
		return fmt.Errorf("the broker begins with %d bytes, more than %d", len(heard), maxFirst)
	}
	for part := range strings.SplitSeq(string(heard), ",") {
		if n, ok := strings.CutPrefix(part, "i="); ok {
			if i, err := strconv.Atoi(n); err != nil || i > maxIterations {
				return fmt.Errorf("the broker asks for %s iterations, more than %d", shownText(n, ""), maxIterations)
			}
		}
	}
	return nil
}
