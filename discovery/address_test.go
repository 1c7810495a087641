package discovery

import (
	"strings"
	"testing"
)

func TestParseAddressGivesTheOneForm(t *testing.T) {
	for in, want := range map[string]string{
		"a:1":                   "a:1",
		"Host-1.Example.COM:80": "host-1.example.com:80",
		"a_b.c.:65535":          "a_b.c.:65535",
		"a:0080":                "a:80",
		"10.0.0.1:80":           "10.0.0.1:80",
		"[::1]:80":              "[::1]:80",
		"[2001:DB8:0::1]:80":    "[2001:db8::1]:80",
		"[fe80::1%eth0]:80":     "[fe80::1%eth0]:80",
	} {
		if got, err := ParseAddress(in); err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestParseAddressSaysWhatWasExpected(t *testing.T) {
	for in, want := range map[string]string{
		"":                              "empty",
		"a":                             "missing port",
		"a:":                            "from 1 to 65535",
		"a:0":                           "from 1 to 65535",
		"a:65536":                       "from 1 to 65535",
		"a:99999999999999999999":        "from 1 to 65535",
		"a:-1":                          "from 1 to 65535",
		"a:+1":                          "from 1 to 65535",
		"a:0x1":                         "from 1 to 65535",
		"a:1_0":                         "from 1 to 65535",
		"a:http":                        "from 1 to 65535",
		":80":                           "missing host",
		"a b:80":                        "space",
		" a:80":                         "space",
		"a:80\n":                        "space",
		"::1:80":                        "IPv6 in brackets",
		"a:1:2":                         "too many colons",
		"[::1]":                         "missing port",
		"[::1]80":                       "missing port",
		"[::1:80":                       "no \"]\"",
		"[a]:80":                        "not an IPv6 address",
		"[1.2.3.4]:80":                  "not an IPv6 address",
		"[]:80":                         "not an IPv6 address",
		"a:1/x":                         "path",
		"u:secret@a:1":                  "user-info",
		"1.2.3:80":                      "neither an IPv4 address",
		"256.1.1.1:80":                  "neither an IPv4 address",
		"b\u00fccher.de:80":             "character",
		"a\x00b:80":                     "character",
		strings.Repeat("a", 254) + ":1": "at most 253",
	} {
		got, err := ParseAddress(in)
		if err == nil {
			t.Errorf("%q: got %q, want an error", in, got)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q does not say %q", in, err, want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: the error repeats the password", in)
		}
	}
}
