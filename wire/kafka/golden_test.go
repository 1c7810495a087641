package kafka

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Answers of real brokers come out as decoding them would have it, and without the
// addresses that are in them.
func TestAnswersOfRealBrokers(t *testing.T) {
	paths, err := filepath.Glob("testdata/golden/*/*.bin")
	if err != nil || len(paths) < 200 {
		t.Fatalf("%d answers, %v", len(paths), err)
	}
	hinted := 0
	for _, path := range paths {
		t.Run(strings.TrimPrefix(path, "testdata/golden/"), func(t *testing.T) {
			frame, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			key, version := named(t, path)
			if key == KeyAPIVersions {
				goldenVersions(t, version, frame)
				return
			}
			i := slices.IndexFunc(rewrittenAnswers, func(k codec) bool { return k.key == key })
			k := rewrittenAnswers[i]
			compareAnswer(t, k, version, frame)
			if !slices.ContainsFunc(walked, func(w codec) bool { return w.key == key }) {
				return
			}
			for _, size := range []int{1, 7, len(frame)} {
				out := compareWalked(t, k, version, frame, func() int { return size })
				if bytes.Contains(out, []byte("127.0.0.1")) {
					t.Error("an address is left")
				}
				if !bytes.Equal(out, frame) {
					hinted++
				}
			}
		})
	}
	if hinted == 0 {
		t.Error("no answer has a hint")
	}
}

func goldenVersions(t *testing.T, version int16, frame []byte) {
	t.Helper()
	v, code, problem := parseVersions(frame, version)
	if problem != nil || code != 0 || v.Of(KeyMetadata) < 12 {
		t.Fatalf("%v, code %d, %v", v, code, problem)
	}
	out, problem := NewHiding(nil, false, RewriteHints).Versions(nil, version, frame)
	if problem != nil {
		t.Fatal(problem)
	}
	for _, e := range decodeVersions(t, out, version).ApiKeys {
		if a := Of(e.ApiKey); a == nil || a.Kind == Internal || e.MaxVersion > a.Max {
			t.Errorf("clients are told of %d up to %d", e.ApiKey, e.MaxVersion)
		}
	}
}

// named is what answer a file has, by its name: NotLeader-Fetch-v12.bin.
func named(t *testing.T, path string) (key, version int16) {
	t.Helper()
	parts := strings.Split(strings.TrimSuffix(filepath.Base(path), ".bin"), "-")
	v, err := strconv.Atoi(strings.TrimPrefix(parts[len(parts)-1], "v"))
	if err != nil {
		t.Fatal(err)
	}
	for key := range int16(100) {
		if kmsg.NameForKey(key) == parts[len(parts)-2] {
			return key, int16(v)
		}
	}
	t.Fatalf("%s names no request", path)
	return 0, 0
}
