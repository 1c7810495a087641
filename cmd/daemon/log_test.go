package daemon

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFloodOfLinesIsCountedAndHidesNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		log := newLog(&out, slog.LevelInfo)
		web := log.With("upstream", "web")
		for range 10_000 {
			web.Warn("bad")
			log.Info("endpoints changed", "upstream", "web")
		}
		log.Info("endpoints changed", "upstream", "users")
		log.With("upstream", "users").Warn("bad")
		if n := strings.Count(out.String(), "\n"); n != 2*lineBurst+2 || strings.Count(out.String(), "users") != 2 {
			t.Errorf("%d lines", n)
		}
		out.Reset()
		time.Sleep(lineEvery)
		web.Warn("bad")
		web.Warn("bad")
		if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "left_out=9980") {
			t.Errorf("after a while %q", got)
		}
	})
}

func TestLinesAreOfBoundedLengthAndInOneLine(t *testing.T) {
	var out strings.Builder
	newLog(&out, slog.LevelInfo).Info("m", "err", errors.New(strings.Repeat("\n", 1<<20)), "text", strings.Repeat("é", 1<<20))
	if got := out.String(); len(got) > 10*maxValue || strings.Count(got, "\n") != 1 {
		t.Errorf("%d bytes, %d lines", len(got), strings.Count(got, "\n"))
	}
}
