package xds

import (
	"strings"
	"testing"
)

func TestURIIsServerAndCluster(t *testing.T) {
	for uri, want := range map[string]Location{
		"xds://plane:18000/web":                     {"plane:18000", "web"},
		"XDS://[::1]:80/a/b":                        {"[::1]:80", "a/b"},
		"xds://P:1/outbound|80||web.default.svc":    {"p:1", "outbound|80||web.default.svc"},
		"xds://p:1/100%25%3F%23":                    {"p:1", "100%?#"},
		"xds://p:1/xdstp:%2F%2Fa/envoy.Cluster/web": {"p:1", "xdstp://a/envoy.Cluster/web"},
	} {
		if got, err := ParseLocation(uri); err != nil || got != want {
			t.Errorf("%s: %+v, %v", uri, got, err)
		}
	}
	for uri, want := range map[string]string{
		"zk://p:1/web":                           "expected xds://host:port/cluster",
		"xds://p:1":                              "no cluster",
		"xds://p:1/":                             "no cluster",
		"xds://p/web":                            "control plane: missing port",
		"xds://me:secret@p:1/web":                "has no meaning here",
		"xds://p:1/web?x=1":                      "write it as %3F",
		"xds://p:1/web#x":                        "write it as %23",
		"xds://p:1/100%":                         "write % as %25",
		"xds://p:1/a%00":                         "not to be seen",
		"xds://p:1/a%ff":                         "not to be seen",
		"xds://p:1/" + strings.Repeat("a", 1025): "more than the limit",
		"xds://p:1,q:1/web":                      "control plane",
	} {
		if _, err := ParseLocation(uri); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v does not say %q", uri, err, want)
		}
	}
}

func FuzzURI(f *testing.F) {
	f.Add("xds://plane:18000/outbound|80||web%3F")
	f.Add("xds://[::1]:1/a/b%2Fc")
	f.Fuzz(func(t *testing.T, uri string) {
		l, err := ParseLocation(uri)
		if err == nil && (l.Cluster == "" || !printable(l.Cluster) || len(l.Cluster) > maxCluster || l.Server == "") {
			t.Errorf("%q: %+v", uri, l)
		}
	})
}
