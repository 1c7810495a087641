package admin

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"sidecar/varz"
)

var (
	loopback = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9990}
	loop6    = &net.TCPAddr{IP: net.IPv6loopback, Port: 9990}
	outer    = &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 9990}
	unix     = &net.UnixAddr{Name: "/run/admin.sock", Net: "unix"}
)

// ask is one request as it comes in by the address local.
type ask struct {
	method, target string
	host           string // "" is 127.0.0.1:9990, "-" is none
	local          net.Addr
	header         map[string]string
	body           string
}

func (a ask) to(h http.Handler) *httptest.ResponseRecorder {
	r := httptest.NewRequest(a.method, a.target, strings.NewReader(a.body))
	if a.body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	switch a.host {
	case "":
		r.Host = "127.0.0.1:9990"
	case "-":
		r.Host = ""
	default:
		r.Host = a.host
	}
	if a.local == nil {
		a.local = loopback
	}
	for k, v := range a.header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, a.local)))
	return w
}

func get(target string) ask { return ask{method: "GET", target: target} }

// stub is a page that says its path and can be posted to.
func stub(path string) Page {
	return Page{
		Path: path, Help: "a page of the test",
		Get:  func(w io.Writer, _ url.Values) error { _, err := io.WriteString(w, `"`+path+`"`); return err },
		Post: func(form url.Values) (string, error) { return "did " + form.Get("what"), nil },
	}
}

func small(more ...Page) *Admin {
	return New(Params{Registry: new(varz.Registry), Pages: more})
}

func expect(t *testing.T, w *httptest.ResponseRecorder, code int, part string) {
	t.Helper()
	if w.Code != code || !strings.Contains(w.Body.String(), part) {
		t.Errorf("got %d %q, want %d with %q", w.Code, w.Body, code, part)
	}
}
