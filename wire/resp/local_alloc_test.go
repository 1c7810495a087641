//go:build !race

package resp

import "testing"

func TestAllocNothingAskingThePolicy(t *testing.T) {
	p := mustPolicy(t, Rules{Allow: words("@read @write json.get"), Deny: words("flushall"), AllowKeys: words("a b c"), DenyKeys: words("az")})
	own := newLocal(t, localEnv{policy: p, users: NewUsers(User{Password: "x"})})
	own.do("AUTH", "x")
	other := &Row{Name: "json.get", Flags: reads, Keys: oneKey}
	for _, line := range keyed {
		b, args := spansOf(t, words(line)...)
		r := Of(b, args)
		dst := make([]byte, 0, 256)
		allocatesNothing(t, func() {
			own.state.begin()
			own.state.denied(dst, r, b, args, own.env)
			own.state.denied(dst, other, b, args, own.env)
		})
	}
}

func TestAllocNothingAnsweringPings(t *testing.T) {
	own := newLocal(t, localEnv{})
	for _, line := range []string{"PING", "ECHO a", "SELECT 0", "CLIENT ID", "UNWATCH", "PING a"} {
		b, args := spansOf(t, words(line)...)
		r := Of(b, args)
		dst := make([]byte, 0, 256)
		allocatesNothing(t, func() {
			own.state.begin()
			own.state.local(dst, r, b, args, own.env)
		})
	}
}
