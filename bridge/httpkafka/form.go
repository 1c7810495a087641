package httpkafka

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar/wire/http"
)

// form is how records stand in a body.
type form uint8

const (
	plainForm  form = iota // one, as it is
	linesForm              // one a line
	jsonForm               // Confluent's, of JSON
	binaryForm             // the same, in base64
)

const vendor = "application/vnd.kafka"

// formOf is the form that a Content-Type names.
func formOf(contentType string) (form, *problem) {
	kind, _, _ := strings.Cut(contentType, ";")
	kind = strings.ToLower(string(http.Trim([]byte(kind))))
	switch kind {
	case "application/x-ndjson", "application/jsonl":
		return linesForm, nil
	case vendor + ".json.v2+json", vendor + ".json.v1+json", vendor + ".json+json":
		return jsonForm, nil
	case vendor + ".binary.v2+json", vendor + ".binary.v1+json", vendor + ".binary+json", vendor + ".v2+json", vendor + ".v1+json", vendor + "+json":
		return binaryForm, nil
	}
	if strings.HasPrefix(kind, vendor) {
		return 0, wrong(415, "of Confluent's types, %s.json.v2+json and %s.binary.v2+json are taken: there is no schema registry here", vendor, vendor)
	}
	return plainForm, nil
}

// batch makes the records of a body. What they hold is theirs: the body is gone
// before the last of them is written.
func (a *ask) batch(body []byte) (*batch, *problem) {
	b := &batch{topic: a.topic, acks: a.acks, inPath: a.inPath, signal: make(chan struct{}, 1)}
	var bad *problem
	switch a.form {
	case linesForm:
		bad = a.lines(b, body)
	case jsonForm, binaryForm:
		bad = a.records(b, body)
	default:
		b.entries = []entry{{Record: a.record(append([]byte{}, body...))}}
	}
	if bad != nil {
		return nil, bad
	}
	if len(b.entries) == 0 {
		return nil, wrong(422, "there is no record in the body")
	}
	for i := range b.entries {
		e := &b.entries[i]
		e.of = b
		b.bytes += e.size()
	}
	return b, nil
}

// record is one of that value, with all that the request says.
func (a *ask) record(value []byte) kgo.Record {
	return kgo.Record{Topic: a.topic, Partition: a.partition, Key: a.key, Value: value, Headers: a.headers}
}

// lines makes a record of each line that is not empty.
func (a *ask) lines(b *batch, body []byte) *problem {
	own := bytes.Clone(body)
	for number := 1; len(own) > 0; number++ {
		var line []byte
		line, own, _ = bytes.Cut(own, newline)
		line = bytes.TrimSuffix(line, carriage)
		switch {
		case len(line) == 0:
			continue
		case len(b.entries) == maxRecords:
			return wrong(413, "more than %d records", maxRecords)
		case !json.Valid(line):
			return wrong(422, "line %d is no JSON; to write a body that is none as one record, send another Content-Type", number)
		}
		b.entries = append(b.entries, entry{Record: a.record(line[:len(line):len(line)])})
	}
	return nil
}

// Never changed.
var newline, carriage = []byte("\n"), []byte("\r")
