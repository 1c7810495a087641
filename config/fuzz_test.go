package config

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// Whatever is in the file: either a configuration, which is then the same when
// it is written and read again, or problems that each say something.
func FuzzParse(f *testing.F) {
	src, err := os.ReadFile(reference)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(src)
	f.Add(commentedOut.ReplaceAll(src, []byte("$1")))
	f.Add([]byte(everyKind))
	for _, c := range invalidFiles() {
		if len(c.src) < 64<<10 { // the large ones only make it slow
			f.Add([]byte(c.src))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		if missing := unmarked(t, string(src)); missing != "" {
			t.Errorf("the decoder finds %s, which the scanner has not marked", missing)
		}
		file, err := Parse("f.toml", src)
		if err == nil {
			sameAgain(t, file)
			return
		}
		var bad *Invalid
		if !errors.As(err, &bad) || len(bad.Problems) == 0 || file != nil {
			t.Fatalf("got a file %v and the error %v", file != nil, err)
		}
		lines := 1 + bytes.Count(src, []byte("\n"))
		for _, p := range bad.Problems {
			if p.Message == "" || p.File != "f.toml" || p.Line < 1 || p.Line > lines {
				t.Errorf("problem %+v in a file of %d lines", p, lines)
			}
		}
	})
}
