package main

import (
	"bytes"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// redisBed is a real server, the byte copy before it, and the generator.
func redisBed(t *testing.T) (backend, copier *process) {
	t.Helper()
	for program, why := range map[string]string{"cc": "it compiles the servers", "taskset": "it places them", "redis-server": "it is asked"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program + ": " + why)
		}
	}
	d := &bed{}
	t.Cleanup(d.stop)
	v := values{Dir: t.TempDir(), Sockets: 1000}
	v.Client = v.Dir + "/client"
	if err := compileC(t.Context(), redis().client, v.Client); err != nil {
		t.Fatal(err)
	}
	backend, err := d.start(t.Context(), redisBackends()[0], clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	v.Backend = backend.Address
	copier, err = d.start(t.Context(), byteCopy(), clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*process{backend, copier} {
		if err := p.answers(t.Context(), commands(1, 1, 100)); err != nil {
			t.Fatal(err)
		}
	}
	return backend, copier
}

func TestEveryCommandIsAnswered(t *testing.T) {
	backend, copier := redisBed(t)
	for _, p := range []*process{backend, copier} {
		for _, w := range redis().workloads {
			got, err := asker(t.Context(), w, p.aim(), 100*time.Millisecond)
			if err != nil || got.requests < int64(w.conns*w.depth) || got.rps <= 0 || got.p50 <= 0 || got.p999 < got.p50 {
				t.Errorf("%s, %s: got %+v, %v", p.name, w.name, got, err)
			}
		}
	}
}

func TestOpenConnectionsToTheServerAreCounted(t *testing.T) {
	backend, copier := redisBed(t)
	m := measurement{w: commands(5, 1, 100), length: time.Hour, backend: backend}
	for _, c := range []struct {
		to   *target
		want int64
	}{
		{to: &target{name: "direct", proc: backend}, want: 5},
		{to: &target{name: "copier", proc: copier, proxy: true}, want: 7},
	} {
		count, err := openMost(t.Context(), &m, c.to)
		if err != nil {
			t.Fatal(err)
		}
		for range 7 {
			held, err := heldConn(c.to.proc.Address, command("PING"), func(got []byte) (bool, error) { return len(got) == len("+PONG\r\n"), nil })
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { held.Close() })
		}
		if n, err := count(); n != c.want || err != nil {
			t.Errorf("%s: %d connections, %v", c.to.name, n, err)
		}
	}
}

func TestIdleClientsOfRedisAreHeldAfterACommand(t *testing.T) {
	backend, _ := redisBed(t)
	w := redisIdle().workloads[0]
	request, whole := greetRedis(w, "")
	c, err := heldConn(backend.Address, request, whole)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	if is, err := whole([]byte("$-1\r\n")); is || err == nil {
		t.Errorf("an answer without the value is taken: %v, %v", is, err)
	}
}

// A figure of wrong replies would be one of something else.
func TestAWrongReplyEndsTheLoadOfCommands(t *testing.T) {
	backend, _ := redisBed(t)
	w := commands(1, 2, 100)
	const key = "bench:000000:000"
	asked := len(command("SET", key, strings.Repeat("a", w.body)) + command("GET", key))
	for _, c := range []struct {
		name   string
		change func(replies []byte) []byte
		want   string
	}{
		{"an error", func([]byte) []byte { return []byte("-ERR no\r\n") }, "ERR no"},
		{"another turn's value", func(p []byte) []byte { p[15]++; return p }, "turn"},
		{"another client's value", func(p []byte) []byte { p[11]++; return p }, "wrong reply"},
		{"its end is another's", func(p []byte) []byte { p[len(p)-3]++; return p }, "wrong reply"},
		{"no value", func([]byte) []byte { return []byte("+OK\r\n$-1\r\n") }, "$-1"},
		{"out of order", func(p []byte) []byte { return append(p[5:], "+OK\r\n"...) }, "wrong reply"},
		{"one more", func(p []byte) []byte { return append(p, "+OK\r\n"...) }, "behind"},
		{"none", func([]byte) []byte { return nil }, "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := backend.aim()
			at.address = answerBytes(t, asked, func(request []byte) []byte {
				_, value, _ := bytes.Cut(request, []byte("$100\r\n"))
				return c.change([]byte("+OK\r\n$100\r\n" + string(value[:w.body]) + "\r\n"))
			})
			if _, err := asker(t.Context(), w, at, time.Second); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want one that says %q", err, c.want)
			}
		})
	}
}

func TestSocketsAreFoundByWhereTheyGo(t *testing.T) {
	const table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n" +
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0\n" +
		"   1: 0100007F:C001 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0\n" +
		"   2: 0100007F:C002 0100007F:1F90 06 00000000:00000000 00:00000000 00000000     0        0 13 1 0\n" +
		"   3: 0100007F:1F90 0100007F:C001 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0\n"
	got, err := socketsTo(table, "8080")
	if err != nil || len(got) != 1 || !got["socket:[12]"] {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := socketsTo(table, "redis"); err == nil {
		t.Error("a port that is no number is taken")
	}
}

// answerBytes serves one connection one reply to so many bytes.
func answerBytes(t *testing.T, n int, reply func(request []byte) []byte) string {
	t.Helper()
	return answerConn(t, func(c net.Conn) {
		request := make([]byte, n)
		if _, err := io.ReadFull(c, request); err != nil {
			return
		}
		_, _ = c.Write(reply(request)) // the other side tells what it got
	})
}
