package zk

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"sidecar/discovery"
)

func golden(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestMembersOfEveryFormatAreRead(t *testing.T) {
	for name, want := range map[string]Member{
		"finagle": {Service: "10.0.0.1:31001", Additional: map[string]string{"http": "10.0.0.1:31002", "admin": "10.0.0.1:31003"}, Status: alive, Weight: 1},
		"aurora": {Service: "192.168.33.7:31254", Status: alive, Weight: 1, Shard: "3",
			Additional: map[string]string{"aurora": "192.168.33.7:31254", "health": "192.168.33.7:31255"}},
		"scales": {Service: "somehostname:31943", Status: alive, Weight: 1, Shard: "0",
			Additional: map[string]string{"serverset": "somehostname:31943", "otherport": "somehostname:31944"}},
		"nerve":    {Service: "10.1.2.3:4567", Status: alive, Weight: 3, Name: "i-0abc", Labels: map[string]string{"az": "us-east-1a", "canary": "true"}},
		"stopping": {Service: "10.0.0.9:1", Status: "STOPPING", Weight: 1, Shard: "1"},
	} {
		if got, err := DecodeMember(golden(t, name)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, want)
		}
	}
}

func TestWhatIsNoMemberIsToldAsSuch(t *testing.T) {
	for data, want := range map[string]string{
		"":                               "not the JSON",
		"\x80\x01\x00\x01thrift":         "not the JSON",
		"[]":                             "not the JSON",
		"{}":                             "neither",
		`{"serviceEndpoint":null}`:       "neither",
		`{"serviceEndpoint":{"port":1}}`: "serviceEndpoint: no host",
		`{"serviceEndpoint":{"host":"a"},"status":"ALIVE"}`:                     "serviceEndpoint: no port",
		`{"serviceEndpoint":{"host":"a","port":0},"status":"ALIVE"}`:            "from 1 to 65535",
		`{"serviceEndpoint":{"host":"a b","port":1},"status":"ALIVE"}`:          "space",
		`{"serviceEndpoint":{"host":"a","port":1}}`:                             `no "status"`,
		`{"host":"a","port":1,"weight":-1}`:                                     "weight",
		`{"host":"a","port":1,"weight":"NaN"}`:                                  "weight",
		`{"host":"a","port":{}}`:                                                "no port",
		`{"host":"a","port":1,"name":"` + strings.Repeat("x", maxText+1) + `"}`: "name: too long",
		strings.Repeat(" ", maxMember+1):                                        "at most 65536",
	} {
		if _, err := DecodeMember([]byte(data)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v does not say %q", data, err, want)
		}
	}
}

func TestTolerated(t *testing.T) {
	for name, data := range map[string]string{
		"port as text":       `{"serviceEndpoint":{"host":"a","port":"1"},"additionalEndpoints":{},"status":"ALIVE"}`,
		"no additional":      `{"serviceEndpoint":{"host":"a","port":1},"status":"ALIVE"}`,
		"additional is null": `{"serviceEndpoint":{"host":"a","port":1},"additionalEndpoints":null,"status":"ALIVE"}`,
		"broken additional":  `{"serviceEndpoint":{"host":"a","port":1},"additionalEndpoints":{"x":3,"y":{"host":"","port":1}},"status":"ALIVE"}`,
		"shard is no number": `{"serviceEndpoint":{"host":"a","port":1},"status":"ALIVE","shard":"x"}`,
		"further keys":       `{"serviceEndpoint":{"host":"a","port":1},"status":"ALIVE","x":{"y":[1]}}`,
	} {
		if m, err := DecodeMember([]byte(data)); err != nil || m.Service != "a:1" || m.Status != alive || m.Shard != "" {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func TestAMissingEndpointNameIsToldWithThoseThatAreThere(t *testing.T) {
	m, err := DecodeMember(golden(t, "finagle"))
	if err != nil {
		t.Fatal(err)
	}
	if e, err := m.endpoint("http"); err != nil || e.Address != "10.0.0.1:31002" || e.Name != "http" || e.Identity != "" {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := m.endpoint("htp"); err == nil || !strings.Contains(err.Error(), "it has admin, http") {
		t.Errorf("got %v", err)
	}
}

func TestVectorsMultiplyWeights(t *testing.T) {
	v, err := DecodeVector(golden(t, "vector"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		address, member, shard string
		want                   float64
	}{
		{"10.0.0.1:31001", "member_0000000001", "", 0.5},
		{"10.0.0.1:31001", "member_0000000007", "3", 1.5},
		{"10.0.0.2:1", "member_0000000002", "3", 1.5},
		{"10.0.0.2:1", "member_0000000002", "", 1},
	} {
		if got := v.factor(c.address, c.member, c.shard); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

func TestAnnouncementsAreReadBack(t *testing.T) {
	data, err := Announcement{Service: "10.0.0.1:80", Additional: map[string]string{"admin": "[::1]:81"}, Shard: 4}.Encode()
	want := `{"serviceEndpoint":{"host":"10.0.0.1","port":80},"additionalEndpoints":{"admin":{"host":"::1","port":81}},"status":"ALIVE","shard":4}`
	if err != nil || string(data) != want {
		t.Errorf("got %s, %v", data, err)
	}
	m, err := DecodeMember(data)
	if err != nil || m.Service != "10.0.0.1:80" || m.Additional["admin"] != "[::1]:81" || m.Shard != "4" {
		t.Errorf("got %+v, %v", m, err)
	}
	if data, _ := (Announcement{Service: "a:1", Shard: -1}).Encode(); string(data) != `{"serviceEndpoint":{"host":"a","port":1},"additionalEndpoints":{},"status":"ALIVE"}` {
		t.Errorf("got %s", data)
	}
}

func FuzzDecodeMember(f *testing.F) {
	for _, name := range []string{"finagle", "aurora", "scales", "nerve", "stopping", "vector"} {
		f.Add(golden(f, name))
	}
	f.Add([]byte(`{"serviceEndpoint":{"host":"[::1]","port":"080"},"status":"ALIVE","shard":1e3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := DecodeMember(data)
		if err != nil {
			return
		}
		names := []string{""}
		for name := range m.Additional {
			names = append(names, name)
		}
		for _, name := range names {
			e, err := m.endpoint(name)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := discovery.ParseAddress(e.Address); err != nil || again != e.Address {
				t.Errorf("address %q", e.Address)
			}
			if !(e.Weight >= 0 && e.Weight <= maxWeight) {
				t.Errorf("weight %v", e.Weight)
			}
		}
		a := Announcement{Service: m.Service, Additional: m.Additional, Shard: -1}
		text, err := a.Encode()
		if err != nil || !json.Valid(text) {
			t.Fatalf("%s, %v", text, err)
		}
		if back, err := DecodeMember(text); err != nil || back.Service != m.Service {
			t.Errorf("%+v becomes %+v, %v", m, back, err)
		}
	})
}

func FuzzDecodeVector(f *testing.F) {
	f.Add(golden(f, "vector"))
	f.Add([]byte(`{"vector":[{"select":"shard=-1","weight":1e999},{"select":"","weight":"2"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := DecodeVector(data)
		if err != nil {
			return
		}
		for m := range v.member {
			if w := v.factor("a:1", m, "1"); w < 0 || math.IsNaN(w) {
				t.Errorf("factor %v", w)
			}
		}
	})
}
