package kafka

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"github.com/xdg-go/scram"
)

// nonceSize is the bytes that a login by SCRAM is made unique by.
const nonceSize = 24

var errScram = errors.New("these are not the words of a login by SCRAM")

// scramServer is the broker's half of one login by SCRAM (RFC 5802), of two
// rounds. It is our own for the sake of librdkafka before 2.6.1, which repeats its
// nonce before ours in the last round: Kafka's brokers took that until 4.0, and
// the proof is over what it has said, so nobody else's server can be told better.
type scramServer struct {
	hash   scram.HashGeneratorFcn
	stored scram.StoredCredentials
	name   string // who logs in
	own    string // the client's nonce
	nonce  string // the client's and ours
	front  string // the client's first words before the bare ones
	said   string // both sides' first words, as the proof is made of them
}

// begin takes the client's first words; find knows what its login is checked by.
func (s *scramServer) begin(words string, find func(name string) scram.StoredCredentials) (answer string, err error) {
	parts := strings.SplitN(words, ",", 4)
	if len(parts) < 4 || parts[0] != "n" && parts[0] != "y" {
		return "", errScram // "p" would bind the login to a channel of TLS
	}
	bare := strings.Split(words[len(parts[0])+len(parts[1])+2:], ",")
	name, named := strings.CutPrefix(bare[0], "n=")
	own, known := strings.CutPrefix(bare[1], "r=")
	as, other := strings.CutPrefix(parts[1], "a=")
	if !named || !known || own == "" || parts[1] != "" && (!other || as != name) {
		return "", errScram
	}
	var random [nonceSize]byte
	_, _ = rand.Read(random[:]) // never fails
	s.name, s.own = unescaped.Replace(name), own
	s.front, s.nonce = words[:len(parts[0])+len(parts[1])+2], own+base64.RawStdEncoding.EncodeToString(random[:])
	s.stored = find(s.name)
	answer = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString([]byte(s.stored.Salt)), s.stored.Iters)
	s.said = strings.Join(bare, ",") + "," + answer
	return answer, nil
}

// unescaped are names as they are, of what SCRAM writes for "," and "=".
var unescaped = strings.NewReplacer("=2C", ",", "=3D", "=")

// finish takes the client's last words, and proves in turn that the password is
// known here.
func (s *scramServer) finish(words string) (answer string, err error) {
	at := strings.LastIndex(words, ",p=")
	if at < 0 {
		return "", errScram
	}
	proof, err := base64.StdEncoding.DecodeString(words[at+len(",p="):])
	parts := strings.Split(words[:at], ",")
	if err != nil || len(parts) < 2 || parts[0] != "c="+base64.StdEncoding.EncodeToString([]byte(s.front)) {
		return "", errScram
	}
	if parts[1] != "r="+s.nonce && parts[1] != "r="+s.own+s.nonce {
		return "", errScram
	}
	said := []byte(s.said + "," + words[:at])
	key := s.mac(s.stored.StoredKey, said)
	if len(proof) != len(key) {
		return "", errScram
	}
	subtle.XORBytes(key, key, proof)
	h := s.hash()
	h.Write(key)
	if !hmac.Equal(h.Sum(nil), s.stored.StoredKey) {
		return "", errScram
	}
	return "v=" + base64.StdEncoding.EncodeToString(s.mac(s.stored.ServerKey, said)), nil
}

func (s *scramServer) mac(key, said []byte) []byte {
	h := hmac.New(s.hash, key)
	h.Write(said)
	return h.Sum(nil)
}
