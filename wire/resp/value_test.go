package resp

import (
	"bytes"
	"strings"
	"testing"
)

// value reads a reply of RESP2: string, nil or []any. rest is behind it.
func value(t testing.TB, b []byte) (v any, rest []byte) {
	t.Helper()
	i := bytes.Index(b, crlf)
	if i < 1 {
		t.Fatalf("no line in %q", b)
	}
	line, rest := b[1:i], b[i+2:]
	n, _ := number(line)
	switch b[0] {
	case '$':
		if n < 0 {
			return nil, rest
		}
		return string(rest[:n]), rest[n+2:]
	case '*':
		if n < 0 {
			return nil, rest
		}
		list := []any{}
		for range n {
			v, rest = value(t, rest)
			list = append(list, v)
		}
		return list, rest
	case '-':
		return "-" + string(line), rest
	}
	return string(line), rest
}

// spansOf writes a command and returns where its arguments are.
func spansOf(t testing.TB, args ...string) ([]byte, []Span) {
	t.Helper()
	b := AppendCommand(nil, args...)
	var u Burst
	if p := u.Read(b); p != nil {
		t.Fatal(p)
	}
	return b, u.Args(&u.Commands()[0])
}

func words(s string) []string { return strings.Fields(s) }
