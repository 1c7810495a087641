package kafka

import (
	"errors"
	"strings"
	"testing"
)

func TestHeadsAreReadOnceTheyAreWhole(t *testing.T) {
	whole := []byte{0, 0, 0, 9, 0, 3, 0, 12, 0, 0, 1, 2, 0xff}
	for n := range RequestHead {
		if _, p := ParseHead(whole[:n], 100); p != More {
			t.Errorf("%d bytes: %v", n, p)
		}
	}
	h, p := ParseHead(whole, 100)
	if want := (Head{Size: 9, Key: 3, Version: 12, Correlation: 258}); p != nil || h != want {
		t.Errorf("%+v, %v", h, p)
	}
	size, id, p := ParseAnswerHead([]byte{0x7f, 0, 0, 0, 0xff, 0xff, 0xff, 0xff})
	if size != 0x7f000000 || id != -1 || p != nil {
		t.Errorf("%d, %d, %v", size, id, p)
	}
}

func TestWhatIsNoRequestIsToldInWords(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"TLS", "\x16\x03\x01\x02\x00\x01", "speaks TLS"},
		{"TLS alert", "\x15\x03\x03\x00\x02\x02\x46", "speaks TLS"},
		{"HTTP", "GET / HTTP/1.1\r\n", "speaks HTTP"},
		{"HTTP post", "POST /topics/x HTTP/1.1\r\n", "speaks HTTP"},
		{"HTTP/2", "PRI * HTTP/2.0\r\n", "speaks HTTP"},
		{"Redis", "*1\r\n$4\r\nPING\r\n", "Redis"},
		{"text", "stats\r\n", "sends text"},
		{"negative length", "\xff\xff\xff\xff\x00\x03\x00\x00", "more than max_request"},
		{"too long", "\x00\x00\x10\x00\x00\x03\x00\x00\x00\x00\x00\x00", "request of 4096 bytes, more than max_request allows (1000)"},
		{"too short", "\x00\x00\x00\x07\x00\x03\x00\x00\x00\x00\x00", "length that no message has"},
		{"negative key", "\x00\x00\x00\x10\xff\x03\x00\x00\x00\x00\x00\x00", "negative API key"},
		{"negative version", "\x00\x00\x00\x10\x00\x03\x80\x00\x00\x00\x00\x00", "negative API key or version"},
	} {
		_, p := ParseHead([]byte(c.bytes), 1000)
		if p == nil || !strings.Contains(p.Error(), c.want) {
			t.Errorf("%s: %v", c.name, p)
		}
	}
	for _, c := range []struct{ name, bytes, want string }{
		{"TLS alert", "\x15\x03\x01\x00\x02", "upstream.X.tls"},
		{"HTTP", "HTTP/1.1 400 Bad Request", "HTTP"},
		{"text", "220 smtp.example", "sends text"},
		{"no correlation", "\x00\x00\x00\x02\x00\x00", "length that no message has"},
		{"negative", "\x80\x00\x00\x02\x00\x00", "length that no message has"},
	} {
		_, _, p := ParseAnswerHead([]byte(c.bytes))
		if p == nil || !strings.Contains(p.Error(), c.want) {
			t.Errorf("answer, %s: %v", c.name, p)
		}
	}
}

func FuzzHead(f *testing.F) {
	f.Add([]byte{0, 0, 0, 9, 0, 3, 0, 12, 0, 0, 1, 2, 0xff})
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, p := ParseHead(b, 1<<20)
		if p == nil && (h.Size < RequestHead-SizeLen || h.Size > 1<<20 || h.Key < 0 || h.Version < 0) {
			t.Errorf("%+v", h)
		}
		if errors.Is(p, More) && len(b) >= RequestHead {
			t.Error("more than all of it is asked for")
		}
		size, _, p := ParseAnswerHead(b)
		if p == nil && (size < 4 || len(b) < AnswerHead) {
			t.Errorf("answer of %d", size)
		}
	})
}
