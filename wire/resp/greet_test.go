package resp

import (
	"net"
	"strings"
	"testing"

	"sidecar"
)

func TestGreetingsSayWhatIsConfigured(t *testing.T) {
	for _, c := range []struct {
		name string
		set  DialSettings
		v    Version
		want string
	}{
		{"nothing", DialSettings{}, RESP2, "CLIENT SETNAME sidecar"},
		{"RESP3", DialSettings{}, RESP3, "HELLO 3|CLIENT SETNAME sidecar"},
		{"password", DialSettings{Password: "p"}, RESP2, "AUTH p|CLIENT SETNAME sidecar"},
		{"user", DialSettings{Username: "u", Password: "p"}, RESP2, "AUTH u p|CLIENT SETNAME sidecar"},
		{"password in RESP3", DialSettings{Password: "p"}, RESP3, "HELLO 3 AUTH default p|CLIENT SETNAME sidecar"},
		{"all", DialSettings{Username: "u", Password: "p", Database: 3, ReadOnly: true}, RESP3, "HELLO 3 AUTH u p|SELECT 3|READONLY|CLIENT SETNAME sidecar"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := c.set.greeting(c.v)
			var said []string
			for b := g.text; len(b) > 0; {
				args, n := oneCommand(nil, b)
				var words []string
				for _, a := range args {
					words = append(words, string(a))
				}
				said = append(said, strings.Join(words, " "))
				b = b[n:]
			}
			if got := strings.Join(said, "|"); got != c.want || len(said) != len(g.steps) {
				t.Errorf("says %s, want %s", got, c.want)
			}
		})
	}
}

func TestAGreetingThatIsNotAnsweredFailsTheDial(t *testing.T) {
	for _, c := range []struct {
		name, answer string
		reason       sidecar.Reason
		text         string
	}{
		{"a wrong password", "-WRONGPASS invalid username-password pair or user is disabled.\r\n", sidecar.ConnectFailed, "AUTH is answered: WRONGPASS invalid"},
		{"no password where one is wanted", "+OK\r\n-NOAUTH Authentication required.\r\n", sidecar.ConnectFailed, "the server wants a password"},
		{"too many connections", "-ERR max number of clients reached\r\n", sidecar.ConnectFailed, "max number of clients"},
		{"another protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", sidecar.BadReply, "is it a Redis server?"},
		{"the arguments", "-ERR unknown command `AUTH`, with args beginning with: `secret`, \r\n", sidecar.ConnectFailed, "AUTH is answered: ERR unknown command `AUTH`"},
		{"the arguments, cut", "-ERR unknown command 'AUTH', with args beginning with: 'sec\r\n", sidecar.ConnectFailed, "unknown command 'AUTH';"},
		{"the password", "-ERR secret is no password\r\n", sidecar.ConnectFailed, "ERR *** is no password"},
		{"the end", "", sidecar.PeerClosed, "is it a Redis server?"},
		{"a push", ">1\r\n+a\r\n", sidecar.BadReply, "push message"},
		{"an answer without an end", "$100000\r\n" + strings.Repeat("x", 50_000), sidecar.BadReply, "longer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{Password: "secret"})
			address := l.serve(func(nc net.Conn) {
				nc.Write([]byte(c.answer))
				nc.(*net.TCPConn).CloseWrite()
				swallow(nc)
			})
			_, err := l.Connect(t.Context(), address, RESP2)
			f := sidecar.FaultOf(err)
			if f == nil || f.Reason != c.reason || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Error("the password is told")
			}
		})
	}
}

func TestANameThatIsRefusedMattersToNobody(t *testing.T) {
	l := newLab(t, DialSettings{})
	address := l.serve(func(nc net.Conn) {
		nc.Write([]byte("-NOPERM this user has no permissions to run the 'client|setname' command\r\n"))
		swallow(nc)
	})
	l.open(address)
}
