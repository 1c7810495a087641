package muxthrift

import (
	"strings"
	"testing"

	"sidecar/wire/thrift"
)

// firsts are first bytes of clients, and what they mean.
func firsts() map[string]struct {
	bytes string
	kind  Kind
} {
	long := strings.Repeat("x", 300)
	framed := func(p thrift.Protocol, name string) string {
		m := called(p, thrift.CallType, 1, name, "arg")
		return string([]byte{0, 0, byte(len(m) >> 8), byte(len(m))}) + m
	}
	return map[string]struct {
		bytes string
		kind  Kind
	}{
		"Mux, with negotiation":             {frame(0x7f, 1, "tinit check"), Mux},
		"the same by its other number":      {frame(0x80, 1, "tinit check"), Mux},
		"Tinit":                             {frame(0x44, 1, "\x00\x01"), Mux},
		"Treq":                              {frame(1, 2, "\x00"+called(thrift.Binary, thrift.CallType, 1, "echo", "x")), Mux},
		"Tdispatch":                         {dispatch(2, "", called(thrift.Binary, thrift.CallType, 1, "echo", "x")), Mux},
		"Tping":                             {frame(0x41, 1, ""), Mux},
		"Tdrain":                            {frame(0x40, 1, ""), Mux},
		"framed strict call":                {framed(thrift.Binary, "echo"), Thrift},
		"framed strict oneway":              {"\x00\x00\x00\x11" + called(thrift.Binary, thrift.OnewayType, 1, "m", "x"), Thrift},
		"framed compact":                    {framed(thrift.Compact, "echo"), Thrift},
		"framed lax":                        {framed(thrift.Lax, "echo"), Thrift},
		"THeader":                           {"\x00\x00\x00\x20\x0f\xff\x00\x00\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00", Thrift},
		"unframed strict":                   {called(thrift.Binary, thrift.CallType, 1, "echo", "x"), Thrift},
		"unframed compact":                  {called(thrift.Compact, thrift.CallType, 1, "echo", "x"), Thrift},
		"unframed lax":                      {called(thrift.Lax, thrift.CallType, 1, "echo", "x"), Thrift},
		"unframed lax that begins as Tping": {called(thrift.Lax, thrift.CallType, 1, "Aecho", "x"), Thrift},
		"unframed lax as long as a frame":   {called(thrift.Lax, thrift.CallType, 1, "Decho", "x"), Thrift},
		"unframed lax of a long name":       {called(thrift.Lax, thrift.CallType, 1, long[:200], "x"), Thrift},
		"GET":                               {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP},
		"POST":                              {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", HTTP},
		"HTTP/2":                            {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", HTTP},
		"TLS":                               {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Thrift},
		"nothing that is known":             {"\xff\xff\xff\xff\xff\xff\xff\xff", Thrift},
		"a frame of nothing":                {"\x00\x00\x00\x00\x00\x00\x00\x00", Thrift},
	}
}

func TestFirstBytesSayWhatAClientSpeaks(t *testing.T) {
	for name, row := range firsts() {
		t.Run(name, func(t *testing.T) {
			b := []byte(row.bytes)
			b = b[:min(len(b), SniffBytes)]
			if got := Sniff(b); got != row.kind {
				t.Fatalf("%q: %v, want %v", b, got, row.kind)
			}
			for n := range b {
				if got := Sniff(b[:n]); got != Unknown && got != row.kind {
					t.Errorf("%d bytes: %v", n, got)
				}
			}
		})
	}
}

// FuzzSniff: what is decided by fewer bytes is decided so by more, and all that
// may be looked at decide.
func FuzzSniff(f *testing.F) {
	for _, row := range firsts() {
		f.Add([]byte(row.bytes))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		kind := Unknown
		for n := 0; n <= min(len(b), SniffBytes); n++ {
			got := Sniff(b[:n])
			if kind != Unknown && got != kind {
				t.Fatalf("%x: %v, then with %d bytes %v", b, kind, n, got)
			}
			kind = got
		}
		if len(b) >= SniffBytes && kind == Unknown {
			t.Fatalf("%x: undecided", b[:SniffBytes])
		}
	})
}
