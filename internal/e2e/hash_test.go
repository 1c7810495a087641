package e2e

import (
	"fmt"
	"net/http"
	"testing"
)

// Requests of one user go to one backend, whatever else they ask for, by each
// part of a request that can be a key; when that backend goes, its users alone
// go elsewhere.
func TestUsersStayAtTheirBackend(t *testing.T) {
	for _, policy := range []string{"ring_hash", "maglev"} {
		for _, hash := range []string{"header:X-User", "cookie:user", "path:2", "query:user"} {
			t.Run(policy+" "+hash, func(t *testing.T) { usersStay(t, policy, hash) })
		}
	}
}

func usersStay(t *testing.T, policy, hash string) {
	t.Parallel()
	var backends []*backend
	addresses := ""
	for range 4 {
		b := newBackend(t)
		backends = append(backends, b)
		addresses += "," + b.address()
	}
	p := start(t, "", conf{discover: addresses[1:], upstream: fmt.Sprintf("[upstream.web.balance]\npolicy = %q\nhash = %q", policy, hash)})
	ask := func(user int) int {
		var before [4]int64
		for i, b := range backends {
			before[i] = b.begun.Load()
		}
		r, _ := http.NewRequest("GET", fmt.Sprintf("http://%s/users/%d?user=%d", p.port, user, user), nil)
		r.Header.Set("X-User", fmt.Sprint(user))
		r.Header.Set("Cookie", fmt.Sprintf("a=1; user=%d", user))
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for i, b := range backends {
			if b.begun.Load() != before[i] {
				return i
			}
		}
		t.Fatalf("no backend got it: %s", res.Status)
		return -1
	}
	homes, at := map[int]int{}, [4]int{}
	for user := range 100 {
		homes[user] = ask(user)
		at[homes[user]]++
		if again := ask(user); again != homes[user] {
			t.Errorf("user %d went to %d and to %d", user, homes[user], again)
		}
	}
	for i, n := range at {
		if n < 5 {
			t.Errorf("backend %d has %d of 100 users", i, n)
		}
	}
	backends[0].Close()
	for user, home := range homes {
		if now := ask(user); (home == 0) == (now == home) {
			t.Errorf("user %d went from %d to %d, and 0 is gone", user, home, now)
		}
	}
}
