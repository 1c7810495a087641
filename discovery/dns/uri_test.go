package dns

import (
	"slices"
	"strings"
	"testing"
)

func TestParseReadsWhatAURINames(t *testing.T) {
	for uri, want := range map[string]target{
		"dns://users.example.com:8080":                                {name: "users.example.com", port: "8080"},
		"DNS://Users:08080":                                           {name: "users", port: "8080"},
		"dns://users:1?family=all":                                    {name: "users", port: "1", family: familyAll},
		"dns://users:1?resolver=10.0.0.2,[::1]:5353,::2":              {name: "users", port: "1", resolvers: []string{"10.0.0.2:53", "[::1]:5353", "[::2]:53"}},
		"srv://_http._tcp.example.com":                                {name: "_http._tcp.example.com"},
		"srv://_http._tcp.example.com?family=6&resolver=1.1.1.1:8600": {name: "_http._tcp.example.com", family: family6, resolvers: []string{"1.1.1.1:8600"}},
	} {
		got, err := parse(uri)
		if err != nil || got.name != want.name || got.port != want.port || got.family != want.family || !slices.Equal(got.resolvers, want.resolvers) {
			t.Errorf("%s: %+v, %v; want %+v", uri, got, err, want)
		}
	}
}

func TestParseSaysWhatWasExpected(t *testing.T) {
	for uri, want := range map[string]string{
		"dns://":                        "empty",
		"dns://users":                   "missing port",
		"dns://10.0.0.1:80":             "expected tcp://10.0.0.1:80",
		"dns://[::1]:80":                "expected tcp://[::1]:80",
		"dns://a:80/x":                  "path",
		"dns://a:80?x=1":                "expected resolver or family",
		"dns://a:80?family=5":           "auto, 4, 6 or all",
		"dns://a:80?family=4&family=6":  "expected it once",
		"dns://a:80?resolver=":          "IP address",
		"dns://a:80?resolver=ns1":       "IP address",
		"dns://a:80?resolver=1.1.1.1:0": "IP address",
		"dns://a:80?%zz":                "key=value",
		"srv://example.com":             "_service._proto.name",
		"srv://_http._tcp":              "_service._proto.name",
		"srv://_._tcp.a":                "_service._proto.name",
		"srv://_http._tcp.a:80":         `leave out ":80"`,
		"dns://a:80?resolver=" + strings.Repeat("1.1.1.1,", 8) + "1.1.1.1": "at most 8",
	} {
		if _, err := New(uri); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v does not say %q", uri, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dns://a:1?resolver=1.1.1.1:53&family=4")
	f.Add("srv://_a._b.c?family=all")
	f.Fuzz(func(t *testing.T, uri string) {
		s, err := New(uri)
		if err != nil {
			return
		}
		if s.target.name == "" || len(s.target.resolvers) > maxResolvers || s.String() != uri {
			t.Errorf("%q became %+v", uri, s.target)
		}
	})
}
