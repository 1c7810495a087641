package mux

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What real Finagle peers said is read without a problem, and what is written
// anew from it is the same bytes.
func TestWhatFinagleSaysIsReadAndWrittenTheSame(t *testing.T) {
	names, _ := filepath.Glob("testdata/finagle-*.hex")
	if len(names) == 0 {
		t.Fatal("no captures")
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			file, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			var sides [2]parts
			lines := bufio.NewScanner(file)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				who, text, _ := strings.Cut(lines.Text(), " ")
				if who == "#" {
					continue
				}
				side := &sides[0]
				if who == "server" {
					side = &sides[1]
				}
				wire := unhex(t, text)
				f, n, bad := readFrame(wire, DefaultMaxFrame)
				if bad != nil || n != len(wire) {
					t.Fatalf("%s: %d %v", text, n, bad)
				}
				if again := appendHead(nil, f.kind, f.tag|moreBit*b2u(f.more), len(f.body)); !bytes.Equal(append(again, f.body...), wire) {
					t.Errorf("%s became %x", text, again)
				}
				whole, bad := side.add(&f, DefaultMaxFrame)
				if bad != nil {
					t.Fatalf("%s: %v", text, bad)
				}
				if whole {
					readAndWriteAgain(t, f)
				}
			}
		})
	}
}

func b2u(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}

func readAndWriteAgain(t *testing.T, f frame) {
	t.Helper()
	var again []byte
	var bad *problem
	switch f.kind {
	case tdispatch:
		var c Call
		bad = c.read(f.body)
		again = append(c.appendDispatchHead(nil, c.Contexts), c.Payload...)
		if id, _ := Lookup(c.Contexts, ClientIDContext); string(id) != "peer-client" {
			t.Errorf("client id %q", id)
		}
	case rdispatch:
		var r Reply
		bad = r.read(f.body)
		again = append(r.appendReplyHead(nil), r.Payload...)
		if r.Status == Nack && r.Failure() != Restartable|Rejected {
			t.Errorf("flags of a nack: %b", r.Failure())
		}
	case tinit, rinit:
		g, bad := readInit(f.body)
		if bad != nil || g.window < minWindow || g.version != initVersion {
			t.Errorf("greeting %+v: %v", g, bad)
		}
		return
	default:
		return
	}
	if bad != nil || !bytes.Equal(again, f.body) {
		t.Errorf("%x: %v, written anew %x", f.body, bad, again)
	}
}
