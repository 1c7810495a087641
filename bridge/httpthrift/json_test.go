package httpthrift

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"sidecar"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
)

// schema is that of the users that all tests are about.
func schema(t testing.TB) *idl.Schema {
	t.Helper()
	s, err := idl.Load("../../wire/thrift/idl/testdata/users.thrift", os.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func method(t testing.TB, name string) *idl.Method {
	t.Helper()
	m := schema(t).Services["Users"].Methods[name]
	if m == nil {
		t.Fatalf("no method %s", name)
	}
	return m
}

// through reads JSON into a call in p and its arguments out of it again.
func through(t *testing.T, m *idl.Method, p thrift.Protocol, body string) (string, *problem) {
	t.Helper()
	call := thrift.AppendHead(nil, thrift.Binary, thrift.CallType, 1, m.Name)
	n := len(call)
	call, problem := encodeArgs(call, m, []byte(body))
	if problem != nil {
		return "", problem
	}
	if end, bad := thrift.WalkStruct(thrift.Binary, call[n:]); bad != nil || end != len(call)-n {
		t.Fatalf("%x ends at %d, %v", call[n:], end, bad)
	}
	call, h, bad := thrift.Transcode(nil, thrift.Binary, p, call, 1<<20)
	if bad != nil {
		t.Fatal(bad)
	}
	d := decoding{r: thrift.ReadValues(p, call[h.Body:]), limit: 1 << 20, left: maxDepth}
	if p := d.structure(m.Args); p != nil {
		t.Fatal(p)
	}
	return string(d.out), nil
}

const everything = `{"user": {
	"id": 9223372036854775807, "name": "Zoë \"\\\u0001\u2028<&>", "active": false, "level": "HIGH",
	"picture": "AP8=", "numbers": [-32768, 32767], "names": {"-1": "a", "2": ""},
	"points": {"{\"x\":1,\"y\":-0.5}": [1, -128, 127]}, "contact": {"phone": -9223372036854775808},
	"key": "00112233-4455-6677-8899-aabbccddeeff", "ratio": 1e-300, "tags": [], "limit": 7,
	"at": {"x": 1, "y": 2}, "tree": {"value": 1, "children": [{"value": 2}, {"value": 3, "other": {"value": 4}}]},
	"ids": {"": 1}, "levels": {"LOW": true, "7": false}
}}`

func TestValuesComeThroughAsTheyWere(t *testing.T) {
	for _, c := range []struct{ name, method, in, want string }{
		{"everything", "put", everything, everything},
		{"nothing", "all", "", "{}"},
		{"only spaces", "all", " \n", "{}"},
		{"defaults of required fields", "put", `{"user": {"id": 1, "at": {}}}`, `{"user": {"id": 1, "at": {"x": 1, "y": 2.5}, "name": "nobody"}}`},
		{"default of an argument", "get", `{"id": 3}`, `{"id": 3, "deep": false}`},
		{"null is not there", "put", `{"user": {"id": 1, "name": "n", "tags": null}}`, `{"user": {"id": 1, "name": "n"}}`},
		{"enum by number", "put", `{"user": {"id": 1, "name": "n", "level": 5}}`, `{"user": {"id": 1, "name": "n", "level": "MIDDLE"}}`},
		{"enum without a name", "put", `{"user": {"id": 1, "name": "n", "level": 77}}`, `{"user": {"id": 1, "name": "n", "level": 77}}`},
		{"no number", "put", `{"user": {"id": 1, "name": "n", "ratio": "-Infinity"}}`, `{"user": {"id": 1, "name": "n", "ratio": "-Infinity"}}`},
		{"base64 without padding", "put", `{"user": {"id": 1, "name": "n", "picture": "AA"}}`, `{"user": {"id": 1, "name": "n", "picture": "AA=="}}`},
		{"numbers beyond a double's", "sum", `{"numbers": [9007199254740993, -9007199254740993]}`, `{"numbers": [9007199254740993, -9007199254740993]}`},
		{"63 levels", "tree", `{"tree": ` + deep(31), `{"tree": ` + deep(31)},
	} {
		for _, p := range []thrift.Protocol{thrift.Binary, thrift.Compact} {
			t.Run(c.name, func(t *testing.T) {
				got, problem := through(t, method(t, c.method), p, c.in)
				if problem != nil {
					t.Fatal(problem)
				}
				if !same(t, got, c.want) {
					t.Errorf("got  %s\nwant %s", got, c.want)
				}
			})
		}
	}
}

// deep is a tree of n levels, each of which is two, and the arguments' end.
func deep(n int) string {
	return strings.Repeat(`{"value": 1, "children": [`, n-1) + `{"value": 1}` + strings.Repeat("]}", n-1) + "}"
}

// same compares JSON by its values, numbers by their digits.
func same(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	for _, half := range []struct {
		text string
		to   *any
	}{{a, &x}, {b, &y}} {
		in := json.NewDecoder(strings.NewReader(half.text))
		in.UseNumber()
		if err := in.Decode(half.to); err != nil {
			t.Fatalf("%s: %v", half.text, err)
		}
	}
	return reflect.DeepEqual(x, y)
}

func TestWrongArgumentsAreToldWithTheirPlace(t *testing.T) {
	user := func(fields string) string { return `{"user": {"id": 1, "name": "n", ` + fields + `}}` }
	for _, c := range []struct{ name, method, in, want string }{
		{"unknown argument", "get", `{"id": 1, "depe": true}`, `the body: unknown field "depe"`},
		{"unknown field", "put", user(`"nme": 1`), `user: unknown field "nme"`},
		{"missing argument", "get", `{}`, "id: missing"},
		{"missing field", "put", `{"user": {}}`, "user.id: missing"},
		{"null argument", "get", `{"id": null}`, "id: missing"},
		{"twice", "get", `{"id": 1, "id": 1}`, "id: given twice"},
		{"key twice", "put", user(`"names": {"1": "a", "1": "b"}`), "user.names.1: given twice"},
		{"no object", "get", `[1]`, "the body: expected an object, got an array"},
		{"not UTF-8", "get", "{\"id\": \"\xff\"}", "the body: not UTF-8"},
		{"cut", "get", `{"id": 1`, "the body: no JSON: it ends too soon"},
		{"no JSON", "get", `{"id": x}`, "id: no JSON behind byte 7: invalid character 'x' looking for beginning of value"},
		{"two objects", "get", `{"id": 1} {}`, "the body: something stands behind the object"},
		{"fraction", "get", `{"id": 1.5}`, "id: expected a whole number of 64 bits, got 1.5"},
		{"too large", "get", `{"id": 9223372036854775808}`, "id: expected a whole number of 64 bits, got 9223372036854775808"},
		{"text for a number", "get", `{"id": "1"}`, `id: expected a whole number of 64 bits, got "1"`},
		{"i8", "put", user(`"points": {"{}": [128]}`), "user.points.{}[0]: expected a whole number of 8 bits, got 128"},
		{"bool", "get", `{"id": 1, "deep": 1}`, "deep: expected true or false, got 1"},
		{"string", "put", `{"user": {"id": 1, "name": 5}}`, "user.name: expected a string, got 5"},
		{"enum", "put", user(`"level": "low"`), `user.level: "low" is no Level`},
		{"base64", "put", user(`"picture": "%"`), `user.picture: expected bytes in base64, got "%"`},
		{"uuid", "put", user(`"key": "00112233445566778899aabbccddeeff----"`), "user.key: expected a uuid"},
		{"empty uuid", "put", user(`"key": ""`), "user.key: expected a uuid"},
		{"double", "put", user(`"ratio": 1e999`), `user.ratio: "1e999" is beyond a double`},
		{"double's text", "put", user(`"ratio": "inf"`), `user.ratio: expected a number, "NaN", "Infinity" or "-Infinity", got "inf"`},
		{"array", "put", user(`"tags": {}`), "user.tags: expected an array, got an object"},
		{"null in an array", "put", user(`"tags": ["a", null]`), "user.tags[1]: expected a string, got null"},
		{"key", "put", user(`"names": {"a": "b"}`), `user.names.a: expected a whole number of 32 bits, got "a"`},
		{"key of two values", "put", user(`"names": {"1 2": "b"}`), `user.names.1 2: expected a whole number of 32 bits, got "1 2"`},
		{"empty union", "put", user(`"contact": {}`), "user.contact: a Contact has one field, got 0"},
		{"full union", "put", user(`"contact": {"mail": "a", "phone": 1}`), "user.contact: a Contact has one field, got 2"},
		{"deep", "tree", `{"tree": ` + deep(33), "more than 64 values within each other"},
		{"long name", "get", `{"` + strings.Repeat("n", 1000) + `": 1}`, `the body: unknown field "` + strings.Repeat("n", 64) + `" and more`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, p := through(t, method(t, c.method), thrift.Binary, c.in)
			if p == nil || !strings.Contains(p.text, c.want) || p.reason != sidecar.BadRequest {
				t.Errorf("got %s, %v, want %s", got, p, c.want)
			}
		})
	}
}

func TestResultsBecomeJSON(t *testing.T) {
	get := method(t, "get")
	reply := func(write func(w *thrift.Writer)) []byte {
		w := thrift.WriteValues(thrift.Compact, nil)
		write(&w)
		return w.Bytes()
	}
	nothing := reply(func(w *thrift.Writer) { w.Stop() })
	value := reply(func(w *thrift.Writer) {
		w.Field(0, thrift.Field{ID: 0, Type: thrift.WireStruct})
		w.Field(0, thrift.Field{ID: 1, Type: thrift.WireI64})
		w.Int(thrift.WireI64, 1<<62)
		w.Field(1, thrift.Field{ID: 2, Type: thrift.WireString})
		w.String([]byte("n"))
		w.Field(2, thrift.Field{ID: 9, Type: thrift.WireI32}) // of another type than the file says
		w.Int(thrift.WireI32, 1)
		w.Field(9, thrift.Field{ID: 99, Type: thrift.WireDouble}) // unknown
		w.Double(0)
		w.BoolField(99, 3, true)
		w.Stop()
		w.Stop()
	})
	lacking := reply(func(w *thrift.Writer) {
		w.Field(0, thrift.Field{ID: 0, Type: thrift.WireStruct})
		w.Field(0, thrift.Field{ID: 1, Type: thrift.WireI64})
		w.Int(thrift.WireI64, 1)
		w.Field(1, thrift.Field{ID: 2, Type: thrift.WireI32}) // the name is no number
		w.Int(thrift.WireI32, 1)
		w.Stop()
		w.Stop()
	})
	thrown := reply(func(w *thrift.Writer) {
		w.Field(0, thrift.Field{ID: 2, Type: thrift.WireStruct})
		w.Field(0, thrift.Field{ID: 1, Type: thrift.WireString})
		w.String([]byte("later\xff"))
		w.Stop()
		w.Stop()
	})
	unknown := reply(func(w *thrift.Writer) {
		w.Field(0, thrift.Field{ID: 7, Type: thrift.WireStruct})
		w.Stop()
		w.Stop()
	})
	all := reply(func(w *thrift.Writer) {
		w.Field(0, thrift.Field{ID: 0, Type: thrift.WireList})
		w.Container(thrift.WireList, thrift.Container{N: 1, Value: thrift.WireByte})
		w.Int(thrift.WireByte, 1)
		w.Stop()
	})
	for _, c := range []struct {
		name   string
		m      *idl.Method
		body   []byte
		limit  int
		json   string
		thrown string
		reason sidecar.Reason
	}{
		{"value", get, value, 1000, `{"id":4611686018427387904,"name":"n","active":true}`, "", 0},
		{"without a required field", get, lacking, 1000, "", "", sidecar.BadReply},
		{"exception", get, thrown, 1000, `{"message":"later` + "\ufffd" + `"}`, "busy", 0},
		{"void", method(t, "put"), nothing, 1000, "null", "", 0},
		{"neither", get, nothing, 1000, "", "", sidecar.BadReply},
		{"undeclared", get, unknown, 1000, "", "", sidecar.BadReply},
		{"other elements", method(t, "all"), all, 1000, "", "", sidecar.BadReply},
		{"cut", get, value[:5], 1000, "", "", sidecar.BadReply},
		{"too large", get, value, 20, "", "", sidecar.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, p := decodeResult(c.m, thrift.Compact, c.body, c.limit)
			switch {
			case p != nil || c.reason != 0:
				if p == nil || p.reason != c.reason {
					t.Errorf("got %s, %v", got.json, p)
				}
			case string(got.json) != c.json, (got.thrown == nil) != (c.thrown == ""), got.thrown != nil && got.thrown.Name != c.thrown:
				t.Errorf("got %s, %+v", got.json, got.thrown)
			}
		})
	}
}

