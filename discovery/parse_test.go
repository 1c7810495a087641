package discovery

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"
)

// list is what a source publishes first.
func list(t testing.TB, s Source) []Endpoint {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var set []Endpoint
	err := s.Run(ctx, func(u Update) {
		if u.Err != nil {
			t.Errorf("published the error %v", u.Err)
		}
		set = u.Endpoints
		cancel()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
	return set
}

func at(address string, weight float64) Endpoint {
	return Endpoint{Address: address, Weight: weight}
}

func TestParseReadsListsOfAddresses(t *testing.T) {
	for uri, want := range map[string][]Endpoint{
		"tcp://localhost:8080,localhost:8081": {at("localhost:8080", 1), at("localhost:8081", 1)},
		"TCP://A:1":                           {at("a:1", 1)},
		"tcp://a:1?weight=3,b:2":              {at("a:1", 3), at("b:2", 1)},
		"tcp://a:1?weight=0.5,b:2?weight=1e3": {at("a:1", 0.5), at("b:2", 1000)},
		"tcp://[::1]:80,[::2]:80?weight=2":    {at("[::1]:80", 1), at("[::2]:80", 2)},
	} {
		s, err := Parse(uri, Params{})
		if err != nil {
			t.Errorf("%s: %v", uri, err)
			continue
		}
		if s.String() != uri {
			t.Errorf("%s calls itself %s", uri, s)
		}
		if got := list(t, s); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", uri, got, want)
		}
	}
}

func TestParseSaysWhatWasExpected(t *testing.T) {
	other := Params{Schemes: map[string]func(string) (Source, error){"zk": func(string) (Source, error) { return nil, nil }}}
	for uri, want := range map[string]string{
		"":                            "no scheme: expected one of file://, tcp://, zk://",
		"a:1":                         "no scheme",
		"tcp:a:1":                     "no scheme",
		"http://u:secret@a:1":         `unknown scheme "http": expected one of file://, tcp://, zk://`,
		"tcp://":                      "no address",
		"tcp://a:1,":                  "part 2: empty",
		"tcp://,a:1":                  "part 1: empty",
		"tcp://a:1, b:2":              "part 2: space",
		"tcp://a:1,b":                 `part 2: missing port in address "b"`,
		"tcp://a:1,u:secret@b:2":      "part 2: user-info",
		"tcp://u:secret#@b:2":         "part 1: user-info",
		"tcp://a:1/":                  "path",
		"tcp://a:1/path?x#frag":       "fragment",
		"tcp://a:1#x":                 "fragment",
		"tcp://a:1?":                  "expected ?weight=N",
		"tcp://a:1?wait=3":            "expected ?weight=N",
		"tcp://a:1?weight=":           "expected a number",
		"tcp://a:1?weight=3&weight=4": "expected a number",
		"tcp://a:1?weight=NaN":        "from 0.001 to 1000000",
		"tcp://a:1?weight=Inf":        "from 0.001 to 1000000",
		"tcp://a:1?weight=0":          "from 0.001 to 1000000",
		"tcp://a:1?weight=-1":         "from 0.001 to 1000000",
		"tcp://a:1" + strings.Repeat(",a:1", maxEndpoints): "at most 100000",
		"file://":             "no path",
		"file://list.toml":    "no directory to start from",
		"file:///etc/passwd":  "ends in .toml or .json",
		"file:///a/b.yaml":    "ends in .toml or .json",
		"file:///a.json?x":    "cannot have",
		"file:///a.json#x":    "cannot have",
		"file:///a\x00b.json": "cannot have",
	} {
		_, err := Parse(uri, other)
		name := uri[:min(len(uri), 60)]
		if err == nil {
			t.Errorf("%q: no error", name)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q does not say %q", name, err, want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the password", name)
		}
	}
}

func TestParseHandsOtherSchemesOn(t *testing.T) {
	zk := Static("zk", nil)
	p := Params{Schemes: map[string]func(string) (Source, error){
		"zk": func(uri string) (Source, error) {
			if uri != "ZK://z:2181/path" {
				t.Errorf("got %q", uri)
			}
			return zk, nil
		},
	}}
	if s, err := Parse("ZK://z:2181/path", p); s != zk || err != nil {
		t.Errorf("got %v, %v", s, err)
	}
}

func TestParseFindsFiles(t *testing.T) {
	for uri, want := range map[string]string{
		"file:///abs/../x/list.toml": "/x/list.toml",
		"file://rel/list.json":       "/base/rel/list.json",
		"file://a b%20.json":         "/base/a b%20.json",
	} {
		s, err := Parse(uri, Params{Dir: "/base"})
		if err != nil || s.(*file).path != want {
			t.Errorf("%s: got %v, %v, want %s", uri, s, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"tcp://a:1,b:2?weight=3", "tcp://[::1]:80", "tcp://[fe80::1%eth0]:1", "tcp://u:p@h:1", "TCP://A:65535",
		"tcp://a:1,", "tcp://a:1?weight=1e999", "file:///a.toml", "file://a/../../b.json", "zk://a", "tcp://", "://", "tcp://a:1#b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		s, err := Parse(uri, Params{Dir: "/base"})
		if err != nil {
			return
		}
		if _, isFile := s.(*file); isFile {
			return
		}
		for _, e := range list(t, s) {
			soundEndpoint(t, e)
		}
	})
}

// soundEndpoint fails if e is not what a source may publish.
func soundEndpoint(t *testing.T, e Endpoint) {
	t.Helper()
	if again, err := ParseAddress(e.Address); err != nil || again != e.Address {
		t.Errorf("address %q becomes %q, %v", e.Address, again, err)
	}
	if !(e.Weight >= minWeight && e.Weight <= maxWeight) || e.Priority < 0 {
		t.Errorf("endpoint %+v", e)
	}
}
