package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// thriftBed is the backend of calls, the byte copy before it, and the generator.
func thriftBed(t *testing.T, delay int) (backend, copier *process) {
	t.Helper()
	for _, program := range []string{"cc", "taskset"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs " + program + ": it compiles, or places, the servers")
		}
	}
	d := &bed{}
	t.Cleanup(d.stop)
	v := values{Dir: t.TempDir()}
	v.Client = v.Dir + "/client"
	if err := compileC(t.Context(), thrift().client, v.Client); err != nil {
		t.Fatal(err)
	}
	backend, err := d.start(t.Context(), thriftBackends(delay)[0], clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	v.Backend = backend.Address
	copier, err = d.start(t.Context(), byteCopy(), clientCPU, v)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*process{backend, copier} {
		if err := p.answers(t.Context(), calls(1, 100)); err != nil {
			t.Fatal(err)
		}
	}
	return backend, copier
}

func TestEveryCallIsAnsweredAndConnectionsAreCounted(t *testing.T) {
	for _, delay := range []int{0, 10} {
		backend, copier := thriftBed(t, delay)
		for _, p := range []*process{backend, copier} {
			for _, w := range thrift().workloads {
				if _, err := backendConns(t.Context(), backend.Address); err != nil {
					t.Fatal(err)
				}
				got, err := caller(t.Context(), w, p.aim(), 100*time.Millisecond)
				if err != nil || got.requests < int64(w.conns) || got.rps <= 0 || got.p50 <= 0 || got.p999 < got.p50 {
					t.Errorf("%s, %s: got %+v, %v", p.name, w.name, got, err)
				}
				if delay > 0 && got.p50 < 10*time.Millisecond {
					t.Errorf("%s, %s: p50 %v is under what the backend waits", p.name, w.name, got.p50)
				}
				if n, err := backendConns(t.Context(), backend.Address); err != nil || n != int64(w.conns) {
					t.Errorf("%s, %s: calls came over %d connections, %v", p.name, w.name, n, err)
				}
			}
		}
	}
}

func TestTheBackendOfCallsSpeaksMux(t *testing.T) {
	backend, _ := thriftBed(t, 0)
	call := hex.EncodeToString(callFrame(callStrict, 1, 3)[4:])
	reply := hex.EncodeToString(callFrame(replyStrict, 0, 3)[4:])
	c, err := net.Dial("tcp", backend.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(readyWithin)); err != nil {
		t.Fatal(err)
	}
	sent, want := "", ""
	for _, m := range []struct{ name, sent, want string }{
		{"the probe comes back", "7f000001" + hex.EncodeToString([]byte("tinit check")), "7f000001" + hex.EncodeToString([]byte("tinit check"))},
		{"Tinit with a feature", "44000001" + "0001" + "00000001" + "61" + "00000001" + "62", "bc000001" + "0001"},
		{"Tping", "41000001", "bf000001"},
		{"Tdispatch with a context, a destination and a delegation", "02000002" + "0001" + "000161" + "000162" + "0003" + "2f2f61" + "0001" + "000163" + "000164" + call, "fe000002" + "00" + "0000" + reply},
		{"Tdiscarded", "42000000" + "000002", ""},
		{"Treq with a trace", "01000003" + "01" + "0101aa" + call, "ff000003" + "00" + reply},
		{"Tdispatch without anything", "02000004" + "0000" + "0000" + "0000" + call, "fe000004" + "00" + "0000" + reply},
	} {
		sent += framed(m.sent)
		if m.want != "" {
			want += framed(m.want)
		}
	}
	// All at once, and in pieces.
	for _, piece := range []int{len(sent) / 2, 1, 7} {
		for rest, _ := hex.DecodeString(sent); len(rest) > 0; {
			n := min(piece, len(rest))
			if _, err := c.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		got := make([]byte, len(want)/2)
		if _, err := io.ReadFull(c, got); err != nil || hex.EncodeToString(got) != want {
			t.Fatalf("%v\ngot  %x\nwant %s", err, got, want)
		}
	}
}

// framed is a message in hexadecimal digits behind its length.
func framed(message string) string {
	return hex.EncodeToString([]byte{0, 0, 0, byte(len(message) / 2)}) + message
}

// A figure of wrong replies would be one of something else.
func TestAWrongReplyEndsTheLoad(t *testing.T) {
	backend, _ := thriftBed(t, 0)
	w := calls(1, 100)
	right := callFrame(replyStrict, 0, w.body)
	for _, c := range []struct {
		name   string
		change func(reply []byte) []byte
		want   string
	}{
		{"an exception", func(p []byte) []byte { p[7] = 3; return p }, "no REPLY"},
		{"another method", func(p []byte) []byte { p[12] = 'x'; return p }, "method"},
		{"another sequence id", func(p []byte) []byte { p[19]++; return p }, "sequence id"},
		{"a declared exception", func(p []byte) []byte { p[22] = 1; return p }, "field"},
		{"another value", func(p []byte) []byte { p[60]++; return p }, "brings back"},
		{"a shorter one", func([]byte) []byte { return callFrame(replyStrict, 0, 8) }, "length"},
		{"one and a half", func(p []byte) []byte { return append(p, 0, 0) }, "behind"},
		{"none", func([]byte) []byte { return nil }, "ended"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := backend.aim()
			at.address = answerOnce(t, func(request []byte) []byte {
				reply := bytes.Clone(right)
				copy(reply[16:20], request[16:20]) // the sequence id, and where it stands in the bytes
				copy(reply[27:31], request[27:31])
				copy(reply[len(reply)-5:], request[len(request)-5:])
				return c.change(reply)
			})
			if _, err := caller(t.Context(), w, at, time.Second); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want one that says %q", err, c.want)
			}
		})
	}
}

// answerOnce serves one connection one reply.
func answerOnce(t *testing.T, reply func(request []byte) []byte) string {
	t.Helper()
	return answerBytes(t, len(callFrame(callStrict, 1, 100)), reply)
}

// answerConn serves one connection.
func answerConn(t *testing.T, serve func(c net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	t.Cleanup(done.Wait)
	t.Cleanup(func() { ln.Close() })
	done.Go(func() {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	})
	return ln.Addr().String()
}

func TestWhatTheGeneratorOfCallsTellsIsRead(t *testing.T) {
	got, err := parseCaller([]byte(`{"requests": 12, "rps": 34.5, "p50": 69.5, "p99": 122.5, "p999": 1000.5}` + "\n"))
	if err != nil || got.requests != 12 || got.rps != 34.5 || got.p50 != 69500*time.Nanosecond || got.p999 != 1000500*time.Nanosecond {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"", "{}", "nonsense"} {
		if _, err := parseCaller([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
