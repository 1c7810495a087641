package resp

import (
	"slices"
	"strings"
	"testing"
)

// What a script answers may be its client's own words: a redirect among them
// must lead no other client, nor our password, to a server of its choice.
func TestARedirectThatAScriptMayHaveMadeUpIsNotTakenUp(t *testing.T) {
	const key = "foo" // of slot 12182
	for _, c := range []struct {
		name, says, want string
		asked            []string
	}{
		{"of another slot", "-MOVED 5 evil:1\r\n", "-MOVED 5 evil:1\r\n", []string{"b:1"}},
		{"to a server that nobody knows", "-MOVED 12182 evil:1\r\n", "+b:1\r\n", []string{"b:1", "b:1"}},
		{"for one command, to a server that nobody knows", "-ASK 12182 evil:1\r\n", "+b:1\r\n", []string{"b:1", "b:1"}},
		{"to a server that is known", "-MOVED 12182 a:1\r\n", "+a:1\r\n", []string{"b:1", "a:1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHarness(t)
			m, err := NewClusterMap([]Shard{{Master: "a:1"}, {Master: "b:1"}}, []SlotRange{{0, 8191, 0}, {8192, Slots - 1, 1}})
			if err != nil {
				t.Fatal(err)
			}
			var met []string
			h.target.Keys = NewKeyspace(KeyspaceParams{Map: m, Meet: func(a string) { met = append(met, a) }, Look: func() {}})
			first := true
			var asked []string
			h.say = func(endpoint string, args []string) string {
				asked = append(asked, endpoint)
				if first {
					first = false
					return c.says
				}
				return "+" + endpoint + "\r\n"
			}
			cl := h.client()
			cl.Send(req("EVAL", "return redis.error_reply(ARGV[1])", "1", key, strings.Trim(c.says, "-\r\n")))
			cl.Expect(c.want)
			if len(met) > 0 || h.target.Keys.Map() != m {
				t.Errorf("it was taken up: met %v", met)
			}
			if !slices.Equal(asked, c.asked) {
				t.Errorf("asked %v, want %v", asked, c.asked)
			}
		})
	}
}
