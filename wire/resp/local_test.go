package resp

import (
	"strings"
	"testing"
	"time"
)

// localClient is a client of a listener, without a connection.
type localClient struct {
	t     testing.TB
	state clientState
	env   *localEnv
}

const nodeID = "07c37dfeb235213a872192d90877d0cd55635b91"

func newLocal(t testing.TB, env localEnv) *localClient {
	env.id = nodeID
	env.version = "1.2.3"
	env.redis = "7.0.15"
	env.started = time.Unix(1000, 0)
	env.now = func() time.Time { return time.Unix(1100, 0) }
	k := &localClient{t: t, env: &env, state: clientState{id: 7, addr: "10.0.0.1:5000", laddr: "127.0.0.1:6379", host: "127.0.0.1", port: 6379, since: time.Unix(1060, 0)}}
	k.state.start(k.env)
	return k
}

// do is what a server does with a command that it answers itself.
func (k *localClient) do(args ...string) string {
	k.t.Helper()
	reply, _ := k.told(args...)
	return reply
}

func (k *localClient) told(args ...string) (string, act) {
	k.t.Helper()
	b, spans := spansOf(k.t, args...)
	k.state.begin()
	r := Of(b, spans)
	switch {
	case r == nil:
		return string(AppendUnknown(nil, b, spans)), goOn
	case r.Container() && r.Treatment == Refuse && len(spans) > 1:
		return string(AppendUnknownSub(nil, r, spans[1].Of(b))), goOn
	case !r.Fits(len(spans)):
		return string(AppendWrongArity(nil, r)), goOn
	case r.Treatment != Local:
		k.t.Fatalf("%q is %v", args, r.Treatment)
	}
	reply, then := k.state.local(nil, r, b, spans, k.env)
	rest := reply
	for len(rest) > 0 {
		end, p := WalkReply(rest)
		if p != nil {
			k.t.Fatalf("%q: %q: %v", args, reply, p)
		}
		rest = rest[end:]
	}
	return string(reply), then
}

// normal is a reply without what differs between any two servers.
func normal(reply, id, node string) string {
	reply = strings.ReplaceAll(reply, ":"+id+"\r\n", ":ID\r\n")
	if node == "" {
		return reply
	}
	return strings.ReplaceAll(reply, node, "NODE")
}

// The lines that a real server alone, and in a cluster, answers byte for byte as
// the sidecar does; NEW is another connection.
var alone = `
PING|PING a|PING a b|ECHO x|ECHO|HELLO|HELLO 2|HELLO 4|HELLO x|HELLO 1|HELLO 3|PING|HELLO|HELLO 3 SETNAME foo|CLIENT GETNAME|HELLO 3 SETNAME|HELLO 3 AUTH default
HELLO 3 AUTH default x|HELLO 2 AUTH nope x SETNAME q|HELLO 3 BLAH|CLIENT GETNAME|HELLO 2 SETNAME bar AUTH default y|CLIENT GETNAME|RESET|CLIENT GETNAME
NEW|AUTH x|AUTH default x|AUTH nope x|AUTH a b c|AUTH|CLIENT SETNAME abc|CLIENT GETNAME|CLIENT SETNAME|CLIENT ID|CLIENT|CLIENT NOPE
CLIENT LIST TYPE pubsub|CLIENT LIST TYPE foo|CLIENT LIST ID 99|CLIENT LIST ID x|CLIENT LIST FOO|CLIENT LIST ID|CLIENT LIST TYPE normal foo|CLIENT NO-EVICT on|CLIENT NO-EVICT x
CLIENT REPLY on|CLIENT REPLY x|CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT CACHING yes|CLIENT TRACKING off|CLIENT TRACKING x
HELLO 3|CLIENT TRACKINGINFO|CLIENT LIST TYPE pubsub|CLIENT GETNAME|UNSUBSCRIBE|PUNSUBSCRIBE a|RESET|SELECT 0|SELECT -1|SELECT x|SELECT
EXEC|DISCARD|UNWATCH|UNSUBSCRIBE|UNSUBSCRIBE a|PUNSUBSCRIBE|SUNSUBSCRIBE|SUNSUBSCRIBE a|EXEC a|ROLE|INFO keyspace|INFO foo|INFO modules
HELLO 3|INFO keyspace|CONFIG GET save|CONFIG GET maxmemory|CONFIG GET nope|CONFIG GET|CONFIG GET proto-max-bulk-l?n|CONFIG GET [a]ppendonly|CONFIG GET notify-*-events|CONFIG GET DATABASES
ACL WHOAMI|ACL|ROLE|RESET|CONFIG GET timeout|CONFIG GET maxclients|CONFIG GET tcp-keepalive|CONFIG GET appendfsync|CONFIG GET client-query-buffer-limit|CONFIG GET maxmemory-policy|CONFIG GET requirepass
QUIT`

