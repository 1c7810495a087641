package resp

import "testing"

func TestRepliesAreWrittenInBothVersions(t *testing.T) {
	for _, c := range []struct {
		name, got, want string
	}{
		{"simple", string(AppendSimple(nil, "OK")), "+OK\r\n"},
		{"error", string(AppendError(nil, "ERR a\r\n+b")), "-ERR a  +b\r\n"},
		{"own error", string(AppendOwnError(nil, "no_route", "a\nb")), "-ERR sidecar: no_route a b\r\n"},
		{"own error without a text", string(AppendOwnError(nil, "deadline", "")), "-ERR sidecar: deadline\r\n"},
		{"bulk", string(AppendBulk(nil, "a\r\n")), "$3\r\na\r\n\r\n"},
		{"null", string(AppendNull(nil, RESP2)), "$-1\r\n"},
		{"null of 3", string(AppendNull(nil, RESP3)), "_\r\n"},
		{"map", string(AppendMap(nil, RESP2, 2)), "*4\r\n"},
		{"map of 3", string(AppendMap(nil, RESP3, 2)), "%2\r\n"},
		{"push", string(AppendPush(nil, RESP2, 3)), "*3\r\n"},
		{"push of 3", string(AppendPush(nil, RESP3, 3)), ">3\r\n"},
		{"integer", string(AppendInt(nil, -5)), ":-5\r\n"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.name, c.got, c.want)
		}
	}
}
