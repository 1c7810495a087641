package httpkafka

import (
	"encoding/json"
	"strings"
	"testing"

	"sidecar"
	"sidecar/internal/brokers"

	"github.com/twmb/franz-go/pkg/kfake"
)

const (
	jsonType   = "application/vnd.kafka.json.v2+json"
	binaryType = "application/vnd.kafka.binary.v2+json"
	linesType  = "application/x-ndjson"
)

func TestEveryFormIsWrittenAsItStands(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	type record struct{ key, value, headers string }
	for _, row := range []struct {
		name, path, kind, body string
		fields                 []string
		want                   []record
	}{
		{"plain", "/topics/orders", "", "hello\n", nil, []record{{"-", "hello\n", ""}}},
		{"plain JSON", "/topics/orders", "application/json", `{"a": 1}`, nil, []record{{"-", `{"a": 1}`, ""}}},
		{"plain with all there is", "/topics/orders?key=a%20b", "text/plain", "v", []string{"X-Kafka-Header-Trace", "7"}, []record{{"a b", "v", "trace=7;"}}},
		{"key by field", "/topics/orders/", "", "v", []string{"X-Kafka-Key", "k"}, []record{{"k", "v", ""}}},
		{"empty", "/topics/orders", "", "", nil, []record{{"-", "", ""}}},
		{"lines", "/topics/orders?key=k", linesType, "{\"a\":1}\r\n\n2", nil, []record{{"k", `{"a":1}`, ""}, {"k", "2", ""}}},
		{"JSON", "/topics/orders", jsonType, `{"records":[{"key":"k","value":{"a": [1, 2]}},{"value":null},{"value":3,"partition":0,"headers":[{"name":"N","value":"x"}]}]}`, []string{"X-Kafka-Header-A", "1"},
			[]record{{`"k"`, `{"a":[1,2]}`, "a=1;"}, {"-", "-", "a=1;"}, {"-", "3", `a=1;N="x";`}}},
		{"base64", "/topics/orders", binaryType, `{"records":[{"key":"aw==","value":"AAE="},{"value":""}]}`, nil, []record{{"k", "\x00\x01", ""}, {"-", "", ""}}},
		{"base64 by default", "/topics/orders", "application/vnd.kafka.v2+json", `{"records":[{"value":"dg=="}]}`, nil, []record{{"-", "v", ""}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			got := r.post(t, row.path, row.kind, row.body, row.fields...)
			if got.status != 200 || len(got.Offsets) != len(row.want) || !strings.HasSuffix(got.raw, `"key_schema_id":null,"value_schema_id":null}`+"\n") {
				t.Fatalf("%d: %s", got.status, got.raw)
			}
			at := int(*got.Offsets[0].Offset)
			for i, rec := range logged(t, c, "orders", at+len(row.want))[at:] {
				is := record{text(rec.Key), text(rec.Value), ""}
				for _, h := range rec.Headers {
					is.headers += h.Key + "=" + string(h.Value) + ";"
				}
				if is != row.want[i] {
					t.Errorf("record %d is %q, want %q", i, is, row.want[i])
				}
				if o := got.Offsets[i]; int64(at+i) != *o.Offset || *o.Partition != 0 || o.Code != nil || o.Error != nil {
					t.Errorf("record %d is told as %s", i, got.raw)
				}
			}
		})
	}
}

// text is a value for people, "-" for none.
func text(b []byte) string {
	if b == nil {
		return "-"
	}
	return string(b)
}

