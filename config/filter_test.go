package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

const everyFilter = `
[[listener]]
name = "l"
address = ":80"
upstream = "u"
[[listener.filter]]
remove_request = ["X-Debug", "Cookie"]
[[listener.filter]]
set_reply = { x-b = "", "X-A" = "1, 2" }
[[listener.route]]
match.path_prefix = "/api"
upstream = "u"
[[listener.route.filter]]
rewrite = { prefix = "/api", to = "/" }
[[listener.route.filter]]
split = { percent = 5, upstream = "canary", sticky = "cookie:user" }
[[listener.route.filter]]
redirect.https = true
[[listener.route.filter]]
redirect = { status = 308, host = "b:8", prefix = "/a", to = "/b" }
[[listener.route.filter]]
reply = { status = 503, type = "text/html", body = """two
lines""" }
[upstream.u]
discover = "tcp://a:1"
[upstream.canary]
discover = "tcp://a:2"
`

func TestFiltersAreReadInOrder(t *testing.T) {
	f, err := Parse("c.toml", []byte(everyFilter))
	if err != nil {
		t.Fatal(err)
	}
	sameAgain(t, f)
	l := f.Listeners[0]
	want := []Filter{
		{Key: "listener[0].filter[0]", RemoveRequest: []string{"X-Debug", "Cookie"}},
		{Key: "listener[0].filter[1]", SetReply: []Header{{"X-A", "1, 2"}, {"x-b", ""}}},
	}
	if !reflect.DeepEqual(l.Filters, want) {
		t.Errorf("got %+v", l.Filters)
	}
	own := l.Routes[0].Filters
	if len(own) != 5 || *own[0].Rewrite != (Rewrite{"/api", "/"}) || *own[1].Split != (Split{5, "canary", "cookie:user"}) ||
		*own[2].Redirect != (Redirect{Status: 302, HTTPS: true}) || *own[3].Redirect != (Redirect{308, false, "b:8", "/a", "/b"}) ||
		*own[4].Reply != (Reply{503, "text/html", "two\nlines"}) {
		t.Errorf("got %+v", own)
	}
	if len(f.Notes) != 0 {
		t.Errorf("notes %q", f.Notes)
	}
	var shown []string
	for _, s := range f.Settings() {
		if strings.Contains(s.Key, "filter") {
			shown = append(shown, s.Key+" = "+s.Value)
		}
	}
	if shown[2] != `listener[0].route[0].filter[0].rewrite = { prefix = "/api", to = "/" }` || len(shown) != 7 {
		t.Errorf("shown %q", shown)
	}
}

func TestFiltersThatMakeNoSenseAreRefused(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"none", "", "5: listener \"l\": filter[0]: empty: expected one of set_request, add_request, remove_request, set_reply, add_reply, remove_reply, rewrite, redirect, reply, split"},
		{"two", "rewrite = { prefix = \"/a\", to = \"/b\" }\nremove_reply = [\"A\"]", "6: listener \"l\": filter[0].rewrite: a filter has one action, and this one has remove_reply already: open another [[filter]], they are performed in order"},
		{"misspelt", "rewrit = 1", "6: listener \"l\": filter[0].rewrit: unknown key; did you mean \"rewrite\"?"},
		{"misspelt within", "rewrite = { prefx = \"/a\", to = \"/b\" }", "6: listener \"l\": filter[0].rewrite.prefix: missing: expected a path such as \"/v1/\""},
		{"empty", "set_request = {}", "6: listener \"l\": filter[0].set_request: expected at least one field, such as { \"X-Tier\" = \"gold\" }"},
		{"half", "redirect = { prefix = \"/a\" }", "6: listener \"l\": filter[0].redirect.prefix: prefix and to go together: to takes prefix's place"},
		{"sticky", "split = { percent = 1, upstream = \"u\", sticky = \"user\" }", `6: listener "l": filter[0].split.sticky: expected "header:NAME", "cookie:NAME", "client" or "request_id", got "user"`},
		{"nowhere", "split = { percent = 1, upstream = \"w\" }", `6: listener "l": filter[0].split: there is no upstream "w"; did you mean "u"?`},
		{"share", "split = { upstream = \"u\" }", "6: listener \"l\": filter[0].split.percent: missing: expected the share of the requests that is switched, from 0 to 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("c.toml", []byte("[[listener]]\nname = \"l\"\naddress = \":80\"\nupstream = \"u\"\n[[listener.filter]]\n"+c.src+"\n[upstream.u]\ndiscover = \"tcp://a:1\"\n"))
			var bad *Invalid
			if !errors.As(err, &bad) || !strings.Contains(bad.Error(), "c.toml:"+c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestARouteWithoutAnUpstreamHasTheListeners(t *testing.T) {
	f, err := Parse("c.toml", []byte(`
[[listener]]
name = "l"
address = ":80"
upstream = "u"
[[listener.route]]
match.path_prefix = "/old"
[[listener.route.filter]]
redirect = { prefix = "/old", to = "/new" }
[upstream.u]
discover = "tcp://a:1"
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Listeners[0].Routes[0].Upstream; got != "u" {
		t.Errorf("the route leads to %q, not to the listener's upstream", got)
	}
	var b strings.Builder
	if err := f.WriteEffective(&b); err != nil || !strings.Contains(b.String(), "# listener[0].upstream") {
		t.Errorf("the route's upstream is not shown with its origin (%v):\n%s", err, &b)
	}
}
