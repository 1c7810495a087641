package thrift

import "testing"

// Finagle's question about headers ends here: what one client agrees on must not
// become of the backend's connection, which serves others, too.
func TestUpgradeOfAConnectionReachesNoBackend(t *testing.T) {
	for _, e := range plainEncodings {
		if e.Protocol == Lax {
			continue // Finagle speaks none
		}
		t.Run(e.testName(), func(t *testing.T) {
			b := backend(t, e)
			h := newHarness(t, b.Addr())
			h.speaks = e
			c := h.client(t)
			c.Send(call(e, 0, upgrade, ""))
			if m := refused(c, e, 0, "TTwitter"); m.name != upgrade {
				t.Errorf("answer to %q", m.name)
			}
			if b.Conns() != 0 {
				t.Error("a backend was asked")
			}
			c.Send(call(e, 1, "m", "hello"))
			wants(c, e, 1, "hello")
		})
	}
}