// What is taken is a sound call, and comes back as JSON that is taken, too, and
// means the same.
func FuzzJSON(f *testing.F) {
	f.Add(everything)
	f.Add(`{"user": {"id": 1, "at": {}, "level": 5, "ratio": "NaN"}}`)
	put := method(f, "put")
	f.Fuzz(func(t *testing.T, body string) {
		call, p := encodeArgs(nil, put, []byte(body))
		if p != nil {
			return
		}
		if end, bad := thrift.WalkStruct(thrift.Binary, call); bad != nil || end != len(call) {
			t.Fatalf("%s becomes %x, which ends at %d, %v", body, call, end, bad)
		}
		back := decoding{r: thrift.ReadValues(thrift.Binary, call), limit: 1 << 24, left: maxDepth}
		if p := back.structure(put.Args); p != nil {
			t.Fatalf("%s becomes %x: %v", body, call, p)
		}
		again, p := encodeArgs(nil, put, back.out)
		if p != nil && !strings.Contains(p.text, "given twice") { // 1 and 01 are one key
			t.Fatalf("%s comes back as %s: %v", body, back.out, p)
		}
		if p == nil && len(again) == len(call) && !bytes.Equal(again, call) && !strings.Contains(string(back.out), `"NaN"`) {
			t.Fatalf("%s becomes %x, comes back as %s and becomes %x", body, call, back.out, again)
		}
	})
}

// Whatever a backend sends becomes JSON or is refused.
func FuzzResult(f *testing.F) {
	call, _ := encodeArgs(nil, method(f, "put"), []byte(everything))
	f.Add(uint8(0), append([]byte{12, 0, 0}, call[3:]...))
	f.Add(uint8(1), []byte{0x0c, 0x00, 0x16, 0x02, 0x00, 0x00})
	get := method(f, "get")
	f.Fuzz(func(t *testing.T, which uint8, body []byte) {
		p := thrift.Binary
		if which%2 == 1 {
			p = thrift.Compact
		}
		r, problem := decodeResult(get, p, body, 1<<16)
		if problem == nil && (!json.Valid(r.json) || len(r.json) > 1<<16) {
			t.Fatalf("%x becomes %s", body, r.json)
		}
	})
}
