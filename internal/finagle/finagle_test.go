//go:build conformance

package finagle_test

import (
	"testing"

	"sidecar/internal/finagle"
)

// A run of the two against each other shows that what the sidecar is measured
// by works by itself.
func TestConformanceOfThePeersThemselves(t *testing.T) {
	s := finagle.NewServer(t, "", 0)
	c := finagle.NewClient(t, s.Address, 0)
	if ok, bad, why := c.Call("echo", 1000, 20, "hi"); ok != 1000 || bad != 0 {
		t.Errorf("echo: %d right, %d wrong: %s", ok, bad, why)
	}
	if _, bad, why := c.Call("boom", 1, 1, "x"); bad != 1 {
		t.Errorf("boom: %s", why)
	}
	if _, bad, _ := c.Call("never", 1, 1, "x"); bad != 1 {
		t.Error("a call that was given up was answered")
	}
	s.AwaitDiscarded()
	if n := s.Drain(); n != 1002 {
		t.Errorf("served %d calls, want 1002", n)
	}
}
