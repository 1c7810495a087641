package httpkafka

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"github.com/twmb/franz-go/pkg/kgo"
)

// message is a body in the form of Confluent's REST proxy, version 2. Fields that it
// has not are refused: a misspelt "value" would write nothing as a record.
type message struct {
	Records       *rows           `json:"records"`
	KeySchema     json.RawMessage `json:"key_schema"`
	KeySchemaID   json.RawMessage `json:"key_schema_id"`
	ValueSchema   json.RawMessage `json:"value_schema"`
	ValueSchemaID json.RawMessage `json:"value_schema_id"`
}

// row is a record of it. Headers are ours: the REST proxy has them from version 3 on.
type row struct {
	Key       json.RawMessage `json:"key"`
	Value     json.RawMessage `json:"value"`
	Partition *int32          `json:"partition"`
	Headers   []header        `json:"headers"`
}

type header struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

// rows stops at the limit, before memory is taken for more.
type rows []row

// UnmarshalJSON reads them one by one.
func (r *rows) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	open, err := d.Token()
	if err != nil || open != json.Delim('[') {
		return errNoList
	}
	for d.More() {
		if len(*r) == maxRecords {
			return errManyRecords
		}
		var one row
		if err := d.Decode(&one); err != nil {
			return err
		}
		*r = append(*r, one)
	}
	return nil
}

var (
	errNoList      = errors.New(`"records" is no list`)
	errManyRecords = errors.New("too many records")
)

// records makes the records of a message.
func (a *ask) records(b *batch, body []byte) *problem {
	var m message
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&m)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			return wrong(422, "there is more behind the message")
		}
	}
	switch {
	case errors.Is(err, errManyRecords):
		return wrong(413, "more than %d records", maxRecords)
	case err != nil:
		return wrong(422, `the body is not {"records": [{"value": ..}, ..]}: %s`, cutText(err.Error()))
	case given(m.KeySchema) || given(m.KeySchemaID) || given(m.ValueSchema) || given(m.ValueSchemaID):
		return wrong(422, "schemas are not taken: there is no schema registry here")
	case m.Records == nil:
		return nil
	}
	b.entries = make([]entry, len(*m.Records))
	for i := range *m.Records {
		if bad := a.fill(&b.entries[i], &(*m.Records)[i]); bad != nil {
			bad.text = "record " + number(i) + ": " + bad.text
			return bad
		}
	}
	return nil
}

// fill makes e of a row.
func (a *ask) fill(e *entry, r *row) (bad *problem) {
	e.Record = a.record(nil)
	if e.Value, bad = a.value(r.Value); bad != nil {
		return bad
	}
	if given(r.Key) {
		if e.Key, bad = a.value(r.Key); bad != nil {
			return bad
		}
	}
	if p := r.Partition; p != nil {
		if *p < 0 {
			return &problem{422, numUnfit, "a partition is a number from 0", ""}
		}
		e.Partition = *p
	}
	if len(r.Headers) > maxHeaders-len(e.Headers) {
		return wrong(422, "a record has at most %d headers", maxHeaders)
	}
	if len(r.Headers) == 0 {
		return nil
	}
	e.Headers = append([]kgo.RecordHeader{}, e.Headers...)
	for _, h := range r.Headers {
		v, bad := a.value(h.Value)
		if bad != nil {
			return bad
		}
		e.Headers = append(e.Headers, kgo.RecordHeader{Key: h.Name, Value: v})
	}
	return nil
}

// value is what stands in a message as bytes: nil for null and for what is not
// there, which to Kafka is a record that deletes.
func (a *ask) value(raw json.RawMessage) ([]byte, *problem) {
	if !given(raw) {
		return nil, nil
	}
	if a.form == jsonForm {
		var out bytes.Buffer
		if err := json.Compact(&out, raw); err != nil {
			return nil, wrong(422, "%s", cutText(err.Error()))
		}
		return out.Bytes(), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return nil, wrong(422, "in the binary form, keys and values are strings of base64")
	}
	out, err := base64.StdEncoding.AppendDecode([]byte{}, []byte(text))
	if err != nil {
		return nil, wrong(422, "no base64: %s", cutText(err.Error()))
	}
	return out, nil
}

// given tells whether a value is there.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
