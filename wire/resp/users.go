package resp

import (
	"crypto/sha256"
	"crypto/subtle"
)

// defaultUser is who logs in with a password alone.
const defaultUser = "default"

// User is who may use a listener. An empty name is Redis' "default".
type User struct{ Name, Password string }

// Users are those of a listener. Nobody changes them. nil is as a server without
// a password: everybody is "default".
type Users struct {
	names  []string
	hashes [][sha256.Size]byte // so that comparing takes as long for any password
}

// NewUsers are these, nil without any.
func NewUsers(list ...User) *Users {
	if len(list) == 0 {
		return nil
	}
	u := new(Users)
	for _, one := range list {
		if one.Name == "" {
			one.Name = defaultUser
		}
		u.names = append(u.names, one.Name)
		u.hashes = append(u.hashes, sha256.Sum256([]byte(one.Password)))
	}
	return u
}

// first is the user of a connection that has not logged in.
func (u *Users) first() string {
	if u == nil {
		return defaultUser
	}
	return ""
}

// login is the user's name, "" if there is none with that password. How long it
// takes tells nothing of either.
func (u *Users) login(name, password []byte) string {
	if u == nil {
		if string(name) == defaultUser {
			return defaultUser
		}
		return ""
	}
	hash := sha256.Sum256(password)
	found := ""
	for i := range u.names {
		same := subtle.ConstantTimeCompare(hash[:], u.hashes[i][:]) & subtle.ConstantTimeCompare(name, []byte(u.names[i]))
		if same == 1 {
			found = u.names[i]
		}
	}
	return found
}
