package http1

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"

	fields "sidecar/wire/http"
)

// cuts are where an input is cut in two: everywhere if it is short.
func cuts(n int) (at []int) {
	step := 1 + n/256
	for i := 1; i < n; i += step {
		at = append(at, i)
	}
	return at
}

// FuzzRequest: a head means the same however it comes, and what is accepted
// net/http reads to the same framing.
func FuzzRequest(f *testing.F) {
	f.Add([]byte(get("/")))
	f.Add([]byte(post("abc")))
	f.Add([]byte(postChunked("0\r\n\r\n")))
	f.Add([]byte(upgrade))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: a\r\ngrpc-timeout: 1S\r\nx-request-timeout: 0.5\r\nX-Envoy-Expected-Rq-Timeout-Ms: 9\r\n\r\n"))
	for _, v := range vectors() {
		if len(v.bytes) < 1000 {
			f.Add([]byte(v.bytes))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var r request
		r.reset()
		done, bad := r.parse(data)
		if done && bad != nil {
			t.Fatal("both done and bad")
		}
		for _, at := range cuts(len(data)) {
			var s request
			s.reset()
			d, b := s.parse(data[:at])
			if !d && b == nil {
				d, b = s.parse(data)
			}
			if d != done || b != bad {
				t.Fatalf("cut at %d: %v %v, whole: %v %v", at, d, b, done, bad)
			}
			if done && (s.framing != r.framing || s.asked != r.asked || s.end != r.end || s.hostField != r.hostField || len(s.fields) != len(r.fields)) {
				t.Fatalf("cut at %d: %+v, whole: %+v", at, s, r)
			}
		}
		if !done {
			return
		}
		compareRequest(t, &r, bytes.TrimLeft(data[:r.end], "\r\n"))
		var o origin
		o.client, o.requestID, o.authority, o.ch = []byte("::1"), []byte("id"), "b:1", &changes{}
		out := appendRequest(nil, data, &r, &o)
		if len(out) > o.roomFor(data, &r) {
			t.Fatalf("head of %d bytes, room for %d", len(out), o.roomFor(data, &r))
		}
		compareRequest(t, &r, out)
		var again request
		again.reset()
		if d, b := again.parse(out); !d || again.length != r.length || again.chunked != r.chunked || again.end != len(out) {
			t.Fatalf("what is forwarded is not what came: %v\n%q\n%q", b, data, out)
		}
	})
}

func compareRequest(t *testing.T, r *request, head []byte) {
	req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(bytes.NewReader(head), strings.NewReader("0\r\n\r\n"))))
	if err != nil {
		for _, known := range []string{"parse \"", "malformed Host", "invalid URL", "bad trailer key", "invalid URI", "malformed HTTP version"} {
			if strings.Contains(err.Error(), known) {
				return // about what the target means, or stricter in a list
			}
		}
		t.Fatalf("net/http refuses it: %v\n%q", err, head)
	}
	length := r.length
	if r.chunked {
		length = -1
	} else {
		length = max(length, 0)
	}
	if req.ContentLength != length || (len(req.TransferEncoding) > 0) != r.chunked {
		t.Fatalf("net/http reads length %d %v, here it is %d %v\n%q", req.ContentLength, req.TransferEncoding, r.length, r.chunked, head)
	}
}

