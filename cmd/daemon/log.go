package daemon

import (
	"context"
	"hash/maphash"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// What a peer can have logged is bounded: one that answers badly a thousand
// times a second must fill no disk.
const (
	// maxValue is the longest value of a line that is written whole, in bytes.
	maxValue = 2 << 10
	// lineBurst lines of one text about one upstream are written at once; after
	// them one each lineEvery. The next that is written says how many were not.
	lineBurst = 20
	lineEvery = time.Second
	// lineSlots is how many kinds of lines are told apart.
	lineSlots = 1024
)

func newLog(w io.Writer, level slog.Leveler) *slog.Logger {
	text := slog.NewTextHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cutAttr})
	return slog.New(&thrifty{Handler: text, lines: &lineCount{seed: maphash.MakeSeed()}})
}

// cutAttr cuts what would make a line of megabytes.
func cutAttr(_ []string, a slog.Attr) slog.Attr {
	text := ""
	switch v := a.Value.Any().(type) {
	case string:
		text = v
	case error:
		text = v.Error()
	}
	if len(text) > maxValue {
		a.Value = slog.StringValue(strings.ToValidUTF8(text[:maxValue], "") + "...")
	}
	return a
}

// thrifty leaves out lines that come too often.
type thrifty struct {
	slog.Handler
	lines *lineCount
	about string // what the lines of this logger are about
}

// Handle writes a line, or counts it.
func (t *thrifty) Handle(ctx context.Context, r slog.Record) error {
	about := t.about
	r.Attrs(func(a slog.Attr) bool {
		about += subject(a)
		return true
	})
	leftOut, ok := t.lines.take(r.Message+about, r.Time)
	if !ok {
		return nil
	}
	if leftOut > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", leftOut))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs is slog's.
func (t *thrifty) WithAttrs(list []slog.Attr) slog.Handler {
	about := t.about
	for _, a := range list {
		about += subject(a)
	}
	return &thrifty{t.Handler.WithAttrs(list), t.lines, about}
}

// WithGroup is slog's.
func (t *thrifty) WithGroup(name string) slog.Handler {
	return &thrifty{t.Handler.WithGroup(name), t.lines, t.about}
}

// subject is what of the configuration a line is about, so that a flood of one
// upstream hides nothing of the others.
func subject(a slog.Attr) string {
	switch a.Key {
	case "upstream", "source", "listener", "zookeeper", "xds", "announce":
		return "\x00" + a.Value.String()
	}
	return ""
}

// lineCount counts lines by a hash of their kind: two kinds of one hash share.
type lineCount struct {
	seed  maphash.Seed
	mu    sync.Mutex
	slots [lineSlots]struct {
		full    time.Time // when as much as lineBurst will be there
		leftOut int
	}
}

// take tells whether a line is to be written, and how many were not before it.
func (c *lineCount) take(kind string, now time.Time) (leftOut int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.slots[maphash.String(c.seed, kind)%lineSlots]
	if s.full.Before(now) {
		s.full = now
	}
	if s.full.Sub(now) > (lineBurst-1)*lineEvery {
		s.leftOut++
		return 0, false
	}
	s.full = s.full.Add(lineEvery)
	leftOut, s.leftOut = s.leftOut, 0
	return leftOut, true
}
