package redisclients

import (
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Tools runs Redis' own programs against address: redis-cli as people and
// scripts use it, and redis-benchmark with its pipelines.
func Tools(t *testing.T, address string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	program := func(name, stdin string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, append([]string{"-h", host, "-p", port}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	expect := func(want, stdin string, args ...string) {
		t.Helper()
		if got := program("redis-cli", stdin, args...); got != want {
			t.Errorf("redis-cli %v: %q, want %q", args, got, want)
		}
	}
	expect("PONG\n", "", "ping")
	expect("OK\n2\n", "set {tools}n 1\nincr {tools}n\n")
	expect("a\n1\n", "", "-2", "eval", "return {'a', 1}", "0")
	expect("OK\nQUEUED\n3\n", "multi\nincr {tools}n\nexec\n")
	expect("OK\n", "two words", "-x", "set", "tools:x")
	expect("two words\n", "", "-3", "get", "tools:x")
	var many strings.Builder
	for i := range 10000 {
		v := fmt.Sprint(i)
		fmt.Fprintf(&many, "*3\r\n$3\r\nSET\r\n$%d\r\ntools:%s\r\n$%d\r\n%s\r\n", len(v)+6, v, len(v), v)
	}
	if got := program("redis-cli", many.String(), "--pipe"); !strings.Contains(got, "errors: 0, replies: 10000") {
		t.Errorf("redis-cli --pipe: %s", got)
	}
	if got := strings.Count(program("redis-cli", "", "--scan", "--pattern", "tools:*"), "\n"); got < 10000 {
		t.Errorf("redis-cli --scan: %d keys", got)
	}
	done := regexp.MustCompile(`^[A-Z_]+.*: [0-9.]+ requests per second`)
	out := program("redis-benchmark", "", "-q", "-n", "20000", "-c", "50", "-P", "16", "-t", "ping,set,get,incr,lpush,lpop,sadd,hset,zadd,mset")
	for line := range strings.Lines(strings.ReplaceAll(out, "\r", "\n")) {
		if strings.Contains(line, "rror") {
			t.Errorf("redis-benchmark: %s", line)
		}
	}
	lines := 0
	for line := range strings.Lines(strings.ReplaceAll(out, "\r", "\n")) {
		if done.MatchString(line) {
			lines++
		}
	}
	if lines < 10 {
		t.Errorf("redis-benchmark told of %d kinds of ten:\n%s", lines, out)
	}
}
