package mux

import "testing"

func TestMuxClientsAreKnownByTheirFirstBytes(t *testing.T) {
	for _, row := range []struct {
		name, bytes string
		is          bool
	}{
		{"the probe", message(rerr, controlTag, initCheck), true},
		{"its new number", "\x00\x00\x00\x0f\x80\x00\x00\x01tinit check", true},
		{"Tinit", string(appendInit(nil, tinit, 1, 64)), true},
		{"Tdispatch", dispatch(2, "x"), true},
		{"Tdispatch in fragments", "\x00\x00\x00\x06\x02\x80\x00\x05ab", true},
		{"Treq", message(treq, 2, "\x00"), true},
		{"Tping", message(tping, 1, ""), true},
		{"Tdrain", message(tdrain, 1, ""), true},
		{"framed strict call", "\x00\x00\x00\x15\x80\x01\x00\x01\x00\x00\x00\x02hi", false},
		{"framed strict oneway", "\x00\x00\x00\x15\x80\x01\x00\x04\x00\x00\x00\x02hi", false},
		{"framed compact", "\x00\x00\x00\x15\x82\x21\x00\x04", false},
		{"THeader", "\x00\x00\x00\x15\x0f\xff\x00\x00", false},
		{"unframed strict", "\x80\x01\x00\x01\x00\x00\x00\x02", false},
		{"HTTP", "GET / HTTP/1.1", false},
		{"a reply", echoed(2, ""), false},
		{"an empty frame", "\x00\x00\x00\x00\x00\x00\x00\x00", false},
	} {
		is, decided := Sniff([]byte(row.bytes))
		if is != row.is || !decided {
			t.Errorf("%s: %v %v", row.name, is, decided)
		}
		for n := range row.bytes {
			if is, decided := Sniff([]byte(row.bytes[:n])); decided && is != row.is {
				t.Errorf("%s: %d bytes: %v", row.name, n, is)
			}
		}
	}
}
