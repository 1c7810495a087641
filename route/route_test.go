package route

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"sidecar"
)

func compile(t testing.TB, rules []Rule, fallback string) *Routes {
	t.Helper()
	ups := upstreams("default")
	for _, r := range rules {
		ups[r.Upstream] = sidecar.ServiceFunc(taken)
	}
	r, err := Compile(Params{Rules: rules, Default: fallback, Upstreams: ups, Select: selector})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOneRule(t *testing.T) {
	for _, c := range []struct {
		name string
		rule Rule
		m    message
		want bool
	}{
		{"no condition", Rule{}, message{}, true},
		{"host", Rule{Host: "a.example"}, message{host: "a.example"}, true},
		{"other host", Rule{Host: "a.example"}, message{host: "b.example"}, false},
		{"no host", Rule{Host: "a.example"}, message{}, false},
		{"host in another case", Rule{Host: "A.example"}, message{host: "a.EXAMPLE"}, true},
		{"host with port", Rule{Host: "a.example"}, message{host: "a.example:8080"}, true},
		{"host with trailing dot", Rule{Host: "a.example"}, message{host: "a.example.:80"}, true},
		{"IPv6 host", Rule{Host: "[::1]"}, message{host: "[::1]:8080"}, true},
		{"IPv6 host without port", Rule{Host: "[::1]"}, message{host: "[::1]"}, true},
		{"overlong host", Rule{Host: "a.example"}, message{host: strings.Repeat("a", 300)}, false},
		{"wildcard one label", Rule{Host: "*.example.com"}, message{host: "a.Example.com:1"}, true},
		{"wildcard two labels", Rule{Host: "*.example.com"}, message{host: "b.a.example.com"}, true},
		{"wildcard not itself", Rule{Host: "*.example.com"}, message{host: "example.com"}, false},
		{"wildcard not an empty label", Rule{Host: "*.example.com"}, message{host: ".example.com"}, false},
		{"wildcard not a longer name", Rule{Host: "*.example.com"}, message{host: "badexample.com"}, false},
		{"prefix itself", Rule{PathPrefix: "/v2"}, message{path: "/v2"}, true},
		{"prefix and more", Rule{PathPrefix: "/v2"}, message{path: "/v2/x"}, true},
		{"prefix and slash", Rule{PathPrefix: "/v2"}, message{path: "/v2/"}, true},
		{"not half a segment", Rule{PathPrefix: "/v2"}, message{path: "/v2x"}, false},
		{"open prefix", Rule{PathPrefix: "/v2/"}, message{path: "/v2/x"}, true},
		{"open prefix alone", Rule{PathPrefix: "/v2/"}, message{path: "/v2/"}, true},
		{"open prefix needs its slash", Rule{PathPrefix: "/v2/"}, message{path: "/v2"}, false},
		{"deep prefix", Rule{PathPrefix: "/a/b/c"}, message{path: "/a/b/c/d"}, true},
		{"deep prefix not met", Rule{PathPrefix: "/a/b/c"}, message{path: "/a/b"}, false},
		{"every path", Rule{PathPrefix: "/"}, message{path: "/"}, true},
		{"no path", Rule{PathPrefix: "/"}, message{path: "*"}, false},
		{"empty segments stand", Rule{PathPrefix: "/a//b"}, message{path: "/a//b/c"}, true},
		{"empty segments differ", Rule{PathPrefix: "/a/b"}, message{path: "/a//b"}, false},
		{"two slashes", Rule{PathPrefix: "//"}, message{path: "//"}, true},
		{"two slashes not one", Rule{PathPrefix: "//"}, message{path: "/"}, false},
		{"paths keep their case", Rule{PathPrefix: "/A"}, message{path: "/a"}, false},
		{"dot segments stand", Rule{PathPrefix: "/b"}, message{path: "/a/../b"}, false},
		{"method", Rule{Method: "GET"}, message{method: "GET"}, true},
		{"method is exact", Rule{Method: "GET"}, message{method: "get"}, false},
		{
			"header", Rule{Headers: []HeaderMatch{{"X-Team", "blue"}}},
			message{headers: map[string]string{"x-team": "blue"}}, true,
		},
		{
			"header of another value", Rule{Headers: []HeaderMatch{{"X-Team", "blue"}}},
			message{headers: map[string]string{"x-team": "Blue"}}, false,
		},
		{"header missing", Rule{Headers: []HeaderMatch{{"X-Team", "blue"}}}, message{}, false},
		{
			"all conditions", Rule{Host: "h", PathPrefix: "/p", Method: "PUT", Headers: []HeaderMatch{{"a", "1"}, {"b", "2"}}},
			message{"h", "/p/q", "PUT", map[string]string{"a": "1", "b": "2"}, 0}, true,
		},
		{
			"all but the last", Rule{Host: "h", PathPrefix: "/p", Method: "PUT", Headers: []HeaderMatch{{"a", "1"}, {"b", "2"}}},
			message{"h", "/p/q", "POST", map[string]string{"a": "1", "b": "2"}, 0}, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Upstream = "it"
			got, _ := compile(t, []Rule{c.rule}, "").Match(&c.m)
			if (got == "it") != c.want {
				t.Errorf("%+v on %+v: matched %v, want %v", c.rule, c.m, got == "it", c.want)
			}
		})
	}
}

