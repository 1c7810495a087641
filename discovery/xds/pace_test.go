package xds

import (
	"strings"
	"testing"
	"time"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"

	"sidecar/internal/ads"
)

func TestResponsesThatComeInALoopAreReadOneByOne(t *testing.T) {
	p, now := new(pace), time.Unix(1, 0)
	for i := range responsesAtOnce {
		if d := p.next(now); d != 0 {
			t.Fatalf("response %d waits %s", i+1, d)
		}
	}
	for range 100 {
		d := p.next(now)
		if d != responseEvery {
			t.Fatalf("one more waits %s", d)
		}
		now = now.Add(d)
	}
	if d := p.next(now.Add(time.Minute)); d != 0 {
		t.Errorf("after a minute it waits %s", d)
	}
}

// What would be kept and said again for as long as the stream lasts.
func TestNonceOfMegabytesEndsTheStream(t *testing.T) {
	at := playing(t, func(s sotwServer, n int) error {
		return answers(t, s, "10.0.0.1:80", func(r *discoveryv3.DiscoveryRequest) error {
			if n > 1 || r.GetTypeUrl() != loads.typeURL() {
				return nil
			}
			one := response(loads, "2", packed(t, ads.Load(t, "web", "10.0.0.2:80")).body)
			one.Nonce = strings.Repeat("x", maxWord+1)
			return s.Send(one)
		})
	})
	c := newClient(t, Settings{Variant: SotW})
	r := c.follow(at, "web")
	r.wants("10.0.0.1")
	ads.Await(t, "reason", func() bool { return strings.Contains(c.all.States()[0].Error, "a nonce or version of") || r.told() > 1 })
	r.wants("10.0.0.1")
}
