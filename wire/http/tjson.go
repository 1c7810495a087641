package http

import "bytes"

// tjson is what messages in Thrift's JSON protocol begin with: its version, and
// then the name (TJSONProtocol of Apache Thrift).
var tjson = []byte(`[1,"`) // never changed

// maxCallName is how long the name of a method may be, in bytes.
const maxCallName = 256

// CallName is the name of the method that a body calls which is a message in
// Thrift's JSON protocol, with its service's if it has one ("Users:get"); nil if
// it is none. It looks at no more than the beginning, and builds nothing: a name
// with an escape, which no method has, is none.
func CallName(body []byte) []byte {
	if !bytes.HasPrefix(body, tjson) {
		return nil
	}
	name := body[len(tjson):]
	name = name[:min(len(name), maxCallName+1)]
	end := bytes.IndexByte(name, '"')
	if end <= 0 {
		return nil
	}
	name = name[:end]
	for _, c := range name {
		if c <= ' ' || c == '\\' || c >= 0x7f {
			return nil
		}
	}
	return name
}

// IsCall tells whether a Content-Type is one of those that Thrift's clients send
// over HTTP.
func IsCall(contentType []byte) bool {
	kind, _, _ := bytes.Cut(contentType, []byte(";"))
	kind = Trim(kind)
	return EqualFold(kind, "application/x-thrift") || EqualFold(kind, "application/vnd.apache.thrift.json")
}