// HELLO is not among these: there a server names its mode, and the sidecar says
// standalone, as its clients need no cluster.
var clustered = `
READONLY|READWRITE|ASKING|CLUSTER SLOTS|CLUSTER SHARDS|CLUSTER MYID|CLUSTER KEYSLOT {a}b|CLUSTER KEYSLOT|CLUSTER LINKS|CLUSTER REPLICAS x|CLUSTER SLAVES x|CLUSTER NOPE
CLUSTER SLOTS|CLUSTER SHARDS|CLUSTER LINKS|INFO cluster|SELECT 0`

func TestLocalAnswersAreThoseOfARealServer(t *testing.T) {
	for _, c := range []struct {
		name, lines string
		cluster     bool
	}{{"alone", alone, false}, {"cluster", clustered, true}} {
		t.Run(c.name, func(t *testing.T) {
			path := startRedis(t, c.cluster)
			redis, own := dialRedis(t, path), newLocal(t, localEnv{})
			node := ""
			if c.cluster {
				redis.do("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
				v, _ := value(t, redis.do("CLUSTER", "MYID"))
				node = v.(string)
				own.state.host, own.state.port = "", 0
			}
			for _, line := range strings.FieldsFunc(c.lines, func(r rune) bool { return r == '|' || r == '\n' }) {
				if line == "NEW" {
					redis, own = dialRedis(t, path), newLocal(t, localEnv{})
					continue
				}
				args := words(line)
				got := own.do(args...)
				want := normal(string(redis.do(args...)), clientID(redis, args), node)
				if got = normal(got, "7", nodeID); got != want {
					t.Errorf("%s: %q, Redis says %q", line, got, want)
				}
			}
		})
	}
}

// clientID is what the server calls the connection.
func clientID(k *talk, args []string) string {
	if strings.EqualFold(args[0], "quit") {
		return ""
	}
	v, _ := value(k.t, k.do("CLIENT", "ID"))
	return v.(string)
}

func TestRepliesAreMutedAsRedisDoes(t *testing.T) {
	path := startRedis(t, false)
	for _, lines := range []string{
		"CLIENT REPLY OFF|PING a|PING b|CLIENT REPLY ON|PING c",
		"CLIENT REPLY SKIP|PING a|PING b",
		"CLIENT REPLY SKIP|CLIENT REPLY ON|PING b",
		"CLIENT REPLY SKIP|CLIENT REPLY SKIP|PING a|PING b",
		"CLIENT REPLY SKIP|CLIENT REPLY OFF|PING a|CLIENT REPLY ON",
		"CLIENT REPLY OFF|CLIENT REPLY SKIP|PING a|CLIENT REPLY ON|PING b",
		"CLIENT REPLY OFF|CLIENT REPLY x|PING a|RESET|PING b",
		"CLIENT REPLY SKIP|RESET|PING b",
		"CLIENT REPLY OFF|QUIT",
		"CLIENT REPLY OFF|HELLO x|AUTH a b c|UNSUBSCRIBE a b|ECHO",
	} {
		own := newLocal(t, localEnv{})
		var sent []byte
		got := ""
		for _, line := range strings.Split(lines, "|") {
			sent = AppendCommand(sent, words(line)...)
			reply := own.do(words(line)...)
			if !own.state.mute {
				got += reply
			}
		}
		if want := dialRedis(t, path).raw(string(sent)); got != want {
			t.Errorf("%s: %q, Redis says %q", lines, got, want)
		}
	}
}

func TestLocalAnswersOfWhatOnlyASidecarHas(t *testing.T) {
	users := NewUsers(User{"", "secret"}, User{"app", "pw"})
	for _, c := range []struct {
		name, lines, want string
		env               localEnv
	}{
		{"another database", "SELECT 3|SELECT 0|SELECT 1", "+OK|+OK|-ERR sidecar: SELECT 1 is refused: this upstream is in database 3; for another one set redis.database of an upstream of its own", localEnv{database: 3}},
		{"without RESP3", "HELLO 3|HELLO", "-NOPROTO unsupported protocol version|*14 server redis version 7.0.15 proto 2 id 7 mode standalone role master modules *0", localEnv{noRESP3: true}},
		{"password", "HELLO 3|AUTH no|AUTH nobody pw|AUTH app secret|AUTH secret|ACL WHOAMI|AUTH app pw|ACL WHOAMI|AUTH app no|ACL WHOAMI|RESET|HELLO",
			helloNoAuth + "|" + wrongPass + "|" + wrongPass + "|" + wrongPass + "|+OK|default|+OK|app|" + wrongPass + "|app|+RESET|" + helloNoAuth, localEnv{users: users}},
		{"password in HELLO", "HELLO 3 AUTH app no|HELLO 3 AUTH app pw|ACL WHOAMI", wrongPass + "|%7 server redis version 7.0.15 proto 3 id 7 mode standalone role master modules *0|app", localEnv{users: users}},
		{"tracking", "CLIENT TRACKING on", "-ERR sidecar: CLIENT TRACKING is refused: " + whyTracking, localEnv{}},
		{"library", "CLIENT SETINFO LIB-NAME go|CLIENT SETINFO lib-ver 1.0|CLIENT SETINFO lib-ver a\x01|CLIENT SETINFO x y|CLIENT SETNAME me|CLIENT INFO",
			"+OK|+OK|-ERR lib-ver cannot contain spaces, newlines or special characters.|-ERR Unrecognized option 'x'|+OK|id=7 addr=10.0.0.1:5000 laddr=127.0.0.1:6379 fd=0 name=me age=40 idle=0 flags=N db=0 sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 " +
				"argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem=0 events=r cmd=client|info user=default redir=-1 resp=2 lib-name=go lib-ver=1.0", localEnv{}},
		{"long name", "CLIENT SETNAME " + strings.Repeat("x", 1025), "-ERR sidecar: too_large client name has more than 1024 bytes", localEnv{}},
		{"cluster", "CLUSTER SLOTS|CLUSTER NODES|CLUSTER REPLICAS " + nodeID, "*1 *3 0 16383 *4 127.0.0.1 6379 " + nodeID + " *0|" + nodeID + " 127.0.0.1:6379@0 myself,master - 0 0 0 connected 0-16383|*0", localEnv{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			own := newLocal(t, c.env)
			var got []string
			for _, line := range strings.Split(c.lines, "|") {
				got = append(got, flat(own.do(strings.Split(line, " ")...)))
			}
			if want := strings.ReplaceAll(c.want, "\r\n", ""); strings.Join(got, "|") != want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
			}
		})
	}
}

