package httpthrift

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"sidecar"
	"sidecar/wire/http"
	"sidecar/wire/thrift"
	"sidecar/wire/thrift/idl"
	"sidecar/wire/told"
)

// answer is what the client is told: body, or an error of the other parts.
type answer struct {
	status   int
	fields   string // beside Content-Type
	body     []byte
	reason   string         // a reason code, or "exception"
	fault    *sidecar.Fault // what is told of, if it is one: the layers outside count it
	text     string
	thrown   string      // the type of an exception
	value    []byte      // of a declared one, as JSON
	kind     thrift.Kind // of one that is not
	attempts int
}

// problemAnswer tells of a request that came to nothing for that reason.
func problemAnswer(status int, f *sidecar.Fault, text string) *answer {
	return &answer{status: status, reason: f.Reason.String(), fault: f, text: text}
}

// refusal tells of a request that is no call.
func refusal(status int, reason sidecar.Reason, text string) *answer {
	fl := sidecar.Unsent | sidecar.Rejected | sidecar.FromClient
	return problemAnswer(status, &sidecar.Fault{Stage: sidecar.StageRoute, Flags: fl, Reason: reason}, text)
}

// faultAnswer tells of a call that came to nothing after the tries of x.
func faultAnswer(f *sidecar.Fault, x *sidecar.Exchange, attempts int) *answer {
	status := http.StatusOf(f)
	text := told.Meaning(f.Reason)
	var said *thrift.Problem
	switch {
	case f.Has(sidecar.FromPeer): // its code is an exception's kind
		status = statusOf(f.Class)
	case errors.As(f.Err, &said):
		text = said.Error() // which names no backend
	case f.Has(sidecar.FromClient) && f.Err != nil:
		text = f.Err.Error()
	case told.Cause(f.Err) != "":
		text = told.Cause(f.Err)
	}
	if attempts > 1 {
		text = string(told.AppendTries([]byte(text+"; "), &x.Tries, false))
	}
	return problemAnswer(status, f, text).after(attempts)
}

func (a *answer) after(attempts int) *answer {
	a.attempts = attempts
	return a
}

// send writes it, whatever the upstream would have held back: there is no other
// try. It returns the fault that was told of, for those outside who count it.
func (a *answer) send(x *sidecar.Exchange, req request) error {
	body, fields := a.body, "Content-Type: application/json\r\n"+a.fields
	if body == nil {
		body = a.problem()
		fields += "Cache-Control: no-store\r\nX-Sidecar-Attempts: " + strconv.Itoa(a.attempts) + "\r\n"
		if a.thrown == "" {
			fields += "X-Sidecar-Reason: " + a.reason + "\r\n"
		}
	}
	var err error
	if x.Replied() != 0 {
		err = req.Finish(x, a.status, fields, body)
	} else {
		x.Hold = 0
		err = req.Answer(x, a.status, fields, body)
	}
	if err == nil && a.fault != nil {
		return a.fault
	}
	return err
}

// problem is {"error": ...}.
func (a *answer) problem() []byte {
	out := appendText([]byte(`{"error":{"reason":`), []byte(a.reason))
	out = appendText(append(out, `,"message":`...), []byte(a.text))
	if a.thrown != "" {
		out = appendText(append(out, `,"type":`...), []byte(a.thrown))
		if a.value != nil {
			out = append(append(out, `,"value":`...), a.value...)
		} else {
			out = strconv.AppendInt(append(out, `,"kind":`...), int64(a.kind), 10)
		}
	}
	out = strconv.AppendInt(append(out, `,"attempts":`...), int64(a.attempts), 10)
	return append(out, "}}\n"...)
}

// listing says which methods a service has, for people.
func listing(s *idl.Service) []byte {
	out := appendText([]byte(`{"service":`), []byte(s.Name))
	out = append(out, `,"methods":{`...)
	for i, name := range slices.Sorted(maps.Keys(s.Methods)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, []byte(name)), `:[`...)
		for j, f := range s.Methods[name].Args.Fields {
			if j > 0 {
				out = append(out, ',')
			}
			out = appendText(out, []byte(f.Name))
		}
		out = append(out, ']')
	}
	return append(out, "}}\n"...)
}
