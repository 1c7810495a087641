package zk

import (
	"reflect"
	"strings"
	"testing"

	"sidecar/discovery"
)

func TestParseLocationReadsWhatScalesReads(t *testing.T) {
	for uri, want := range map[string]Location{
		"zk://z1:2181,z2:2181/a/b#http":  {[]string{"z1:2181", "z2:2181"}, "/a/b", "http", "member_"},
		"zk://z1/a#b#c":                  {[]string{"z1:2181"}, "/a", "b#c", "member_"},
		"ZK://z2,z1,z2:2181/a":           {[]string{"z1:2181", "z2:2181"}, "/a", "", "member_"},
		"zk://z1/a/b/":                   {[]string{"z1:2181"}, "/a/b", "", "member_"},
		"zk://z1/a#":                     {[]string{"z1:2181"}, "/a", "", "member_"},
		"zk://[::1]:2182,[::2]/chroot/a": {[]string{"[::1]:2182", "[::2]:2181"}, "/chroot/a", "", "member_"},
		"zk://z1/a?prefix=nerve_#x":      {[]string{"z1:2181"}, "/a", "x", "nerve_"},
		"zk://z1/a?prefix=":              {[]string{"z1:2181"}, "/a", "", ""},
	} {
		if got, err := ParseLocation(uri); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", uri, got, err, want)
		}
	}
}

func TestParseLocationSaysWhatWasExpected(t *testing.T) {
	for uri, want := range map[string]string{
		"tcp://a:1":            "expected zk://",
		"zk://":                "no server",
		"zk:///a":              "no server",
		"zk://z1":              "no path",
		"zk://z1/":             "no path",
		"zk://z1//a":           "two slashes",
		"zk://z1/a/../b":       `does not know ".."`,
		"zk://z1,/a":           "server 2: empty address",
		"zk://z1:0/a":          "server 1: port",
		"zk://::1/a":           "brackets",
		"zk://me:hunter2@z1/a": "auth in a [zookeeper.NAME] table",
		"zk://z1/a?prefx=x":    "unknown parameter",
		"zk://z1/a?prefix=a/b": "unknown parameter",
		"zk://z1/a#b?prefix=c": "expected ?prefix=NAME#b",
		"zk://z1/a\x00b":       "control character",
		"zk://z1/a#\x1b":       "control characters",
		"zk://z1" + strings.Repeat("/aaaaaaaa", 200): "at most 1024",
		"zk://z1" + strings.Repeat(",z1", 32) + "/a": "at most 32",
	} {
		_, err := ParseLocation(uri)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%.60q: %v does not say %q", uri, err, want)
		}
	}
}

func FuzzParseLocation(f *testing.F) {
	for _, s := range []string{"zk://z1:2181,z2/a/b#http", "zk://[::1]/a?prefix=x#y", "zk://z/a//b", "zk://a@b/c", "zk://z1/\u00e9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		l, err := ParseLocation(uri)
		if err != nil {
			return
		}
		again, err := ParseLocation("zk://" + strings.Join(l.Servers, ",") + l.Path + "?prefix=" + l.Prefix + "#" + l.Endpoint)
		if err != nil || !reflect.DeepEqual(again, l) {
			t.Errorf("%q: %+v becomes %+v, %v", uri, l, again, err)
		}
		for _, s := range l.Servers {
			if one, err := discovery.ParseAddress(s); err != nil || one != s {
				t.Errorf("server %q", s)
			}
		}
	})
}
