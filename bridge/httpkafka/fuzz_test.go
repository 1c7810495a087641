package httpkafka

import (
	"bytes"
	"encoding/json"
	"testing"
)

// Whatever a body is, it is refused with a number, or becomes records whose sizes add
// up and which a client of the form would know again.
func FuzzBodies(f *testing.F) {
	for _, s := range []string{
		`{"records":[{"key":"k","value":{"a":[1,2]},"partition":3,"headers":[{"name":"n","value":"v"}]},{"value":null}]}`,
		`{"records":[{"value":"AAE="},{"key":"","value":""}]}`, `{"records":null}`, `{"records":{}}`, `{"key_schema":"x","records":[{}]}`,
		"1\n{}\r\n\n\"x\"", "\n", "", "{", `{"records":[{"value":1e999999}]}`, "[\"\xff\"]",
	} {
		for kind := range byte(4) {
			f.Add(kind, []byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		a := &ask{topic: "t", partition: unchosen, form: form(kind % 4)}
		before := bytes.Clone(body)
		b, bad := a.batch(body)
		if !bytes.Equal(body, before) {
			t.Fatal("the body was changed")
		}
		if bad != nil {
			if b != nil || bad.status < 400 || bad.number < 400 || bad.text == "" {
				t.Fatalf("refused as %+v", bad)
			}
			return
		}
		var total int64
		for i := range b.entries {
			e := &b.entries[i]
			total += e.size()
			if e.of != b || e.Topic != "t" || e.Partition < unchosen || len(e.Headers) > maxHeaders {
				t.Fatalf("record %d is %+v", i, e.Record)
			}
			if (a.form == linesForm || a.form == jsonForm && e.Value != nil) && !json.Valid(e.Value) {
				t.Fatalf("record %d is no JSON: %q", i, e.Value)
			}
		}
		if total != b.bytes || len(b.entries) == 0 || len(b.entries) > maxRecords {
			t.Fatalf("%d records of %d bytes count as %d", len(b.entries), total, b.bytes)
		}
		if a.form == plainForm && !bytes.Equal(b.entries[0].Value, body) {
			t.Fatalf("%q became %q", body, b.entries[0].Value)
		}
	})
}
