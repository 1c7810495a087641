package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// asker is the generator of Redis commands in a closed loop: testdata/asker.c,
// pinned beside the server. What it counts and times are commands and pipelines.
func asker(ctx context.Context, w workload, at aim, length time.Duration) (load, error) {
	if w.rate != 0 || w.upload > 0 || w.fresh || w.to != anyUpstream {
		return load{}, errors.New("asker: it has no rate, kept connections, and values that go there and back")
	}
	return compiled(ctx, at, length, strconv.Itoa(w.conns), strconv.Itoa(w.body), strconv.Itoa(w.depth))
}

// askedKey is one that no generator writes.
const askedKey = "bench:asked"

// askRedis puts a SET and the GET of the same.
func askRedis(ctx context.Context, w workload, at aim) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", at.address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(readyWithin)); err != nil {
		return err
	}
	if _, err := io.WriteString(c, command("SET", askedKey, strings.Repeat("a", w.body))+command("GET", askedKey)); err != nil {
		return err
	}
	want := "+OK\r\n" + string(askedValue(w))
	got := make([]byte, len(want))
	for n := 0; n < len(got); {
		m, err := c.Read(got[n:])
		if n += m; !strings.HasPrefix(want, string(got[:n])) {
			return fmt.Errorf("got %q, want %q", clip(got[:n]), clip([]byte(want)))
		}
		if err != nil && n < len(got) {
			return err
		}
	}
	return nil
}

// greetRedis is a client's one command before it is idle: a GET of what askRedis
// wrote.
func greetRedis(w workload, _ string) (request string, whole func(got []byte) (bool, error)) {
	want := askedValue(w)
	return command("GET", askedKey), func(got []byte) (bool, error) {
		if !bytes.HasPrefix(want, got) {
			return false, fmt.Errorf("got %q, want %q", clip(got), clip(want))
		}
		return len(got) == len(want), nil
	}
}

func askedValue(w workload) []byte {
	return fmt.Appendf(nil, "$%d\r\n%s\r\n", w.body, strings.Repeat("a", w.body))
}

// command is as clients send it.
func command(words ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(words))
	for _, w := range words {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
	}
	return b.String()
}
