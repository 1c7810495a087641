package config

import (
	"strings"
	"testing"
	"time"
)

func TestKeysComeApartAsTheyWerePutTogether(t *testing.T) {
	for _, c := range []struct{ table, name, key, header string }{
		{"", "a", "a", "[a]"},
		{"a", "b", "a.b", "[a.b]"},
		{"a", "b.c", `a."b.c"`, `[a."b.c"]`},
		{`a."b.c"`, "d", `a."b.c".d`, `[a."b.c".d]`},
		{"a", `"[\`, `a."\"[\\"`, `[a."\"[\\"]`},
		{"a", "", `a.""`, `[a.""]`},
		{"a[0]", "b", "a[0].b", "[a.b]"},
	} {
		key := joinKey(c.table, c.name)
		table, last := splitKey(key)
		if key != c.key || table != c.table || joinKey(c.table, c.name) != key || !strings.HasSuffix(key, last) || header(key) != c.header {
			t.Errorf("%s: split into %s and %s, header %s", key, table, last, header(key))
		}
	}
	if table, last := splitKey("a.b[12]"); table != "a.b" || last != "[12]" || header("a[0].b[12]") != "[[a.b]]" {
		t.Errorf("element: split into %s and %s", table, last)
	}
}

func TestOnlyWhatIsNearIsSuggested(t *testing.T) {
	names := []string{"timeout", "on", "address", "attempt_timeout", "web"}
	for _, c := range []struct{ given, want string }{
		{"timeuot", "timeout"}, {"tmieot", "timeout"}, {"addrass", "address"}, {"no", "on"}, {"wbe", "web"},
		{"ADDRESS", "address"}, {"attempt_timout", "attempt_timeout"}, {"", ""}, {"xyz", ""}, {"tout", ""}, {strings.Repeat("a", 1<<20), ""},
	} {
		want := ""
		if c.want != "" {
			want = `; did you mean "` + c.want + `"?`
		}
		if got := didYouMean(c.given, names); got != want {
			t.Errorf("%.20s: got %q, want %q", c.given, got, want)
		}
	}
}

func TestDistanceCountsSlips(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "ab", 2}, {"ab", "", 2}, {"abc", "abc", 0}, {"abc", "abd", 1}, {"abc", "acb", 1}, {"abc", "ab", 1}, {"kitten", "sitting", 3},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestSizes(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
		ok   bool
	}{
		{"0", 0, true}, {"0B", 0, true}, {"512B", 512, true}, {"64KiB", 65536, true}, {"2MiB", 2 << 20, true}, {"1GiB", 1 << 30, true},
		{"", 0, false}, {"KiB", 0, false}, {"1.5KiB", 0, false}, {"+1B", 0, false}, {"1 KiB", 0, false}, {"64k", 0, false}, {"64kib", 0, false},
	} {
		got, err := parseSize(c.text)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("%q: got %d, %v", c.text, got, err)
		}
	}
	for n, want := range map[int64]string{0: "0B", 1000: "1000B", 65536: "64KiB", 3 << 20: "3MiB", 1 << 30: "1GiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d: got %s, want %s", n, got, want)
		}
	}
}

func TestDurationsAreWrittenShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 10 * time.Second: "10s", time.Minute: "1m", 90 * time.Second: "1m30s", 10 * time.Minute: "10m",
		time.Hour: "1h", 10 * time.Hour: "10h", time.Hour + time.Second: "1h0m1s", 20 * time.Hour: "20h", 1500 * time.Millisecond: "1.5s",
	} {
		if got := durationText(d); got != want {
			t.Errorf("%v: got %s, want %s", d, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		text          string
		host, pattern bool
	}{
		{"example.com", true, true}, {"a_b-1", true, true}, {"10.0.0.1", true, true}, {"[::1]", true, true}, {"*.example.com", false, true},
		{"", false, false}, {"*", false, false}, {"*.", false, false}, {"a.*", false, false}, {"*.[::1]", false, false}, {"::1", false, false},
		{"a:80", false, false}, {"[a]", false, false}, {"[::1", false, false}, {"a b", false, false}, {"http://a", false, false},
	} {
		if checkHost(c.text) == nil != c.host || checkHostPattern(c.text) == nil != c.pattern {
			t.Errorf("%q: host: %v; pattern: %v", c.text, checkHost(c.text), checkHostPattern(c.text))
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, c := range []struct{ text, same string }{
		{":80", ":80"}, {"127.0.0.1:080", "127.0.0.1:80"}, {"LocalHost:1", "localhost:1"}, {"[0::1]:80", "[::1]:80"}, {"a:0", ""},
		{"unix:/run//x", "unix:/run/x"}, {"[fe80::1%eth0]:80", "[fe80::1%eth0]:80"},
	} {
		if err := checkAddress(c.text); err != nil {
			t.Error(err)
		}
		if got := sameAddress(c.text); got != c.same {
			t.Errorf("%s: got %q, want %q", c.text, got, c.same)
		}
	}
	for _, text := range []string{
		"", "80", "a", "a:", "a:-1", "a:+1", "a:65536", "a b:1", "::1:80", "unix:", "unix:x", "unix:/a b", "unix:/" + strings.Repeat("x", maxUnixPath),
	} {
		if checkAddress(text) == nil {
			t.Errorf("%.20q was taken", text)
		}
	}
}
