package http1

import (
	"fmt"
	"testing"

	"sidecar"
	"sidecar/wire/http"
)

// A client of Thrift over HTTP mostly writes head and body apart.
func TestThriftCallsInJSONAreCountedByTheirMethod(t *testing.T) {
	const kind = "Content-Type: application/x-thrift\r\n"
	call := `[1,"Users:get",1,7,{"1":{"str":"` + text(1000) + `"}}]`
	for _, row := range []struct{ name, fields, body, want string }{
		{"a call", kind + fmt.Sprintf("Content-Length: %d\r\n", len(call)), call, "Users:get"},
		{"other JSON that begins alike", fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d\r\n", len(call)), call, "POST"},
		{"another protocol of Thrift", kind + "Content-Length: 4\r\n", "\x80\x01\x00\x01", "POST"},
		{"no type", fmt.Sprintf("Content-Length: %d\r\n", len(call)), call, "POST"},
		{"no body", kind + "Content-Length: 0\r\n", "", "POST"},
		{"chunks, which are not read before they go on", kind + "Transfer-Encoding: chunked\r\n", chunked(call, 1000), "POST"},
	} {
		t.Run(row.name, func(t *testing.T) {
			h := answering(t, func(m *message, x *sidecar.Exchange) error {
				name, _ := m.Attr(sidecar.Selector{Attr: sidecar.AttrOpName})
				method, _ := m.Attr(sidecar.Selector{Attr: http.AttrMethod})
				return m.Answer(x, 200, "", fmt.Appendf(nil, "%s by %s", name, method))
			})
			c := h.client(t)
			c.Send("POST /thrift HTTP/1.1\r\nHost: a\r\n" + row.fields + "\r\n")
			c.Send(row.body)
			if m := listen(c, false); m.body != row.want+" by POST" {
				t.Errorf("got %q, want %q", m.body, row.want)
			}
		})
	}
}
