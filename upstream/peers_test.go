package upstream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sidecar/balance"
	"sidecar/discovery"
	"sidecar/varz"
)

func known(addresses ...string) (list []discovery.Known) {
	for _, a := range addresses {
		list = append(list, discovery.Known{Endpoint: discovery.Endpoint{Address: a}})
	}
	return list
}

func TestRankIsTheSameForAllPeersAndFollowsTheirAddresses(t *testing.T) {
	for name, c := range map[string]struct {
		peers []string
		self  string
		local []string
		want  balance.Coordinate
		err   string
	}{
		"by self":            {[]string{"10.0.0.3:80", "10.0.0.1:80", "10.0.0.2:80"}, "10.0.0.2:80", nil, balance.Coordinate{Index: 1, Total: 3}, ""},
		"in another order":   {[]string{"10.0.0.2:80", "10.0.0.3:80", "10.0.0.1:80"}, "10.0.0.2:80", nil, balance.Coordinate{Index: 1, Total: 3}, ""},
		"by interface":       {[]string{"10.0.0.3:80", "10.0.0.1:80"}, "", []string{"127.0.0.1", "10.0.0.3"}, balance.Coordinate{Index: 1, Total: 2}, ""},
		"by IPv6 interface":  {[]string{"[fd00::2]:80", "[fd00::1]:80"}, "", []string{"fd00::1"}, balance.Coordinate{Index: 0, Total: 2}, ""},
		"by host name":       {[]string{"web-1.web:80", "web-0.web:80", "web-10.web:80"}, "", []string{"WEB-1"}, balance.Coordinate{Index: 1, Total: 3}, ""},
		"alone":              {[]string{"a:1"}, "a:1", nil, balance.Coordinate{Index: 0, Total: 1}, ""},
		"self among ports":   {[]string{"127.0.0.1:2", "127.0.0.1:1"}, "127.0.0.1:2", []string{"127.0.0.1"}, balance.Coordinate{Index: 1, Total: 2}, ""},
		"no self":            {[]string{"a:1"}, "b:1", nil, balance.Coordinate{}, "b:1 is not among the 1 peers"},
		"several local":      {[]string{"127.0.0.1:1", "127.0.0.1:2"}, "", []string{"127.0.0.1"}, balance.Coordinate{}, "2 of the peers"},
		"none local":         {[]string{"10.0.0.1:1"}, "", []string{"10.0.0.2", ""}, balance.Coordinate{}, "none of the 1 peers"},
		"part of an address": {[]string{"10.0.0.1:1"}, "", []string{"10"}, balance.Coordinate{}, "none of the 1 peers"},
		"nobody":             {nil, "a:1", nil, balance.Coordinate{}, "no peers are announced"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rank(known(c.peers...), c.self, c.local)
			if got.all != c.want || got.zone.Known() || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

func TestRankWithinAZoneCountsThoseOfTheZone(t *testing.T) {
	peers := known("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80")
	for i, zone := range []string{"a", "b", "", "b"} {
		peers[i].Zone = zone
	}
	for i, want := range []ranks{
		{balance.Coordinate{Index: 0, Total: 4}, balance.Coordinate{Index: 0, Total: 1}},
		{balance.Coordinate{Index: 1, Total: 4}, balance.Coordinate{Index: 0, Total: 2}},
		{balance.Coordinate{Index: 2, Total: 4}, balance.Coordinate{}},
		{balance.Coordinate{Index: 3, Total: 4}, balance.Coordinate{Index: 1, Total: 2}},
	} {
		if got, err := rank(peers, peers[i].Address, nil); got != want || err != nil {
			t.Errorf("%s: %v, %v, want %v", peers[i].Address, got, err, want)
		}
	}
}

// club is Peers that run, as 10.0.0.2:80.
type club struct {
	*Peers
	feed   *feed
	errors varz.Counter
	stop   func()
}

func newClub() *club {
	c := &club{feed: &feed{make(chan discovery.Update)}}
	c.Peers = NewPeers(PeersParams{Source: c.feed, Errors: &c.errors, Self: "10.0.0.2:80", Local: func() []string { return nil }})
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { c.Run(ctx) })
	c.stop = func() {
		cancel()
		run.Wait()
	}
	return c
}

func (c *club) announce(hosts string) {
	var u discovery.Update
	for _, h := range hosts {
		u.Endpoints = append(u.Endpoints, discovery.Endpoint{Address: "10.0.0." + string(h) + ":80"})
	}
	c.feed.updates <- u
	synctest.Wait()
}

func (c *club) want(t *testing.T, text, note string) {
	t.Helper()
	synctest.Wait()
	s := c.Standing()
	if got := placeText(s.At); got != text || !strings.Contains(s.Note, note) || note == "" && s.Note != "" {
		t.Errorf("place %q, note %q; want %q, %q", got, s.Note, text, note)
	}
}

func TestPlaceIsUsedOnceItHasBeenTheSameForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClub()
		defer c.stop()
		c.want(t, "", "no answer yet")
		time.Sleep(3*peersHold + time.Second) // not in the moment of a look
		c.announce("12")
		c.want(t, "", "waits until")
		time.Sleep(peersHold)
		c.want(t, "1/2", "")

		c.announce("123") // a rolling change: each step comes before the hold is over
		time.Sleep(peersHold - time.Second)
		c.announce("1234")
		time.Sleep(peersHold - time.Second)
		c.want(t, "1/2", "")
		time.Sleep(time.Second)
		c.want(t, "1/4", "")

		c.announce("234") // readiness that flaps
		time.Sleep(peersHold / 2)
		c.announce("1234")
		time.Sleep(2 * peersHold)
		c.want(t, "1/4", "")
	})
}

func TestPlaceStaysWhenItsSourceIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClub()
		defer c.stop()
		c.announce("123")
		time.Sleep(peersHold)
		c.want(t, "1/3", "")
		c.feed.updates <- discovery.Update{Err: errors.New("registry is gone")}
		time.Sleep(time.Hour)
		c.want(t, "1/3", "registry is gone")
		if n := c.errors.Value(); n != 1 {
			t.Errorf("%d errors counted", n)
		}
		c.feed.updates <- discovery.Update{}
		c.want(t, "1/3", "gone at once")
		time.Sleep(time.Hour)
		c.want(t, "1/3", "no peers are announced; the last place stays")
		c.announce("13")
		time.Sleep(peersHold)
		c.want(t, "1/3", "not among the 2 peers")
		c.announce("23")
		time.Sleep(peersHold)
		c.want(t, "0/2", "")
	})
}

func TestPlaceThatIsNotThereIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClub()
		defer c.stop()
		c.announce("13")
		time.Sleep(peersHold)
		c.want(t, "", "correct self")
		if !c.Standing().Settled {
			t.Error("not settled")
		}
	})
}

func addresses(n int) (list []string) {
	for i := range n {
		list = append(list, string(rune('a'+i/26))+string(rune('a'+i%26))+":1")
	}
	return list
}

func TestApertureIsLaidByThePlaceAmongPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance = Balance{Policy: policyAperture, Peers: FixedPeers(balance.Coordinate{Index: 1, Total: 4}, "index and total", "")}
		r := newRig(t, s, addresses(48)...)
		defer r.stop()
		time.Sleep(2 * time.Second)
		f := r.Focus()
		if f.Aperture != "deterministic" || f.Place != "1/4" || f.Peers != "index and total" || f.Size != 12 || f.Idle != 36 || f.Width != 0.25 || f.VectorHash == 0 {
			t.Errorf("%+v", f)
		}
		gauges := map[*varz.Desc]float64{
			varz.PeerIndex: 1, varz.PeerTotal: 4, varz.VectorHash: float64(f.VectorHash), varz.ApertureActive: 12, varz.ApertureIdle: 36,
		}
		r.registry.Each(func(d *varz.Desc, _ varz.Source, v varz.Value) {
			if want, asked := gauges[d]; asked && v.Number != want {
				t.Errorf("%s is %v, want %v", d.Name, v.Number, want)
			}
		})
		for _, row := range r.Rows() {
			if (row.ArcPart == 1) != row.InAperture || row.InAperture != (row.Pool.Idle == 1) {
				t.Errorf("%s: in aperture %v, part %v, %d connections", row.Address, row.InAperture, row.ArcPart, row.Pool.Idle)
			}
		}
		if n := r.many(100); n != 0 || dials(r) != 12 {
			t.Errorf("%d failed, %d dials, want one to each of the arc", n, dials(r))
		}
	})
}