// FuzzReply is the same for replies; the first byte chooses the request.
func FuzzReply(f *testing.F) {
	for _, asked := range []byte{0, 1, 2} {
		f.Add(append([]byte{asked}, ok200...))
		f.Add(append([]byte{asked}, switched...))
	}
	for _, row := range badReplies() {
		if len(row.bytes) < 1000 {
			f.Add(append([]byte{0}, row.bytes...))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) == 0 {
			return
		}
		asked, method := &request{}, "GET"
		switch data[0] % 3 {
		case 1:
			asked.head1, method = true, "HEAD"
		case 2:
			asked.upgrade = true
		}
		data = data[1:]
		var r reply
		done, bad := r.parse(data, asked)
		if done && bad != nil {
			t.Fatal("both done and bad")
		}
		for _, at := range cuts(len(data)) {
			var s reply
			d, b := s.parse(data[:at], asked)
			if !d && b == nil {
				d, b = s.parse(data, asked)
			}
			if d != done || b != bad || done && (s.framing != r.framing || s.mode != r.mode || s.end != r.end || s.status != r.status) {
				t.Fatalf("cut at %d: %v %v %+v, whole: %v %v %+v", at, d, b, s, done, bad, r)
			}
		}
		if !done {
			return
		}
		compareReply(t, &r, method, data[:r.end])
		out := appendReply(nil, data, &r, toClient{close: true, date: new(fields.Dates).Text(1)})
		if len(out) > r.end+headSlack {
			t.Fatalf("head of %d bytes, room for %d", len(out), r.end+headSlack)
		}
		compareReply(t, &r, method, out)
	})
}

func compareReply(t *testing.T, r *reply, method string, head []byte) {
	res, err := http.ReadResponse(bufio.NewReader(io.MultiReader(bytes.NewReader(head), strings.NewReader("0\r\n\r\n"))), &http.Request{Method: method})
	if err != nil {
		if strings.Contains(err.Error(), "bad trailer key") {
			return
		}
		t.Fatalf("net/http refuses it: %v\n%q", err, head)
	}
	defer func() { _ = res.Body.Close() }()
	if method == "HEAD" || res.StatusCode != r.status {
		if res.StatusCode != r.status {
			t.Fatalf("net/http reads %d, here it is %d", res.StatusCode, r.status)
		}
		return
	}
	ok := true
	switch r.mode {
	case bodyLength:
		ok = res.ContentLength == r.length && len(res.TransferEncoding) == 0
	case bodyChunked:
		ok = res.ContentLength == -1 && len(res.TransferEncoding) == 1
	case bodyEOF:
		ok = res.ContentLength == -1 && len(res.TransferEncoding) == 0
	}
	if !ok {
		t.Fatalf("net/http reads length %d %v, here it is %d, mode %d\n%q", res.ContentLength, res.TransferEncoding, r.length, r.mode, head)
	}
}

// FuzzChunks: a chunked body means the same however it comes, and what is
// accepted net/http reads to the same content.
func FuzzChunks(f *testing.F) {
	f.Add([]byte(chunked("hello", 2)))
	f.Add([]byte("3;x=\"y\"\r\nabc\r\n0\r\nT: 1\r\n\r\nGET"))
	for _, v := range vectors() {
		if _, body, ok := strings.Cut(v.bytes, "chunked\r\n\r\n"); ok && len(body) < 1000 {
			f.Add([]byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4000 {
			return
		}
		var c chunks
		var content []byte
		keep := func(p []byte) { content = append(content, p...) }
		n, bad := c.scan(data, keep)
		for _, at := range cuts(len(data)) {
			var s chunks
			var got []byte
			take := func(p []byte) { got = append(got, p...) }
			m, b := s.scan(data[:at], take)
			if b == nil && !s.done() {
				var k int
				k, b = s.scan(data[at:], take)
				m += k
			}
			if b != bad || s.done() != c.done() || b == nil && (m != n || s.state != c.state || s.left != c.left) || !bytes.Equal(got, content) {
				t.Fatalf("cut at %d: %d %v %q, whole: %d %v %q", at, m, b, got, n, bad, content)
			}
		}
		var one chunks
		var got []byte
		for i := range data {
			if _, b := one.scan(data[i:i+1], func(p []byte) { got = append(got, p...) }); b != nil || one.done() {
				break
			}
		}
		if one.done() != c.done() || !bytes.Equal(got, content) {
			t.Fatalf("byte by byte: %v %q, whole: %v %q", one.done(), got, c.done(), content)
		}
		if !c.done() {
			return
		}
		theirs, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(data[:n])))
		if err != nil || !bytes.Equal(theirs, content) {
			t.Fatalf("net/http reads %q, %v; here it is %q", theirs, err, content)
		}
	})
}
