package httpkafka

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"sidecar"
	"sidecar/wire/http"
)

// ask is what a request says beside its body: of all of its records, unless they say
// otherwise themselves.
type ask struct {
	topic     string
	partition int32  // unchosen if none
	inPath    bool   // it is the path's
	key       []byte // nil is none
	headers   []kgo.RecordHeader
	acks      acks
	form      form
}

// fielder goes through the fields of a request, names as they came.
type fielder interface {
	Fields(yield func(name, value []byte) bool)
}

// read reads the request line and the fields.
func (p *Producer) read(m sidecar.Message) (*ask, *problem) {
	a := &ask{partition: unchosen}
	if bad := a.readPath(m); bad != nil {
		return nil, bad
	}
	if foreign(m) {
		return nil, &problem{403, 403, "a page of another site may not write records: Origin is not this Host", ""}
	}
	if verb := attr(m, http.AttrMethod, ""); verb != "POST" && verb != "PUT" {
		return nil, &problem{405, 405, "records are written by POST or PUT", "Allow: POST, PUT\r\n"}
	}
	if coding := attr(m, http.AttrHeader, "content-encoding"); coding != "" && coding != "identity" {
		return nil, wrong(415, "bodies are taken without Content-Encoding: the upstream compresses batches, if it is told to")
	}
	var bad *problem
	if a.form, bad = formOf(attr(m, http.AttrHeader, "content-type")); bad != nil {
		return nil, bad
	}
	for _, part := range []func(sidecar.Message) *problem{a.readPartition, a.readKey, a.readHeaders} {
		if bad = part(m); bad != nil {
			return nil, bad
		}
	}
	return a, a.readAcks(m, p.set.Load().Acks)
}

// attr is a part of the request, "" if it has none.
func attr(m sidecar.Message, part uint8, name string) string {
	v, _ := m.Attr(sidecar.Selector{Attr: part, Name: name})
	return string(v)
}

// said is a parameter of the query, decoded, else the field of that name.
func said(m sidecar.Message, parameter, field string) (string, bool, *problem) {
	if v, ok := m.Attr(sidecar.Selector{Attr: http.AttrQuery, Name: parameter}); ok {
		text, err := url.QueryUnescape(string(v))
		if err != nil {
			return "", false, wrong(400, "the parameter %s of the query is not encoded as one", parameter)
		}
		return text, true, nil
	}
	v, ok := m.Attr(sidecar.Selector{Attr: http.AttrHeader, Name: field})
	return string(v), ok, nil
}

// readPath reads /topics/{topic} and /topics/{topic}/partitions/{partition}.
func (a *ask) readPath(m sidecar.Message) *problem {
	parts := strings.Split(strings.TrimSuffix(attr(m, http.AttrPath, ""), "/"), "/")
	shape := len(parts) == 3 || len(parts) == 5 && parts[3] == "partitions"
	if !shape || parts[0] != "" || parts[1] != "topics" {
		return &problem{404, 404, "a path is /topics/{topic} or /topics/{topic}/partitions/{partition}", ""}
	}
	if a.topic = parts[2]; !isTopic(a.topic) {
		return &problem{404, numNoTopic, "no topic can be named " + shown(a.topic) + ": names have 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'", ""}
	}
	if a.inPath = len(parts) == 5; a.inPath {
		return a.choose(parts[4], numNoPartition)
	}
	return nil
}

// isTopic tells whether brokers take s for the name of a topic.
func isTopic(s string) bool {
	for _, c := range []byte(s) {
		if c != '.' && c != '_' && c != '-' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return s != "" && s != "." && s != ".." && len(s) <= maxTopic
}

// choose takes a partition's number.
func (a *ask) choose(s string, number int) *problem {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return &problem{number / 100, number, "a partition is a number from 0, got " + shown(s), ""}
	}
	a.partition = int32(n)
	return nil
}

func (a *ask) readPartition(m sidecar.Message) *problem {
	s, ok, bad := said(m, "partition", "x-kafka-partition")
	if !ok || a.partition != unchosen {
		return bad
	}
	return a.choose(s, numUnfit)
}

func (a *ask) readKey(m sidecar.Message) *problem {
	s, ok, bad := said(m, "key", "x-kafka-key")
	if ok {
		a.key = []byte(s)
	}
	return bad
}

func (a *ask) readAcks(m sidecar.Message, usual string) *problem {
	s, ok, bad := said(m, "acks", "x-kafka-acks")
	if bad != nil {
		return bad
	}
	if !ok {
		s = usual
	}
	if a.acks, ok = parseAcks(s); !ok {
		return wrong(400, "acks is all, 1 or 0, got %s", shown(s))
	}
	return nil
}

// headerField is how the fields begin that become headers of records.
const headerField = "x-kafka-header-"

// readHeaders reads fields as headers of each record, by the rest of their names, in
// lower case: names of fields have no case, and what is between changes it.
func (a *ask) readHeaders(m sidecar.Message) (bad *problem) {
	f, ok := m.(fielder)
	if !ok {
		return nil
	}
	f.Fields(func(name, value []byte) bool {
		if len(name) <= len(headerField) || !http.EqualFold(name[:len(headerField)], headerField) {
			return true
		}
		if len(a.headers) == maxHeaders {
			bad = wrong(400, "a record has at most %d headers", maxHeaders)
			return false
		}
		a.headers = append(a.headers, kgo.RecordHeader{Key: string(bytes.ToLower(name[len(headerField):])), Value: bytes.Clone(value)})
		return true
	})
	return bad
}

// foreign tells whether a browser sends the request for a page of another site: it
// would without asking first, as forms do. Others send no Origin.
func foreign(m sidecar.Message) bool {
	origin, ok := m.Attr(sidecar.Selector{Attr: http.AttrHeader, Name: "origin"})
	if !ok {
		return false
	}
	_, host, _ := strings.Cut(string(origin), "://")
	return !strings.EqualFold(host, attr(m, http.AttrHost, ""))
}