func TestFirstMatchWinsOverTheMoreSpecific(t *testing.T) {
	r := compile(t, []Rule{
		{PathPrefix: "/a", Method: "GET", Upstream: "first"},
		{Host: "h", PathPrefix: "/a/b", Upstream: "second"},
		{PathPrefix: "/a/b", Upstream: "third"},
		{Upstream: "last"},
	}, "default")
	for _, c := range []struct {
		m    message
		want string
		rule int
	}{
		{message{host: "h", path: "/a/b", method: "GET"}, "first", 0},
		{message{host: "h", path: "/a/b", method: "PUT"}, "second", 1},
		{message{host: "i", path: "/a/b", method: "PUT"}, "third", 2},
		{message{host: "i", path: "/a", method: "PUT"}, "last", 3},
	} {
		if got, rule := r.Match(&c.m); got != c.want || rule != c.rule {
			t.Errorf("%+v: got %s by rule %d, want %s by %d", c.m, got, rule, c.want, c.rule)
		}
	}
}

func TestNoMatchGoesToTheDefault(t *testing.T) {
	rules := []Rule{{Host: "h", Upstream: "it"}}
	if got, rule := compile(t, rules, "default").Match(&message{}); got != "default" || rule != -1 {
		t.Errorf("got %q by %d", got, rule)
	}
	if got, rule := compile(t, rules, "").Match(&message{}); got != "" || rule != -1 {
		t.Errorf("got %q by %d without a default", got, rule)
	}
}

func TestNoMatchWithoutDefaultIsNoRoute(t *testing.T) {
	var x sidecar.Exchange
	x.Begin(&message{}, nil, 1)
	err := New(compile(t, []Rule{{Host: "h", Upstream: "it"}}, "")).Do(context.Background(), &x)
	f := sidecar.FaultOf(err)
	if f == nil || f.Stage != sidecar.StageRoute || f.Reason != sidecar.NoRoute || !f.Has(sidecar.Rejected|sidecar.Unsent) {
		t.Errorf("got %+v", f)
	}
}

func TestDoSetsDestAndHandsOn(t *testing.T) {
	failure := &sidecar.Fault{Reason: sidecar.NoEndpoints}
	r, err := Compile(Params{Default: "it", Select: selector, Upstreams: map[string]sidecar.Service{
		"it": sidecar.ServiceFunc(func(_ context.Context, x *sidecar.Exchange) error {
			if x.Dest != "it" {
				t.Errorf("dest is %q", x.Dest)
			}
			return failure
		}),
	}})
	if err != nil {
		t.Fatal(err)
	}
	var x sidecar.Exchange
	x.Begin(&message{}, nil, 1)
	if got := New(r).Do(context.Background(), &x); !errors.Is(got, failure) {
		t.Errorf("got %v", got)
	}
}

func TestCompileTellsAllThatIsWrong(t *testing.T) {
	_, err := Compile(Params{
		Rules: []Rule{
			{Upstream: "nobody"},
			{Host: "a.example:80", Upstream: "it"},
			{Host: "a.*.example", Upstream: "it"},
			{Host: "*", Upstream: "it"},
			{Host: "*.", Upstream: "it"},
			{Host: "http://a", Upstream: "it"},
			{Host: strings.Repeat("a", 256), Upstream: "it"},
			{Host: "bücher.example", Upstream: "it"},
			{PathPrefix: "v2", Upstream: "it"},
			{PathPrefix: "/v2?x=1", Upstream: "it"},
			{Headers: []HeaderMatch{{"", "x"}}, Upstream: "it"},
			{Headers: []HeaderMatch{{"A", "x"}, {"a", "y"}}, Upstream: "it"},
			{PathPrefix: "/good", Upstream: "it"},
		},
		Default: "nobody", Upstreams: upstreams("it"), Select: selector,
	})
	if err == nil {
		t.Fatal("nothing was wrong")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		`route 1: no upstream is named "nobody"`, `route 2: host "a.example:80" has a port`,
		`route 3: host "a.*.example": a star`, `route 4: host "*": a star`, `route 5: host "*.": want`,
		`route 6: host "http://a"`, `route 7: host "aaaa`, `route 8: host "bücher.example": want`,
		`route 9: path_prefix "v2": want`, `route 10: path_prefix "/v2?x=1": want`,
		`route 11: the listener's protocol has nothing to select by "header:"`,
		`route 12: header "a" is asked for twice`, `route: no upstream is named "nobody"`,
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %d of\n%v\nwant %s", i, err, want)
		}
	}
}

func TestMisspeltSelectorFailsAtLoad(t *testing.T) {
	_, err := Compile(Params{
		Rules:     []Rule{{Host: "h", PathPrefix: "/p", Upstream: "it"}},
		Upstreams: upstreams("it"),
		Select:    func(string) (sidecar.Selector, bool) { return sidecar.Selector{}, false },
	})
	if err == nil || !strings.Contains(err.Error(), `by "host"`) || !strings.Contains(err.Error(), `by "path"`) {
		t.Errorf("got %v", err)
	}
}

// What Match finds while routes are swapped is one set or the other, never a
// mixture: each set sends both paths to an upstream of its own.
func TestSwapIsWhole(t *testing.T) {
	sets := [2]*Routes{}
	for i, up := range []string{"old", "new"} {
		sets[i] = compile(t, []Rule{{PathPrefix: "/a", Upstream: up}, {PathPrefix: "/b", Upstream: up}}, up)
	}
	table := New(sets[0])
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			var x sidecar.Exchange
			for {
				select {
				case <-stop:
					return
				default:
				}
				x.Begin(&message{path: "/b"}, nil, 1)
				if err := table.Do(context.Background(), &x); err != nil || x.Dest != "old" && x.Dest != "new" {
					t.Errorf("got %q, %v", x.Dest, err)
					return
				}
				r := table.Routes()
				a, _ := r.Match(&message{path: "/a"})
				b, _ := r.Match(&message{path: "/b"})
				if a != b {
					t.Errorf("one snapshot sent to %s and %s", a, b)
					return
				}
			}
		})
	}
	for i := range 2000 {
		table.Swap(sets[i%2])
	}
	close(stop)
	readers.Wait()
}
