package http

import (
	"bytes"
	"net/url"
	"strconv"
	"testing"
)

func TestSegmentsAreCountedFromOne(t *testing.T) {
	for _, c := range []struct {
		path   string
		number int
		want   string
	}{
		{"/v2/users/7", 1, "v2"}, {"/v2/users/7", 3, "7"}, {"/v2/users/7", 4, ""}, {"/v2/users/7", 0, ""},
		{"/", 1, ""}, {"", 1, ""}, {"*", 1, ""}, {"//x", 1, ""}, {"//x", 2, "x"}, {"/a/", 2, ""}, {"/a%2Fb/c", 1, "a%2Fb"},
	} {
		if got, ok := Segment([]byte(c.path), strconv.Itoa(c.number)); string(got) != c.want || ok != (c.want != "") {
			t.Errorf("part %d of %q: %q, %v", c.number, c.path, got, ok)
		}
	}
}

func TestFirstParameterOfItsNameCounts(t *testing.T) {
	for _, c := range []struct {
		query, name, want string
		has               bool
	}{
		{"a=1&b=2", "b", "2", true}, {"a=1&a=2", "a", "1", true}, {"ab=1", "a", "", false}, {"a", "a", "", false},
		{"a=", "a", "", true}, {"&&a=x=y&", "a", "x=y", true}, {"", "a", "", false}, {"A=1", "a", "", false},
	} {
		if got, ok := QueryValue([]byte(c.query), c.name); string(got) != c.want || ok != c.has {
			t.Errorf("%q of %q: %q, %v", c.name, c.query, got, ok)
		}
	}
}

func TestPartsAreSelectedByName(t *testing.T) {
	for name, want := range map[string]bool{
		"path:1": true, "path:99": true, "path:0": false, "path:": false, "path:100": false, "path:-1": false, "path:x": false,
		"query:user": true, "query:a[b]": true, "query:": false, "query:a=b": false, "query:a&b": false, "query:a b": false,
		"header:X-User": true, "header:": false, "header:a b": false, "cookie:id": true, "cookie:": false,
		"client": true, "client:": false, "path": true, "body": false, "": false,
	} {
		if _, ok := Select(name); ok != want {
			t.Errorf("%q: %v", name, ok)
		}
	}
}

// FuzzQueryValue: what is found is what the standard library finds.
func FuzzQueryValue(f *testing.F) {
	for _, s := range []string{"a=1&b=2", "a", "&a=", "a=1;b=2", "a=%41"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, query []byte) {
		got, ok := QueryValue(query, "a")
		if bytes.ContainsAny(query, "%+;") {
			return // decoded, or refused, there
		}
		all, err := url.ParseQuery(string(query))
		if err != nil {
			return
		}
		if want, has := all["a"]; ok && (!has || want[0] != string(got)) && !bytes.Contains(query, []byte("&a&")) && !bytes.HasPrefix(query, []byte("a&")) {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	})
}

// FuzzSegment: the parts are those between the slashes.
func FuzzSegment(f *testing.F) {
	f.Add([]byte("/v2/users/7"), 2)
	f.Fuzz(func(t *testing.T, path []byte, number int) {
		got, ok := Segment(path, strconv.Itoa(number))
		parts := bytes.Split(path, []byte("/"))
		want := ok && len(parts[0]) == 0 && number > 0 && number < len(parts)
		if ok && (!want || !bytes.Equal(got, parts[number])) {
			t.Errorf("part %d of %q: %q", number, path, got)
		}
	})
}
