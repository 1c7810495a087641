package kafka

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"slices"

	"github.com/xdg-go/scram"
)

// User is somebody who may log in to a listener.
type User struct{ Name, Password string }

// Logins are who may log in to a listener, and how. Without users nobody need log
// in, and who tries is told that there is no way to: the sidecar has logged in to
// the broker itself, which would not take another login on the same connection.
type Logins struct {
	mechanisms []string
	users      map[string]*secrets
	nobody     *secrets // of who is not known: it takes as long as one who is
	seed       []byte   // of the salts of who is not known
}

// secrets are what a user's login is checked by. The password itself is not kept.
type secrets struct {
	plain [sha256.Size]byte // of the password with the seed
	keys  map[string]scram.StoredCredentials
}

// Sizes of what SCRAM derives keys by. Kafka's own brokers have as many iterations.
const (
	iterations = 4096
	saltSize   = 16
)

// NewLogins derives what users' logins are checked by: milliseconds for each, so it
// is done when settings are read and not when somebody logs in.
func NewLogins(users []User, mechanisms []string) (*Logins, error) {
	l := &Logins{users: map[string]*secrets{}, seed: make([]byte, 2*sha256.Size)}
	_, _ = rand.Read(l.seed) // never fails
	if len(users) == 0 {
		return l, nil
	}
	l.mechanisms = slices.Sorted(slices.Values(mechanisms))
	for _, m := range l.mechanisms {
		if scramHash(m) == nil && m != MechanismPlain {
			return nil, fmt.Errorf("clients cannot log in by %s", m)
		}
	}
	for _, u := range users {
		s, err := l.derive(u.Password)
		if err != nil {
			return nil, err
		}
		l.users[u.Name] = s
	}
	none := make([]byte, sha256.Size)
	_, _ = rand.Read(none)
	var err error
	l.nobody, err = l.derive(string(none))
	return l, err
}

// derive is what a login with password is checked by.
func (l *Logins) derive(password string) (*secrets, error) {
	s := &secrets{plain: l.digest(password), keys: map[string]scram.StoredCredentials{}}
	for _, m := range l.mechanisms {
		if scramHash(m) == nil {
			continue
		}
		salt := make([]byte, saltSize)
		_, _ = rand.Read(salt)
		c, err := scramHash(m).NewClientUnprepped("", password, "")
		if err != nil {
			return nil, err
		}
		if s.keys[m], err = c.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: iterations}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// required tells whether clients have to log in.
func (l *Logins) required() bool { return l != nil && len(l.users) > 0 }

// digest has one length for all passwords, so that comparing tells nothing of it.
func (l *Logins) digest(password string) (d [sha256.Size]byte) {
	h := hmac.New(sha256.New, l.seed)
	h.Write([]byte(password))
	h.Sum(d[:0])
	return d
}

// right tells whether password is name's.
func (l *Logins) right(name, password string) bool {
	s, known := l.users[name]
	if !known {
		s = l.nobody
	}
	given := l.digest(password)
	return subtle.ConstantTimeCompare(given[:], s.plain[:]) == 1 && known
}

// stored is what name's login by SCRAM is checked by. Who is not known gets a salt
// too, always the same one, and fails later, as with a wrong password.
func (l *Logins) stored(mechanism, name string) scram.StoredCredentials {
	if s, known := l.users[name]; known {
		return s.keys[mechanism]
	}
	c := l.nobody.keys[mechanism]
	h := hmac.New(sha256.New, l.seed)
	h.Write([]byte(name))
	c.Salt = string(h.Sum(nil)[:saltSize])
	return c
}
