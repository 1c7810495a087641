package admin

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"sidecar/varz"
)

func overviewOf(o Overview) *Admin {
	return New(Params{
		Registry: new(varz.Registry), Version: "1.2.3", Pages: []Page{stub("/upstreams"), stub("/upstreams/{upstream}/circuit")},
		Overview: func() Overview { return o },
		Ready:    func() (bool, string) { return false, "users: no endpoint known" },
		Now:      func() int64 { return int64(90 * time.Minute) },
	})
}

func TestEndpointThatIsOpenAndFailsIsNotGreen(t *testing.T) {
	for _, c := range []struct{ state, why, want string }{
		{"open", "", "open"},
		{"open", "failing; kept because it is the last one left in use", "suspect"},
		{"busy", "all connections in use", "busy"},
		{"closed", "ejected", "closed"},
		{"leaving", "no longer announced", "leaving"},
		{`x" onload="`, "", ""},
	} {
		if got := (Endpoint{State: c.state, Why: c.why}).Colour(); got != c.want {
			t.Errorf("%s, %q: %q, want %q", c.state, c.why, got, c.want)
		}
		if c.want != "" && !strings.Contains(pageText, "\n."+c.want+" {") {
			t.Errorf("the page has no style for %q", c.want)
		}
	}
}

func TestOverviewShowsEveryRow(t *testing.T) {
	w := get("/").to(overviewOf(Overview{
		Notes:     []string{"draining"},
		Listeners: []Listener{{Name: "in", Protocol: "http", Address: "127.0.0.1:8080", Upstream: "users", Connections: 4}},
		Endpoints: []Endpoint{
			{Upstream: "users", Address: "10.0.0.1:80", State: "closed", Why: "5 failures in a row", InAperture: true, P50: 1234567, P99: 45 * time.Second},
			{Upstream: "users", Address: "10.0.0.2:80", Role: "replica", State: "open", Source: "zk://a"},
		},
	}).Handler())
	for _, part := range []string{
		"version 1.2.3, up 1h30m0s", "not ready: users: no endpoint known", "draining", "127.0.0.1:8080",
		`class="state closed">closed<`, "5 failures in a row", `class="state open">open<`, "1.23ms", "45s", "zk://a", ">10.0.0.1:80<", ">10.0.0.2:80 (replica)<", `href="/upstreams"`,
		`http-equiv="refresh" content="5"`, `name="viewport"`,
	} {
		expect(t, w, 200, part)
	}
}

func TestOverviewLinksToNoPatternOfPaths(t *testing.T) {
	page := get("/").to(overviewOf(Overview{}).Handler()).Body.String()
	if !strings.Contains(page, `href="/upstreams"`) || strings.Contains(page, "{upstream}") {
		t.Errorf("the links are not those that can be followed:\n%s", page)
	}
}

func TestOverviewRunsNothingAndLoadsNothing(t *testing.T) {
	evil := `"><script>alert(1)</script><a href="javascript:x">`
	w := get("/").to(overviewOf(Overview{
		Notes:     []string{evil},
		Endpoints: []Endpoint{{Upstream: evil, Address: evil, State: evil, Why: evil, Source: evil}},
	}).Handler())
	body := w.Body.String()
	if w.Code != 200 || strings.Contains(body, "<script") || strings.Contains(body, `href="javascript`) {
		t.Errorf("a name became markup: %s", body)
	}
	if m := regexp.MustCompile(`(?i)(src=|<link|@import|url\(|https?://)`).FindString(strings.ReplaceAll(body, "http-equiv", "")); m != "" {
		t.Errorf("the page loads something: %s", m)
	}
	if m := regexp.MustCompile(`(?i)\sstyle=|\son\w+=`).FindString(body); m != "" {
		t.Errorf("the policy would drop %s", m)
	}
}

// A policy whose hash is not that of the style as it goes out leaves the page
// bare in every browser and shows in no other test.
func TestPolicyAllowsTheStyleThatIsSent(t *testing.T) {
	w := get("/").to(overviewOf(Overview{}).Handler())
	m := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(w.Body.String())
	if m == nil {
		t.Fatal("no style sheet")
	}
	sum := sha256.Sum256([]byte(m[1]))
	want := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, want) {
		t.Errorf("%s has no %s", csp, want)
	}
}

func TestOverviewCanBeHeld(t *testing.T) {
	w := get("/?refresh=off").to(overviewOf(Overview{}).Handler())
	if strings.Contains(w.Body.String(), "http-equiv") {
		t.Error("it still reloads")
	}
}

func TestOverviewIsBounded(t *testing.T) {
	rows := make([]Endpoint, maxRows+7)
	for i := range rows {
		rows[i] = Endpoint{Upstream: "u", Address: "row-" + strconv.Itoa(i), State: "open"}
	}
	w := get("/").to(overviewOf(Overview{Endpoints: rows}).Handler())
	expect(t, w, 200, "and 7 more")
	if n := strings.Count(w.Body.String(), "row-"); n != maxRows {
		t.Errorf("%d rows", n)
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "–", 999: "999ns", 1234: "1.23µs", 123456: "123µs", 1234567: "1.23ms", 12 * time.Second: "12s",
		1234567890: "1.23s", 26*time.Hour + 1500*time.Millisecond: "26h0m2s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d is %s, want %s", d, got, want)
		}
	}
}