// flat is a reply in one line, without lengths of texts.
func flat(reply string) string {
	var list []string
	for line := range strings.SplitSeq(reply, "\r\n") {
		line = strings.Trim(line, "\n")
		switch {
		case line == "" || line[0] == '$' || line[0] == '=':
		case line[0] == ':':
			list = append(list, line[1:])
		default:
			list = append(list, line)
		}
	}
	return strings.Join(list, " ")
}

// Whatever a client sends is answered by whole replies, as many as there are
// commands or, of those that unsubscribe, channels.
func FuzzLocal(f *testing.F) {
	for _, lines := range []string{alone, clustered} {
		for line := range strings.SplitSeq(strings.ReplaceAll(lines, "\n", "|"), "|") {
			f.Add(line)
		}
	}
	for _, line := range keyLines {
		f.Add("COMMAND GETKEYSANDFLAGS " + line)
	}
	f.Add("COMMAND LIST FILTERBY PATTERN *a*[^b-c]\\*?")
	policy := mustPolicy(f, Rules{Allow: words("@read"), AllowKeys: words("a")})
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		b, spans := spansOf(t, args...)
		own := newLocal(t, localEnv{policy: policy})
		r := own.env.find(b, spans)
		if r == nil || !r.Fits(len(spans)) {
			return
		}
		own.state.denied(nil, r, b, spans, own.env)
		if r.Treatment == Local {
			own.do(args...)
			own.do("CLIENT", "INFO")
		}
	})
}

func TestGlobsMatchAsRedisDoes(t *testing.T) {
	redis := dialRedis(t, startRedis(t, false))
	for _, c := range [][2]string{
		{"get", "g*"}, {"get", "G?T"}, {"get", "*"}, {"get", "*t"}, {"get", "*e*"}, {"get", "ge"}, {"get", "get?"}, {"get", "g[a-f]t"}, {"get", "g[^a-f]t"}, {"get", "g[f-a]t"},
		{"get", "g[e"}, {"get", "ge[t"}, {"get", "g\\et"}, {"get", "get\\"}, {"get", ""}, {"get", "**t**"}, {"get", "[g][e][t]"}, {"get", "g[]et"}, {"get", "*[x]*"}, {"get", "g[\\e]t"}, {"get", "*g*e*t*t"},
	} {
		v, _ := value(t, redis.do("COMMAND", "LIST", "FILTERBY", "PATTERN", c[1]))
		want := false
		for _, name := range texts(v) {
			want = want || name == c[0]
		}
		if got := glob([]byte(c[0]), []byte(c[1])); got != want {
			t.Errorf("%s: %v, Redis says %v", c[1], got, want)
		}
	}
}
