package resp

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

const golden = "testdata/replies.txt"

// recorded are commands whose replies of a real server are in testdata, in both
// versions: a line has what was sent and what came, both quoted.
var recorded = []string{
	"HELLO %d", "SET k v", "GET k", "GET none", "INCR n", "HSET h a 1 b 2", "HGETALL h", "SADD s a", "SMEMBERS s", "LPOP none", "MGET k none n",
	"ZADD z 1.5 a", "ZSCORE z a", "ZRANGE z 0 -1 WITHSCORES", "XADD x 1-1 a b", "XREAD STREAMS x 0", "COMMAND INFO get xread", "CONFIG GET maxmemory",
	"MULTI", "GET k", "LPUSH k x", "EXEC", "BLPOP none 0.01", "EVAL return{1,{2,{false,'a'}},{err='X'}} 0", "DEBUG PROTOCOL attrib", "DEBUG PROTOCOL bignum",
	"DEBUG PROTOCOL verbatim", "DEBUG PROTOCOL true", "NOPE a", "LPUSH k", "SUBSCRIBE c", "FLUSHALL",
}

func TestRepliesRecordedFromARealServer(t *testing.T) {
	if *update {
		record(t)
	}
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		sent, came, _ := strings.Cut(strings.TrimSpace(line), "\t")
		reply, err := strconv.Unquote(came)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		for _, step := range []int{1, 3, len(reply)} {
			if end, head, p := walked([]byte(reply+"+next\r\n"), step); p != nil || end != len(reply) || head == "" {
				t.Errorf("%s: %q ends at %d of %d, %v", sent, reply, end, len(reply), p)
			}
		}
		n++
	}
	if n != 2*len(recorded) {
		t.Errorf("%d replies are recorded of %d", n, 2*len(recorded))
	}
}

func record(t *testing.T) {
	path := startRedis(t, false)
	var b strings.Builder
	for version := 2; version <= 3; version++ {
		k := dialRedis(t, path)
		for _, line := range recorded {
			line = strings.Replace(line, "%d", strconv.Itoa(version), 1)
			if line == "FLUSHALL" && version == 2 {
				line = "PING" // a subscriber of RESP2 may not do much more
			}
			fmt.Fprintf(&b, "%q\t%q\n", line, k.do(words(line)...))
		}
		dialRedis(t, path).do("FLUSHALL")
	}
	if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