// Peers of a zone share its endpoints. By their places among all, those of one
// zone may all stand in one half of the ring, and half of the endpoints get
// nothing.
func TestApertureOfAZoneIsLaidByThePlaceInTheZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClub()
		defer c.stop()
		s := usual()
		s.Balance = Balance{Policy: policyAperture, Peers: c.Peers, Zone: "here"}
		r := newRig(t, s)
		defer r.stop()
		want := func(place, note string) {
			t.Helper()
			time.Sleep(peersHold + 2*time.Second)
			if f := r.Focus(); f.Aperture != "deterministic" || f.Place != place || !strings.Contains(f.Note, note) || note == "" && f.Note != "" {
				t.Errorf("%+v, want %s, %q", f, place, note)
			}
		}
		peers := func(zones string) { // of hosts 1 and further; this process is 2
			var u discovery.Update
			for i, z := range zones {
				u.Endpoints = append(u.Endpoints, place("10.0.0."+string(rune('1'+i))+":80", strings.Trim(string(z), "-"), 0))
			}
			c.feed.updates <- u
			synctest.Wait()
		}
		r.zoned(place("a:1", "here", 0), place("b:1", "here", 0), place("c:1", "there", 0))
		peers("xyyxyx")
		want("0/3", "")
		peers("------")
		want("1/6", "does not tell")
		peers("xyyxyx")
		r.zoned(place("a:1", "there", 0), place("b:1", "there", 0)) // which all peers share
		want("1/6", "")
		if n := r.many(20); n != 0 {
			t.Errorf("%d failed", n)
		}
	})
}

func TestArcIsDialledTwoAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance = Balance{Policy: policyAperture, Peers: FixedPeers(balance.Coordinate{Index: 0, Total: 2}, "", "")}
		r := newRig(t, s)
		defer r.stop()
		names := addresses(24)
		for _, name := range names {
			r.backend(name).slow.Store(int64(700 * time.Millisecond))
		}
		r.announce(names...)
		time.Sleep(8 * time.Second)
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.most != 2 {
			t.Errorf("%d dials at once", r.most)
		}
		open := int64(0)
		for _, b := range r.backends {
			open += b.open.Load()
		}
		if open != 12 {
			t.Errorf("%d connections", open)
		}
	})
}

// While the place comes, changes and goes, by news of peers and by a reload, no
// request is lost, and what is under way ends where it is.
func TestPlaceComesChangesAndGoesWithoutLosingRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClub()
		defer c.stop()
		s := usual()
		s.Balance = Balance{Policy: policyAperture, Peers: c.Peers}
		r := newRig(t, s, addresses(60)...)
		defer r.stop()
		for _, a := range addresses(60) {
			r.backend(a).delay.Store(int64(20 * time.Millisecond))
		}
		ctx, cancel := context.WithCancel(context.Background())
		var traffic sync.WaitGroup
		for range 4 {
			traffic.Go(func() {
				for ctx.Err() == nil {
					if n := r.many(1); n != 0 {
						t.Error("a request failed")
						return
					}
				}
			})
		}
		want := func(aperture, place string) {
			t.Helper()
			time.Sleep(peersHold + 2*time.Second)
			if f := r.Focus(); f.Aperture != aperture || f.Place != place {
				t.Errorf("%+v, want %s, %s", f, aperture, place)
			}
		}
		want("random", "")
		c.announce("123")
		want("deterministic", "1/3")
		c.announce("23")
		want("deterministic", "0/2")

		other := newClub() // of a reload that names another source
		defer other.stop()
		s.Balance.Peers = other.Peers
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		want("deterministic", "0/2")
		other.announce("1234")
		want("deterministic", "1/4")
		other.announce("134")
		want("deterministic", "1/4")

		s.Balance.Policy = policyP2C
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		want("", "")
		s.Balance.Policy = policyAperture
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		want("deterministic", "1/4")
		s.Balance.Peers = nil
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		want("random", "")
		cancel()
		traffic.Wait()
		for _, row := range r.Rows() {
			if row.Pending != 0 {
				t.Errorf("%s: %d requests outstanding", row.Address, row.Pending)
			}
		}
	})
}

func TestConnectionsOfALeftArcEndWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := usual()
		s.Balance = Balance{Policy: policyAperture, Peers: FixedPeers(balance.Coordinate{Index: 0, Total: 4}, "", "")}
		r := newRig(t, s, addresses(48)...)
		defer r.stop()
		time.Sleep(2 * time.Second)
		s.Balance.Peers = FixedPeers(balance.Coordinate{Index: 2, Total: 4}, "", "")
		if err := r.Apply(s); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if open := connections(r); open != 24 {
			t.Errorf("%d connections at once after the move, want those of both arcs", open)
		}
		time.Sleep(s.Pool.IdleTimeout + 2*time.Second)
		if open := connections(r); open != 12 {
			t.Errorf("%d connections after the idle timeout, want those of one arc", open)
		}
	})
}

func connections(r *rig) (open int) {
	for _, row := range r.Rows() {
		open += row.Pool.Size
	}
	return open
}
