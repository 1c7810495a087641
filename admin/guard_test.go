package admin

import (
	"net"
	"net/http"
	"testing"

	"sidecar/varz"
)

func TestHostMustBeOurs(t *testing.T) {
	h := New(Params{Registry: new(varz.Registry), Hosts: []string{"Admin.Example.com", "node1:8443"}}).Handler()
	cases := []struct {
		name  string
		host  string
		local net.Addr
		ok    bool
	}{
		{"bound address", "127.0.0.1:9990", loopback, true},
		{"without port", "127.0.0.1", loopback, true},
		{"localhost", "localhost:9990", loopback, true},
		{"localhost in capitals with a dot", "LOCALHOST.:9990", loopback, true},
		{"forwarded port", "localhost:8080", loopback, true},
		{"other loopback", "[::1]:9990", loopback, true},
		{"loopback of version 6", "[::1]:9990", loop6, true},
		{"the same without port", "[::1]", loop6, true},
		{"mapped", "[::ffff:127.0.0.1]:9990", loopback, true},
		{"rebound name", "evil.example:9990", loopback, false},
		{"name that begins like ours", "localhost.evil.example", loopback, false},
		{"name that begins like an address", "127.0.0.1.evil.example", loopback, false},
		{"odd address", "2130706433", loopback, false},
		{"address not ours", "10.9.9.9:9990", loopback, false},
		{"garbage", "a b:::", loopback, false},
		{"none", "-", loopback, true},
		{"configured at any port", "admin.example.com:1234", loopback, true},
		{"configured in capitals", "ADMIN.example.COM", outer, true},
		{"configured with its port", "node1:8443", outer, true},
		{"configured with another port", "node1:9990", outer, false},
		{"below a configured name", "x.admin.example.com", loopback, false},
		{"outer address", "10.1.2.3:9990", outer, true},
		{"localhost by an outer address", "localhost:9990", outer, false},
		{"loopback by an outer address", "127.0.0.1:9990", outer, false},
		{"socket file", "whatever", unix, true},
		{"unknown address", "127.0.0.1:9990", &net.IPAddr{}, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := get("/ready")
			a.host, a.local = c.host, c.local
			if c.ok {
				expect(t, a.to(h), 200, "ready")
			} else {
				expect(t, a.to(h), 403, "is not an address of this admin port")
			}
		})
	}
}

func TestPagesOfOtherSitesAreKeptOut(t *testing.T) {
	h := New(Params{Registry: new(varz.Registry), Pages: []Page{stub("/drain")}, Hosts: []string{"admin.example.com"}}).Handler()
	cases := []struct {
		name, method string
		header       map[string]string
		code         int
	}{
		{"program", "POST", nil, 200},
		{"our own page", "POST", map[string]string{"Origin": "http://127.0.0.1:9990", "Sec-Fetch-Site": "same-origin"}, 200},
		{"typed in", "GET", map[string]string{"Sec-Fetch-Site": "none"}, 200},
		{"followed link", "GET", map[string]string{"Sec-Fetch-Site": "cross-site"}, 200},
		{"behind a proxy", "POST", map[string]string{"Origin": "https://admin.example.com"}, 200},
		{"behind a proxy at another port", "POST", map[string]string{"Origin": "https://admin.example.com:444"}, 403},
		{"other site posts", "POST", map[string]string{"Origin": "https://evil.example"}, 403},
		{"other site fetches", "GET", map[string]string{"Origin": "https://evil.example"}, 403},
		{"other port of this machine", "POST", map[string]string{"Origin": "http://127.0.0.1:3000"}, 403},
		{"other name of this machine", "POST", map[string]string{"Origin": "http://localhost:9990"}, 403},
		{"origin hidden", "POST", map[string]string{"Origin": "null"}, 403},
		{"origin empty", "POST", map[string]string{"Origin": ""}, 403},
		{"form without origin", "POST", map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{"form of another port", "POST", map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := ask{method: c.method, target: "/drain", header: c.header}.to(h)
			if w.Code != c.code {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.code)
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Error("another site is allowed to read")
			}
		})
	}
}

func TestOneBadOriginOfTwoIsRefused(t *testing.T) {
	r, _ := http.NewRequest("GET", "/", nil)
	r.Host = "x"
	r.Header["Origin"] = []string{"http://x", "http://evil.example"}
	if why := newGuard([]string{"x"}).refuses(r); why == "" {
		t.Error("a second Origin was not looked at")
	}
}
