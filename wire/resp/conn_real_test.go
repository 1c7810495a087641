package resp

import (
	"strings"
	"testing"

	"sidecar"
)

// dialled is a shared connection to a real server, or why there is none.
func dialled(l *lab, path string, s DialSettings, v Version) (*Conn, error) {
	s.MaxReply = DefaultMaxReply
	l.Set(s)
	c, err := l.Connect(l.t.Context(), "unix:"+path, v)
	if err == nil {
		l.t.Cleanup(c.Close)
	}
	return c, err
}

// tell performs commands, one call each, and gives the last reply.
func tell(t *testing.T, s sidecar.Service, commands ...string) (reply string) {
	t.Helper()
	for _, c := range commands {
		var f *sidecar.Fault
		if reply, f = newAsk(strings.Fields(c)).over(s); f != nil {
			t.Fatalf("%s: %v", c, f)
		}
	}
	return reply
}

func TestARealServerTakesUsersPasswordsAndDatabases(t *testing.T) {
	path := startRedis(t, false)
	direct := dialRedis(t, path)
	direct.do("ACL", "SETUSER", "reader", "on", ">rp", "~*", "+@read", "+select", "+hello")
	direct.do("CONFIG", "SET", "requirepass", "pw")
	for _, c := range []struct {
		name string
		set  DialSettings
		v    Version
		want string // of the error
		ask  string
		says string
	}{
		{"none where one is wanted", DialSettings{}, RESP2, "the server wants a password", "", ""},
		{"none in RESP3", DialSettings{}, RESP3, "the server wants a password", "", ""},
		{"a wrong one", DialSettings{Password: "no"}, RESP2, "WRONGPASS", "", ""},
		{"a wrong one in RESP3", DialSettings{Password: "no"}, RESP3, "WRONGPASS", "", ""},
		{"an unknown user", DialSettings{Username: "who", Password: "pw"}, RESP2, "WRONGPASS", "", ""},
		{"the password", DialSettings{Password: "pw"}, RESP2, "", "set k v", "+OK\r\n"},
		{"the password in RESP3", DialSettings{Password: "pw"}, RESP3, "", "get none", "_\r\n"},
		{"a user", DialSettings{Username: "reader", Password: "rp"}, RESP2, "", "get k", "$1\r\nv\r\n"},
		{"a user that may not write", DialSettings{Username: "reader", Password: "rp"}, RESP3, "", "set k v", "-NOPERM"},
		{"a database", DialSettings{Password: "pw", Database: 3}, RESP2, "", "get k", "$-1\r\n"},
		{"a database too many", DialSettings{Password: "pw", Database: 99}, RESP2, "see database in", "", ""},
		{"replicas of no cluster", DialSettings{Password: "pw", ReadOnly: true}, RESP2, "cluster support disabled", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLab(t, DialSettings{})
			conn, err := dialled(l, path, c.set, c.v)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("dialled: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := tell(t, conn, c.ask); !strings.HasPrefix(got, c.says) {
				t.Errorf("%s: %q, want %q", c.ask, got, c.says)
			}
		})
	}
	if got := string(direct.do("CLIENT", "LIST")); !strings.Contains(got, "name=") {
		t.Errorf("CLIENT LIST: %s", got)
	}
}

func TestARealServerForgetsWhatATalkLeft(t *testing.T) {
	path := startRedis(t, false)
	for _, v := range []Version{RESP2, RESP3} {
		l := newLab(t, DialSettings{Database: 2})
		conn := l.openAlone("unix:" + path)
		for _, say := range []*relay{
			{words: [][]string{{"multi"}, {"set", "k", "v"}}, replies: 2},
			{words: [][]string{{"watch", "k"}}, replies: 1},
			{words: [][]string{{"subscribe", "a", "b"}, {"psubscribe", "c*"}}, replies: 3},
		} {
			if f := talkOver(conn, v, say); f != nil {
				t.Fatal(f)
			}
			if got := tell(t, conn, "publish a x"); got != ":0\r\n" {
				t.Errorf("after %v it is subscribed to: %q", say.words, got)
			}
			if got := tell(t, conn, "client info"); !strings.Contains(got, " db=2 sub=0 psub=0 ") || !strings.Contains(got, " multi=-1 ") {
				t.Errorf("after %v: %s", say.words, got)
			}
		}
	}
}

func TestARealClusterNodeAnswersFromReplicas(t *testing.T) {
	path := startRedis(t, true)
	l := newLab(t, DialSettings{})
	conn, err := dialled(l, path, DialSettings{ReadOnly: true}, RESP3)
	if err != nil {
		t.Fatal(err)
	}
	if got := tell(t, conn, "client info"); !strings.Contains(got, " flags=Ur ") {
		t.Errorf("it is not read only: %s", got)
	}
}

// A connection that the server ends fails what is on it, and tells so.
func TestARealServerEndsAConnection(t *testing.T) {
	path := startRedis(t, false)
	l := newLab(t, DialSettings{})
	conn, err := dialled(l, path, DialSettings{}, RESP2)
	if err != nil {
		t.Fatal(err)
	}
	tell(t, conn, "set k v", "get k")
	dialRedis(t, path).do("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	<-conn.core.Ended()
	if _, f := newAsk([]string{"get", "k"}).over(conn); f == nil || !f.Has(sidecar.Unsent|sidecar.Stale) {
		t.Errorf("got %v", f)
	}
}

// The same at a server that has no RESET, as before Redis 6.2.
func TestARealServerWithoutResetForgetsIt(t *testing.T) {
	path := startRedis(t, false, "--rename-command", "RESET", "")
	l := newLab(t, DialSettings{})
	conn := l.openAlone("unix:" + path)
	if f := talkOver(conn, RESP2, &relay{words: [][]string{{"multi"}}, replies: 1}); f != nil {
		t.Fatal(f)
	}
	if _, f := newAsk([]string{"get", "k"}).over(conn); f == nil || !f.Has(sidecar.Stale|sidecar.Unsent) {
		t.Fatalf("got %v", f)
	}
	conn = l.openAlone("unix:" + path)
	for _, say := range []*relay{
		{words: [][]string{{"multi"}, {"set", "k", "v"}}, replies: 2},
		{words: [][]string{{"subscribe", "a", "b"}, {"psubscribe", "c*"}}, replies: 3},
	} {
		if f := talkOver(conn, RESP2, say); f != nil {
			t.Fatal(f)
		}
		if got := tell(t, conn, "client info"); !strings.Contains(got, " db=0 sub=0 psub=0 ") || !strings.Contains(got, " multi=-1 ") {
			t.Errorf("after %v: %s", say.words, got)
		}
	}
}
