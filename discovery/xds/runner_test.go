package xds

import (
	"log/slog"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/anypb"

	"sidecar/internal/ads"
	"sidecar/varz"
)

// mute is a dialect that counts what is said.
type mute struct{ taken, refused, asked int }

func (m *mute) recv() (news, bool, error)                   { select {} }
func (m *mute) ask(kind, []string, map[string]string) error { m.asked++; return nil }
func (m *mute) answer(_ news, refused error) error {
	if refused == nil {
		m.taken++
	} else {
		m.refused++
	}
	return nil
}

func TestWhatIsRefusedAgainAndAgainIsAnsweredLater(t *testing.T) {
	reg, d := new(varz.Registry), new(mute)
	counter := func(desc *varz.Desc) *varz.Counter { return reg.Counter(desc, varz.Source{}) }
	r := newRunner(&plane{
		server: "plane:1", log: slog.New(slog.DiscardHandler),
		stats: planeStats{reg.Gauge(varz.XDSConnected, varz.Source{}), counter(varz.XDSStreams), counter(varz.XDSResponses), counter(varz.XDSRefused)},
	})
	r.link = &link{dialect: d, cancel: func() {}}
	r.world = known(t, "web")
	bad := news{kind: loads, items: []item{{body: &anypb.Any{}}}}
	later := time.Time{}
	sooner := func(at time.Time) { later = at }
	now := start()

	r.response(bad, now)
	if d.refused != 1 {
		t.Errorf("the first was answered %d times", d.refused)
	}
	r.response(bad, now)
	r.speak(now, sooner)
	if d.refused != 1 || later.Before(now.Add(minAgain/2)) || later.After(now.Add(2*minAgain)) {
		t.Errorf("the second was answered %d times, and will be at %s", d.refused-1, later)
	}
	r.speak(later, sooner)
	r.speak(later, sooner)
	if d.refused != 2 {
		t.Errorf("in its time it was answered %d times", d.refused-1)
	}
	r.response(bad, now)
	r.response(news{kind: loads, items: []item{packed(t, ads.Load(t, "web"))}}, now)
	r.speak(now.Add(time.Hour), sooner)
	if d.taken != 1 || d.refused != 2 {
		t.Errorf("a good one behind it: taken %d, refused %d", d.taken, d.refused)
	}
}

func TestWaitsGrowAndAreNotAlike(t *testing.T) {
	for fails, most := range map[int]time.Duration{0: minAgain, 1: minAgain, 2: 2 * minAgain, 5: 16 * minAgain, 1000: maxAgain} {
		seen := map[time.Duration]bool{}
		for range 100 {
			d := again(fails)
			seen[d] = true
			if d < most/2 || d > most*3/2 {
				t.Errorf("after %d failures: %s", fails, d)
			}
		}
		if len(seen) < 50 {
			t.Errorf("after %d failures all wait alike", fails)
		}
	}
}
