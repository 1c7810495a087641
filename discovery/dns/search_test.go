package dns

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The targets of a service are full names, looked up between its records: they
// must not make forgotten which name of the service answered.
func TestSearchRemembersTheServiceWhileItsTargetsAreLookedUp(t *testing.T) {
	r := newResolver(nil)
	r.config = filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(r.config, []byte("search a.test b.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := func(string) (answer, error) { return at(1, "10.0.0.1"), nil }
	for _, name := range []string{"_http._tcp.users", "host1.a.test."} {
		if _, err := r.search(name, good); err != nil {
			t.Fatal(err)
		}
	}
	asked := 0
	_, err := r.search("_http._tcp.users", func(string) (answer, error) {
		asked++
		return answer{}, errors.New("SERVFAIL")
	})
	if err == nil || asked != 1 {
		t.Errorf("asked %d names after the one that had answered failed (%v), want 1", asked, err)
	}
}

// A server that fails on the name that is known must not send the requests to
// whoever has a likely name in another domain.
func TestSearchStaysWithTheNameThatAnsweredWhenThatFails(t *testing.T) {
	r := newResolver(nil)
	r.config = filepath.Join(t.TempDir(), "resolv.conf")
	if err := os.WriteFile(r.config, []byte("search a.test b.test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	down, none := errors.New("SERVFAIL"), answer{none: "no such name"}
	type says struct {
		a   answer
		err error
	}
	for i, c := range []struct {
		zone  map[string]says
		asked string
		found bool
		err   bool
	}{
		{map[string]says{"users.a.test.": {err: down}, "users.b.test.": {a: at(1, "10.0.0.2")}}, "users.a.test. users.b.test.", true, false},
		{map[string]says{"users.a.test.": {a: at(1, "10.0.0.1")}}, "users.a.test.", true, false},
		{map[string]says{"users.a.test.": {err: down}, "users.b.test.": {a: at(1, "10.0.0.2")}}, "users.a.test.", false, true},
		{map[string]says{"users.a.test.": {a: none}, "users.b.test.": {a: at(1, "10.0.0.2")}}, "users.a.test. users.b.test.", true, false},
		{map[string]says{"users.a.test.": {err: down}, "users.b.test.": {a: none}}, "users.a.test. users.b.test. users.", false, true},
	} {
		var asked []string
		got, err := r.search("users", func(full string) (answer, error) {
			asked = append(asked, full)
			if s, ok := c.zone[full]; ok {
				return s.a, s.err
			}
			return none, nil
		})
		if strings.Join(asked, " ") != c.asked || (len(got.addresses) > 0) != c.found || (err != nil) != c.err {
			t.Errorf("round %d: asked %v, got %+v, %v", i, asked, got, err)
		}
	}
}
