package kafka

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"testing"
)

// scrammed is whether bob comes in by SCRAM-SHA-256 with last words that begin with
// channel and have the nonce made of the client's own and the one that it was told.
func scrammed(t *testing.T, password, channel string, nonce func(own, told string) string) bool {
	t.Helper()
	term := NewTerminal(logins(t, MechanismScram256))
	if code, p := term.take(t, shake(1, MechanismScram256)); code != 0 || p != nil {
		t.Fatalf("%d, %v", code, p)
	}
	const own, bare = "0123", "n=bob,r=0123"
	first, ok := term.scram([]byte("n,," + bare))
	told := strings.Split(string(first), ",")
	if !ok || len(told) != 3 {
		t.Fatalf("first words: %q", first)
	}
	salt, _ := base64.StdEncoding.DecodeString(told[1][len("s="):])
	last := channel + ",r=" + nonce(own, told[0][len("r="):])
	salted, _ := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	key := mac(salted, "Client Key")
	stored := sha256.Sum256(key)
	said := bare + "," + string(first) + "," + last
	proof := make([]byte, len(key))
	subtle.XORBytes(proof, key, mac(stored[:], said))
	heard, ok := term.scram([]byte(last + ",p=" + base64.StdEncoding.EncodeToString(proof)))
	if ok && string(heard) != "v="+base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), said)) {
		t.Errorf("the sidecar does not prove itself: %q", heard)
	}
	return ok && term.User() == "bob" && !term.Waits()
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// librdkafka before 2.6.1 puts its own nonce before the one that it was told, which
// begins with it: what Debian 12 has is one of those.
func TestScramTakesTheNonceThatWasToldAndLibrdkafkasOldOne(t *testing.T) {
	const none = "c=biws"
	for _, c := range []struct {
		name, password, channel string
		nonce                   func(own, told string) string
		want                    bool
	}{
		{"as told", "b", none, func(_, told string) string { return told }, true},
		{"its own twice", "b", none, func(own, told string) string { return own + told }, true},
		{"its own only", "b", none, func(own, _ string) string { return own }, false},
		{"another's", "b", none, func(_, told string) string { return "x" + told }, false},
		{"an old one", "b", none, func(own, _ string) string { return own + strings.Repeat("A", 32) }, false},
		{"a wrong password", "c", none, func(_, told string) string { return told }, false},
		{"another channel", "b", "c=eSws", func(_, told string) string { return told }, false},
	} {
		if got := scrammed(t, c.password, c.channel, c.nonce); got != c.want {
			t.Errorf("%s: in is %v", c.name, got)
		}
	}
}

func TestScramWordsThatAreNoneAreRefused(t *testing.T) {
	for _, words := range []string{
		"", "n", ",,,", "n,,n=bob", "n,,r=a,n=bob", "n,,n=bob,r=", "p=tls-unique,,n=bob,r=a", "n,a=eve,n=bob,r=a", "n,x,n=bob,r=a", "n,,m=1,n=bob,r=a",
	} {
		term := NewTerminal(logins(t, MechanismScram256))
		term.take(t, shake(1, MechanismScram256))
		if heard, ok := term.scram([]byte(words)); ok {
			t.Errorf("%q is answered %q", words, heard)
		}
	}
	for _, words := range []string{"", ",p=", "c=biws,p=", "r=a,p=AAAA", "c=biws,r=a", "c=biws,r=a,p=*"} {
		term := NewTerminal(logins(t, MechanismScram256))
		term.take(t, shake(1, MechanismScram256))
		if _, ok := term.scram([]byte("n,a=bob,n=bob,r=a")); !ok {
			t.Fatal("a login on one's own behalf is refused")
		}
		if heard, ok := term.scram([]byte(words)); ok {
			t.Errorf("%q is answered %q", words, heard)
		}
	}
}
