package thrift

import (
	"encoding/hex"
	"strings"
	"testing"
)

// framed is b, in hexadecimal digits, in a frame.
func framed(b string) string {
	return hex.EncodeToString([]byte{0, 0, 0, byte(len(b) / 2)}) + b
}

func TestSniffTellsHowClientsSpeak(t *testing.T) {
	strict, lax := vectors["call"], "0000000268690100000001"+"00"
	long := hex.EncodeToString([]byte(strings.Repeat("n", 200)))
	for _, c := range []struct {
		name, b string
		want    Encoding
		verdict Verdict
	}{
		{"unframed strict call", strict, Encoding{Unframed, Binary}, IsThrift},
		{"unframed strict oneway", "80010004" + strict[8:], Encoding{Unframed, Binary}, IsThrift},
		{"unframed strict reply", vectors["reply"], Encoding{}, NotThrift},
		{"unframed compact", vectors["compact oneway"], Encoding{Unframed, Compact}, IsThrift},
		{"unframed lax", lax, Encoding{Unframed, Lax}, IsThrift},
		{"unframed lax of a long name", "000000c8" + long, Encoding{Unframed, Lax}, IsThrift},
		{"framed strict", framed(strict), Encoding{Framed, Binary}, IsThrift},
		{"framed strict that looks like a Mux Rerr", "00000015" + "80010001" + "00000002", Encoding{Framed, Binary}, IsThrift},
		{"framed compact", framed(vectors["compact oneway"]), Encoding{Framed, Compact}, IsThrift},
		{"framed lax", framed(lax), Encoding{Framed, Lax}, IsThrift},
		{"framed lax of a long name", "000000e0" + "000000c8" + long, Encoding{Framed, Lax}, IsThrift},
		{"header of binary", "00000010" + "0fff0000" + "00000001" + "0001" + "00000000", Encoding{Header, Binary}, IsThrift},
		{"header of compact", "00000010" + "0fff0000" + "00000001" + "0001" + "02000000", Encoding{Header, Compact}, IsThrift},
		{"GET", hex.EncodeToString([]byte("GET / HTTP/1.1\r\n")), Encoding{}, NotThrift},
		{"POST", hex.EncodeToString([]byte("POST / HTTP/1.1\r\n")), Encoding{}, NotThrift},
		{"PRI", hex.EncodeToString([]byte("PRI * HTTP/2.0\r\n")), Encoding{}, NotThrift},
		{"TLS", "1603010200010001fc0303", Encoding{}, NotThrift},
		{"Mux Tping", "0000000441000001", Encoding{}, NotThrift},
		{"Mux probe", "00000013" + "7f000001" + hex.EncodeToString([]byte("tinit check")), Encoding{}, NotThrift},
		{"Mux Tdispatch", "00000020" + "02000002" + "0000" + "0000" + "0000", Encoding{}, NotThrift},
		{"Mux Tinit", "00000020" + "44000001" + "0001", Encoding{}, NotThrift},
		{"Mux Tlease", "0000000c" + "43000000" + "00", Encoding{}, NotThrift},
		{"zero length", "0000000000000000", Encoding{}, NotThrift},
		{"empty lax name in a frame", "0000000c" + "00000000" + "01", Encoding{}, NotThrift},
		{"lax name longer than its frame", "0000000c" + "00000008" + "6161", Encoding{}, NotThrift},
		{"lax reply", "0000000268690200000001", Encoding{}, NotThrift},
		{"version 2", "80020001", Encoding{}, NotThrift},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := unhex(t, c.b)
			b = b[:min(len(b), SniffBytes)]
			got, verdict := Sniff(b)
			if verdict != c.verdict || verdict == IsThrift && got != c.want {
				t.Fatalf("got %+v, %d, want %+v, %d", got, verdict, c.want, c.verdict)
			}
			for n := range b {
				if g, v := Sniff(b[:n]); v != Undecided && (v != verdict || v == IsThrift && g != got) {
					t.Errorf("%d bytes: %+v, %d", n, g, v)
				}
			}
		})
	}
}

// A verdict stands, whatever comes behind the bytes it was given of, and comes
// with SniffBytes at the latest.
func FuzzSniff(f *testing.F) {
	for i := range samples {
		for _, p := range protocols {
			b := message(f, i, p)
			f.Add(b[:min(len(b), SniffBytes)])
			f.Add(append([]byte{0, 0, byte(len(b) >> 8), byte(len(b))}, b...))
		}
	}
	f.Add([]byte("\x00\x00\x00\x10\x0f\xff\x00\x00\x00\x00\x00\x01\x00\x01\x02\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = b[:min(len(b), 2*SniffBytes)]
		e, v := Sniff(b)
		if v == Undecided && len(b) >= SniffBytes {
			t.Fatalf("%x: undecided", b)
		}
		decided := false
		for n := range b {
			g, w := Sniff(b[:n])
			if decided = decided || w != Undecided; decided && (w != v || w == IsThrift && g != e) {
				t.Fatalf("%x: %+v %d at %d bytes, %+v %d in the end", b, g, w, n, e, v)
			}
		}
	})
}
