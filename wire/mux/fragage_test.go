package mux

import (
	"strings"
	"testing"
	"time"
)

// Fragments that nobody ends would keep their bytes from others for ever, as
// their client may say other things meanwhile.
func TestMessageInFragmentsThatIsNeverEndedEndsTheSession(t *testing.T) {
	for _, says := range []string{"", message(tping, controlTag, "")} {
		h := newHarness(t, nil)
		h.set(func(s *Settings) { s.MessageTimeout = 5 * time.Millisecond })
		c := ask(t, h)
		c.Send(message(tdispatch, 2|moreBit, "hello"))
		for {
			if says != "" {
				c.TrySend(says)
			}
			f := hear(c)
			if f.kind == rping {
				continue
			}
			if f.kind != rerr || !strings.Contains(string(f.body), errSlow.text) {
				t.Fatalf("got %+v %q", f, f.body)
			}
			break
		}
		c.Close()
	}
}
