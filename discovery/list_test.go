package discovery

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestParseFileReadsEveryForm(t *testing.T) {
	full := Endpoint{Address: "a:1", Weight: 2.5, Zone: "z", Priority: 1, Name: "n", TLSName: "t", Labels: map[string]string{"k": "v"}}
	cases := []struct {
		name, path, data string
		want             []Endpoint
	}{
		{"toml tables", "l.toml", "[[endpoint]]\naddress = \"a:1\"\n[[endpoint]]\naddress = \"B:2\"\nweight = 3\n", []Endpoint{at("a:1", 1), at("b:2", 3)}},
		{"toml whole", "l.toml", "[[endpoint]]\naddress=\"a:1\"\nweight=2.5\nzone=\"z\"\npriority=1\nname=\"n\"\ntls_name=\"t\"\nlabels={k=\"v\"}\n", []Endpoint{full}},
		{"toml table of labels", "l.toml", "[[endpoint]]\naddress=\"a:1\"\n[endpoint.labels]\nk=\"v\"\n", []Endpoint{{Address: "a:1", Weight: 1, Labels: map[string]string{"k": "v"}}}},
		{"toml array", "l.toml", "endpoint = [{address=\"a:1\"}, \"b:2\"]\n", []Endpoint{at("a:1", 1), at("b:2", 1)}},
		{"toml none", "l.toml", "endpoint = []\n", []Endpoint{}},
		{"json strings", "l.json", `["a:1", "[::1]:2"]`, []Endpoint{at("a:1", 1), at("[::1]:2", 1)}},
		{"json objects", "l.json", `[{"address":"a:1","weight":2},"b:2"]`, []Endpoint{at("a:1", 2), at("b:2", 1)}},
		{"json whole", "l.json", `{"endpoints":[{"address":"a:1","weight":2.5,"zone":"z","priority":1,"name":"n","tls_name":"t","labels":{"k":"v"}}]}`, []Endpoint{full}},
		{"json none", "l.json", "[]\n", []Endpoint{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseFile(c.path, []byte(c.data))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

// The file is bad whatever allow_empty says, so that to set it is no advice.
func TestFileWithoutTextIsNoEmptyList(t *testing.T) {
	if _, err := parseFile("l.toml", nil); err == nil || strings.Contains(err.Error(), "allow_empty") {
		t.Errorf("got %v", err)
	}
}

func TestParseFileSaysWhereAndWhatWasExpected(t *testing.T) {
	cases := []struct{ name, path, data, want string }{
		{"empty", "l.toml", " \n", "l.toml: no text"},
		{"empty, what to do", "l.toml", "", "l.toml: no text: an empty list is written endpoint = []"},
		{"toml syntax", "l.toml", "[[endpoint]]\naddress = \"a:1\"\nweight = \n", "l.toml:3: "},
		{"toml half a string", "l.toml", "[[endpoint]]\naddress = \"a:", "l.toml:2: "},
		{"toml twice", "l.toml", "endpoint=[]\n\nendpoint=[]\n", "l.toml:3: "},
		{"toml unknown table", "l.toml", "[[endpoints]]\naddress=\"a:1\"\n", `unknown key "endpoints": expected only "endpoint"`},
		{"toml unknown key", "l.toml", "[[endpoint]]\naddress=\"a:1\"\n[[endpoint]]\naddress=\"b:1\"\nwieght=1\n", `l.toml: endpoint 2: unknown key "wieght"`},
		{"toml no list", "l.toml", "# nothing\n", `there is no "endpoint"`},
		{"toml wrong list", "l.toml", "endpoint = 1\n", "expected [[endpoint]] tables"},
		{"toml deep", "l.toml", "a=" + strings.Repeat("[", 1<<20), "l.toml:1: nested too deeply"},
		{"toml dotted", "l.toml", "\n" + strings.Repeat("a.", 1<<20), "l.toml:2: nested too deeply"},
		{"json syntax", "l.json", "[\n\"a:1\",\n}", "l.json:3: "},
		{"json half", "l.json", "[\n\"a:1\",\n", "l.json:3: the list is cut off"},
		{"json deep", "l.json", strings.Repeat("[", 1<<20), "l.json:1: "},
		{"json two values", "l.json", "[]\n[]", "something follows"},
		{"json number", "l.json", "7", `expected [...] or {"endpoints": [...]}`},
		{"json null", "l.json", "null", "expected [...]"},
		{"json unknown", "l.json", `{"endpoint":[]}`, `unknown key "endpoint": expected only "endpoints"`},
		{"json null list", "l.json", `{"endpoints":null}`, `there is no "endpoints"`},
		{"item of no kind", "l.json", `["a:1",7]`, "endpoint 2: expected"},
		{"no address", "l.json", `[{}]`, `endpoint 1: there is no "address"`},
		{"bad address", "l.json", `["a:1","a"]`, "endpoint 2: address: missing port"},
		{"address of no text", "l.json", `[{"address":7}]`, "address: expected a string"},
		{"weight of 0", "l.json", `[{"address":"a:1","weight":0}]`, "weight 0: expected a number from"},
		{"weight of no number", "l.json", `[{"address":"a:1","weight":"1"}]`, "weight: expected a number"},
		{"huge weight", "l.json", `[{"address":"a:1","weight":1e999}]`, "weight: expected a number"},
		{"weight nan", "l.toml", "endpoint=[{address=\"a:1\",weight=nan}]", "weight NaN: expected"},
		{"priority below 0", "l.json", `[{"address":"a:1","priority":-1}]`, "from 0 to 128"},
		{"priority with a fraction", "l.json", `[{"address":"a:1","priority":1.5}]`, "from 0 to 128"},
		{"labels of no text", "l.json", `[{"address":"a:1","labels":{"k":1}}]`, `labels: "k": expected a string`},
		{"labels of no table", "l.json", `[{"address":"a:1","labels":[]}]`, "labels: expected a table"},
		{"long text", "l.json", `[{"address":"a:1","zone":"` + strings.Repeat("z", 2000) + `"}]`, "zone: a string of 2000 bytes"},
		{"too many", "l.json", `["a:1"` + strings.Repeat(`,"a:1"`, maxEndpoints) + "]", "100001 endpoints: expected at most 100000"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseFile(c.path, []byte(c.data))
			if err == nil {
				t.Fatalf("got %v, want an error", got)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%q does not say %q", err, c.want)
			}
		})
	}
}

func TestParseFileRefusesEveryHalfOfAList(t *testing.T) {
	whole := `{"endpoints":[{"address":"a:1","weight":2,"labels":{"k":"v"}},"b:2"]}`
	for i := range len(whole) {
		if got, err := parseFile("l.json", []byte(whole[:i])); err == nil {
			t.Errorf("%q was taken for %v", whole[:i], got)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	for _, s := range []string{
		"[[endpoint]]\naddress = \"a:1\"\nweight = 2\npriority = 1\nlabels = {k = \"v\"}\n",
		"endpoint = [\"a:1\", {address = \"[::1]:2\"}]\n", "endpoint = []", "[endpoint]\na=1", "a.b.c = 1\n", "[[endpoint]]\n[[endpoint.labels]]\n",
		`["a:1"]`, `[{"address":"a:1","weight":1}]`, `{"endpoints":[{"address":"a:1","labels":{"k":"v"}}]}`, `{"endpoints":{}}`, `[[["a:1"]]]`, `[null]`, "[", "\xff\xfe",
	} {
		f.Add(true, []byte(s))
		f.Add(false, []byte(s))
	}
	f.Fuzz(func(t *testing.T, json bool, data []byte) {
		path := "l.toml"
		if json {
			path = "l.json"
		}
		set, err := parseFile(path, data)
		if err != nil && (set != nil || !strings.HasPrefix(err.Error(), path)) {
			t.Errorf("got %v and %v", set, err)
		}
		for _, e := range set {
			soundEndpoint(t, e)
		}
	})
}

func BenchmarkParseFile(b *testing.B) {
	var s strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&s, "[[endpoint]]\naddress = \"host-%d.example.com:8080\"\nweight = 2\n", i)
	}
	for b.Loop() {
		if _, err := parseFile("l.toml", []byte(s.String())); err != nil {
			b.Fatal(err)
		}
	}
}
