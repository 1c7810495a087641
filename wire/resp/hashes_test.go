package resp

import (
	"encoding/hex"
	"os"
	"strconv"
	"strings"
	"testing"
)

// The sums in testdata are what twemproxy's own functions said (commit 60aaf85,
// compiled on amd64): a key in hexadecimal, "-" for none, and each hash of it.
func TestHashesAreThoseOfTwemproxy(t *testing.T) {
	text, err := os.ReadFile("testdata/twemproxy-hashes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		fields := words(line)
		key, _ := hex.DecodeString(strings.Trim(fields[0], "-"))
		if len(fields) != 1+int(keyHashes) {
			t.Fatalf("%d hashes of %q", len(fields)-1, key)
		}
		for _, f := range fields[1:] {
			name, want, _ := strings.Cut(f, "=")
			h, ok := KeyHashNamed(name)
			if got := strconv.FormatUint(uint64(h.Sum(key)), 10); !ok || got != want || h.String() != name {
				t.Errorf("%s of %q: %s, want %s", name, key, got, want)
			}
		}
	}
	if _, ok := KeyHashNamed("hsieh"); ok {
		t.Error("a hash that is not here has a name")
	}
}
