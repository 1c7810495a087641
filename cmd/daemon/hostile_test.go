package daemon

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"sidecar/admin"
	"sidecar/varz"
)

// What registries say stands on pages: it may neither become markup nor break
// out of its place.
func TestWhatARegistrySaysIsTextOnEveryPage(t *testing.T) {
	const evil = "</td><script>alert(1)</script>\n\"} 1\nsidecar_requests_total{a=\"\x00\xff\u202e"
	reg := new(varz.Registry)
	reg.Counter(varz.DiscoveryErrors, varz.Source{Service: evil}).Inc()
	a := admin.New(admin.Params{Registry: reg, Hosts: []string{"admin.test"}, Version: "1", Overview: func() admin.Overview {
		return admin.Overview{
			Endpoints: []admin.Endpoint{{Upstream: evil, Address: evil, State: evil, Why: evil, Source: evil}},
			Notes:     []string{evil}, Facts: []string{evil},
		}
	}})
	page := func(path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "http://admin.test"+path, nil)
		a.Handler().ServeHTTP(w, r)
		if w.Code != 200 || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("%s: %d %v", path, w.Code, w.Header())
		}
		return w
	}
	if html := page("/?refresh=off").Body.String(); strings.Contains(html, "<script") || !strings.Contains(html, "&lt;script") {
		t.Error("markup of a registry is on the page")
	}
	for line := range strings.Lines(page("/metrics").Body.String()) {
		if strings.HasPrefix(line, "sidecar_requests_total") {
			t.Errorf("a series of a registry's making: %q", line)
		}
	}
	var b bytes.Buffer
	if err := writeJSON(&b, map[string]any{evil: []string{errors.New(evil).Error()}}); err != nil || !json.Valid(b.Bytes()) {
		t.Errorf("%v: %s", err, b.String())
	}
}