func TestWhatIsNoRequestToWriteIsRefusedInWords(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(2, "orders"))
	r := newRig(t, c.ListenAddrs(), func(s *Settings, _ *Params) { s.MaxBody, s.Batch = 200_000, 100_000 })
	for _, row := range []struct {
		name, method, path, kind, body string
		fields                         []string
		status, code                   int
		words                          string
	}{
		{"another path", "POST", "/orders", "", "v", nil, 404, 404, "/topics/{topic}"},
		{"no name for a topic", "POST", "/topics/a%20b", "", "v", nil, 404, 40401, "no topic can be named"},
		{"no topic", "POST", "/topics/nosuch", "", "v", nil, 404, 40401, "UNKNOWN_TOPIC_OR_PARTITION"},
		{"read", "GET", "/topics/orders", "", "", nil, 405, 405, "POST or PUT"},
		{"no number", "POST", "/topics/orders/partitions/x", "", "v", nil, 404, 40402, "a number"},
		{"no partition", "POST", "/topics/orders/partitions/7", "", "v", nil, 404, 40402, "no such partition"},
		{"no partition, by query", "POST", "/topics/orders?partition=7", "", "v", nil, 422, 42202, "no such partition"},
		{"negative partition", "POST", "/topics/orders", jsonType, `{"records":[{"value":1,"partition":-2}]}`, nil, 422, 42202, "record 0"},
		{"acks", "POST", "/topics/orders?acks=2", "", "v", nil, 400, 400, "all, 1 or 0"},
		{"schemas", "POST", "/topics/orders", jsonType, `{"value_schema_id":1,"records":[{"value":1}]}`, nil, 422, 422, "schema"},
		{"avro", "POST", "/topics/orders", "application/vnd.kafka.avro.v2+json", `{}`, nil, 415, 415, "no schema registry"},
		{"compressed", "POST", "/topics/orders", "", "v", []string{"Content-Encoding", "gzip"}, 415, 415, "Content-Encoding"},
		{"unknown field", "POST", "/topics/orders", jsonType, `{"records":[{"vlaue":1}]}`, nil, 422, 422, "vlaue"},
		{"no records", "POST", "/topics/orders", jsonType, `{"records":[]}`, nil, 422, 422, "no record"},
		{"records that are none", "POST", "/topics/orders", jsonType, `{"records":7}`, nil, 422, 422, "no list"},
		{"two messages", "POST", "/topics/orders", jsonType, `{"records":[{"value":1}]} {}`, nil, 422, 422, "more behind"},
		{"no base64", "POST", "/topics/orders", binaryType, `{"records":[{"value":"?"}]}`, nil, 422, 422, "base64"},
		{"no text", "POST", "/topics/orders", binaryType, `{"records":[{"value":1}]}`, nil, 422, 422, "base64"},
		{"a line that is no JSON", "POST", "/topics/orders", linesType, "1\n{\n", nil, 422, 422, "line 2"},
		{"only empty lines", "POST", "/topics/orders", linesType, "\n\n", nil, 422, 422, "no record"},
		{"too many", "POST", "/topics/orders", linesType, strings.Repeat("1\n", maxRecords+1), nil, 413, 413, "10000"},
		{"long body", "POST", "/topics/orders", "", strings.Repeat("x", 200_001), nil, 413, 413, "max_body"},
		{"long record", "POST", "/topics/orders", "", strings.Repeat("x", 150_000), nil, 413, 413, "MESSAGE_TOO_LARGE"},
		{"another site", "POST", "/topics/orders", "text/plain", "v", []string{"Origin", "https://evil.example"}, 403, 403, "another site"},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, err := r.send(row.method, row.path, row.kind, row.body, row.fields...)
			if err != nil {
				t.Fatal(err, got.raw)
			}
			if got.status != row.status || got.Code != row.code || !strings.Contains(got.Message, row.words) {
				t.Errorf("%d: %s", got.status, got.raw)
			}
			if !json.Valid([]byte(got.raw)) {
				t.Errorf("no JSON: %s", got.raw)
			}
		})
	}
	if used := r.buffered.Load(); used != 0 {
		t.Errorf("%d bytes count as under way", used)
	}
}

func TestPageOfTheSameSiteMayWrite(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	if got := r.post(t, "/topics/orders", "", "v", "Origin", r.url); got.status != 200 {
		t.Errorf("%d: %s", got.status, got.raw)
	}
}

func TestAcksOfEachLevel(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	for _, row := range []struct {
		acks   string
		status int
		offset bool
	}{{"all", 200, true}, {"-1", 200, true}, {"1", 200, true}, {"0", 202, false}} {
		got := r.post(t, "/topics/orders?acks="+row.acks, "", "v")
		if got.status != row.status || (got.Offsets[0].Offset != nil) != row.offset {
			t.Errorf("acks=%s: %d: %s", row.acks, got.status, got.raw)
		}
	}
	if n := len(logged(t, c, "orders", 4)); n != 4 {
		t.Errorf("%d records", n)
	}
}

func TestOneRecordThatFailsIsToldBesideTheOthers(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(2, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	got := r.post(t, "/topics/orders", jsonType, `{"records":[{"value":1,"partition":1},{"value":2,"partition":9}]}`)
	if got.status != 422 || len(got.Offsets) != 2 || got.Offsets[0].Offset == nil || got.Offsets[1].Offset != nil || *got.Offsets[1].Code != recordFinal {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	if err := <-r.seen; err != nil {
		t.Errorf("a client's mistake counts as a failure: %v", err)
	}
}

func TestWithoutBrokersThereIsNoEndpoint(t *testing.T) {
	r := newRig(t, nil, nil)
	got := r.post(t, "/topics/orders", "", "v")
	if got.status != 503 || got.Code != 50003 || got.header.Get("X-Sidecar-Reason") != "no_endpoints" {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	if f := sidecar.FaultOf(<-r.seen); f.Reason != sidecar.NoEndpoints {
		t.Errorf("told as %v", f)
	}
}
