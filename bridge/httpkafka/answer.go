package httpkafka

import (
	"encoding/json"
	"strconv"

	"sidecar"
	"sidecar/wire/http"
	"sidecar/wire/told"
)

// answer is what the client is told.
type answer struct {
	status int
	fields string
	body   []byte
	fault  *sidecar.Fault // what is told of, if it is one: the layers outside count it
}

// number is n in decimal.
func number(n int) string { return strconv.Itoa(n) }

// maxText is how many bytes of an error of a library's a client is told.
const maxText = 256

func cutText(s string) string { return s[:min(len(s), maxText)] }

// contentType is that of answers: of the REST proxy to its own forms.
func contentType(f form) string {
	if f == jsonForm || f == binaryForm {
		return "Content-Type: application/vnd.kafka.v2+json\r\n"
	}
	return "Content-Type: application/json\r\n"
}

// appendProblem appends {"error_code": .., "message": .. without the last brace.
func appendProblem(out []byte, number int, text string) []byte {
	out = append(strconv.AppendInt(append(out, `{"error_code":`...), int64(number), 10), `,"message":`...)
	quoted, _ := json.Marshal(text) // of a string it cannot fail
	return append(out, quoted...)
}

// refusal tells of a request that is none.
func refusal(p *problem) *answer {
	body := append(appendProblem(nil, p.number, p.text), "}\n"...)
	fl := sidecar.Unsent | sidecar.Rejected | sidecar.FromClient
	reason := sidecar.BadRequest
	switch p.status {
	case 404:
		reason = sidecar.NoRoute
	case 413:
		reason = sidecar.TooLarge
	}
	f := &sidecar.Fault{Stage: sidecar.StageRoute, Flags: fl, Reason: reason, Err: p}
	return &answer{status: p.status, fields: "Content-Type: application/json\r\n" + p.fields, body: body, fault: f}
}

// faultAnswer tells of a request of which the producer, or a layer before it, says
// why there is no answer to it.
func faultAnswer(f *sidecar.Fault, b *batch, kind form) *answer {
	a := &answer{status: http.StatusOf(f), fields: contentType(kind), fault: f}
	text := told.Meaning(f.Reason)
	switch c := told.Cause(f.Err); {
	case c != "":
		text = c
	case f.Has(sidecar.FromClient) && f.Err != nil:
		text = f.Err.Error()
	}
	if f.Err == errRoom {
		a.status = 429 // it is clients that have to send less, not brokers that are ill
	}
	sent := b != nil && b.started && !f.Has(sidecar.Unsent)
	if sent {
		a.status = 504
		text += "; the outcome is unknown: records without an offset here may be written, or may still be"
	}
	number := a.status
	switch a.status {
	case 429:
		a.fields += "Retry-After: " + retryAfter + "\r\n"
	case 503:
		a.fields, number = a.fields+"Retry-After: "+retryAfter+"\r\n", numRetriable
	case 500, 502:
		number = numKafka
	}
	a.body = appendProblem(nil, number, text)
	if sent {
		a.body = b.appendOffsets(append(a.body, ','))
	}
	a.body = append(a.body, "}\n"...)
	a.fields += "X-Sidecar-Reason: " + f.Reason.String() + "\r\n"
	return a
}

// writtenAnswer tells what became of each record.
func writtenAnswer(b *batch, kind form) *answer {
	s := b.sum()
	a := &answer{status: s.status, fields: contentType(kind)}
	if s.failed == 0 {
		a.body = b.appendOffsets([]byte{'{'})
		a.body = append(a.body, `,"key_schema_id":null,"value_schema_id":null}`+"\n"...)
		return a
	}
	text := s.text
	if len(b.entries) > 1 {
		text = number(s.failed) + " of " + number(len(b.entries)) + " records were not written for sure, see offsets; the first one: " + text
	}
	a.body = b.appendOffsets(append(appendProblem(nil, s.number, text), ','))
	a.body = append(a.body, "}\n"...)
	if s.status == 503 {
		a.fields += "Retry-After: " + retryAfter + "\r\n"
	}
	return a
}

// appendOffsets appends "offsets": a list of what became of each record.
func (b *batch) appendOffsets(out []byte) []byte {
	out = append(out, `"offsets":[`...)
	for i := range b.entries {
		if i > 0 {
			out = append(out, ',')
		}
		out = b.entries[i].append(out)
	}
	return append(out, ']')
}

// append appends what became of the record, as the REST proxy tells it.
func (e *entry) append(out []byte) []byte {
	if !e.done.Load() {
		return append(out, `{"partition":null,"offset":null,"error_code":2,"error":"no broker has answered yet: the outcome is unknown"}`...)
	}
	if e.err == nil {
		out = strconv.AppendInt(append(out, `{"partition":`...), int64(e.Partition), 10)
		if e.of.acks == acksNone {
			return append(out, `,"offset":null,"error_code":null,"error":null}`...)
		}
		out = strconv.AppendInt(append(out, `,"offset":`...), e.Offset, 10)
		return append(out, `,"error_code":null,"error":null}`...)
	}
	v, code := judge(e.err, e.of.safe), recordFinal
	if v.unsure || v.status == 503 {
		code = recordRetriable
	}
	out = strconv.AppendInt(append(out, `{"partition":null,"offset":null,"error_code":`...), int64(code), 10)
	quoted, _ := json.Marshal(v.text)
	return append(append(append(out, `,"error":`...), quoted...), '}')
}

// send writes it, whatever the upstream would have held back: there is no other
// try. It returns the fault that was told of, for those outside who count it.
func (a *answer) send(x *sidecar.Exchange, req request) error {
	var err error
	if x.Replied() != 0 {
		err = req.Finish(x, a.status, a.fields, a.body)
	} else {
		x.Hold = 0
		err = req.Answer(x, a.status, a.fields, a.body)
	}
	if err == nil && a.fault != nil {
		return a.fault
	}
	return err
}
