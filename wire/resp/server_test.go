package resp

import (
	"strings"
	"testing"

	"sidecar"
	"sidecar/sock"
	"sidecar/varz"
)

// What one read brings is one exchange, as it came, and its replies are one write.
func TestAPipelineIsOneExchange(t *testing.T) {
	h := newHarness(t)
	c := h.client()
	in, want := "", ""
	for _, k := range []string{"a", "b", "c"} {
		in += req("SET", k, "1")
		want += "$7\r\nSET " + k + " 1\r\n"
	}
	c.Send(in + req("GET", "a"))
	c.Expect(want + "$5\r\nGET a\r\n")
	got := h.heard()
	if len(got) != 1 || got[0].n != 4 || got[0].idempotent {
		t.Errorf("exchanges: %+v", got)
	}
	s := varz.Source{Service: "u", Operation: "set"}
	if n := h.value(varz.RedisCommands, s); n != 3 {
		t.Errorf("%d SETs counted", n)
	}
}

func TestHalfCommandsAreAwaited(t *testing.T) {
	h := newHarness(t)
	c := h.client()
	in := req("GET", "a") + req("SET", "k", strings.Repeat("v", 100_000)) + "\r\n\n" + "GET b\r\n"
	for i := 0; i < len(in); {
		n := min(len(in)-i, 1+i%7*977)
		c.Send(in[i : i+n])
		i += n
	}
	c.Expect("$5\r\nGET a\r\n")
	c.Expect(string(AppendBulk(nil, "SET k "+strings.Repeat("v", 100_000))))
	c.Expect("$5\r\nGET b\r\n")
}

// A line that is cut by the end of a buffer is read on.
func TestLinesMayEndBehindABuffer(t *testing.T) {
	h := newHarness(t)
	for cut := range 5 { // of "$1000\r\n" that many bytes are in the first buffer
		key := strings.Repeat("k", sock.SmallBuffer-len("*3\r\n$3\r\nSET\r\n$4000\r\n\r\n")-cut)
		value := strings.Repeat("v", 1000)
		c := h.client()
		c.Send(req("SET", key, value)[:sock.SmallBuffer])
		c.Send(req("SET", key, value)[sock.SmallBuffer:])
		c.Expect(string(AppendBulk(nil, "SET "+key+" "+value)))
	}
}

// Local answers stand where their commands stood.
func TestLocalAnswersKeepTheirPlace(t *testing.T) {
	h := newHarness(t)
	c := h.client()
	c.Send(req("PING") + req("GET", "a") + req("GET") + req("NOSUCH", "x") + req("GET", "b") + req("ECHO", "e") + req("MONITOR"))
	c.Expect("+PONG\r\n$5\r\nGET a\r\n-ERR wrong number of arguments for 'get' command\r\n" +
		"-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n$5\r\nGET b\r\n$1\r\ne\r\n")
	c.Expect("-ERR sidecar: MONITOR is refused: every command of every client would be told; use the server itself\r\n")
}

func TestAFailedExchangeAnswersEachCommand(t *testing.T) {
	h := newHarness(t)
	h.fail = func(*sidecar.Exchange) error {
		return &sidecar.Fault{Stage: sidecar.StageDial, Flags: sidecar.Unsent, Reason: sidecar.ConnectRefused}
	}
	c := h.client()
	c.Send(req("GET", "a") + req("GET", "b"))
	const text = "-ERR sidecar: connect_refused no endpoint of the service could be connected to (attempts: 1)\r\n"
	c.Expect(text + text)
}

func TestClientsThatAskForNoRepliesGetNone(t *testing.T) {
	h := newHarness(t)
	c := h.client()
	c.Send(req("CLIENT", "REPLY", "SKIP") + req("GET", "a") + req("GET", "b") +
		req("CLIENT", "REPLY", "OFF") + req("SET", "c", "1") + req("PING") + req("NOSUCH"))
	c.Expect("$5\r\nGET b\r\n")
	c.Send(req("GET", "d") + req("CLIENT", "REPLY", "ON") + req("GET", "e"))
	c.Expect("+OK\r\n$5\r\nGET e\r\n")
}

// Bytes that are no command are answered in Redis' words behind the replies to
// the commands before them, and end the connection; browsers and TLS clients
// are told nothing.
func TestWhatIsNoCommandEndsTheConnection(t *testing.T) {
	for in, want := range map[string]string{
		"*1\r\n+PING\r\n":                    "-ERR Protocol error: expected '$', got '+'\r\n",
		"*-x\r\n":                            "-ERR Protocol error: invalid multibulk length\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\n\r\n": "",
		"Host: a\r\n":                        "",
		"\x16\x03\x01\x02\x00":               "",
	} {
		h := newHarness(t)
		c := h.client()
		c.Send(req("GET", "a") + in)
		c.Expect("$5\r\nGET a\r\n" + want)
		c.End()
		foreign := uint64(0)
		if want == "" {
			foreign = 1
		}
		if n := h.value(varz.RedisForeign, varz.Source{Listener: "l"}); n != foreign {
			t.Errorf("%q: %d foreign clients", in, n)
		}
	}
}

func TestQuitEndsTheConnectionBehindItsReply(t *testing.T) {
	h := newHarness(t)
	c := h.client()
	c.Send(req("GET", "a") + req("QUIT") + req("GET", "b"))
	c.Expect("$5\r\nGET a\r\n+OK\r\n")
	c.End()
}
