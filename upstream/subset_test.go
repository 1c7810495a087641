package upstream

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"sidecar"
	"sidecar/discovery"
)

// announceVersions announces endpoints with a label each, "a:1=2" is version 2.
func (r *rig) announceVersions(list ...string) {
	var u discovery.Update
	for _, one := range list {
		address, version, _ := strings.Cut(one, "=")
		u.Endpoints = append(u.Endpoints, discovery.Endpoint{Address: address, Labels: map[string]string{"version": version, "rack": "7"}})
	}
	r.feed.updates <- u
	synctest.Wait()
}

func (r *rig) open() string {
	var all []string
	for _, row := range r.Rows() {
		if row.State != "leaving" {
			all = append(all, row.Address)
		}
	}
	return strings.Join(all, " ")
}

func subset(version string, fallback bool) Settings {
	s := usual()
	s.Subset = Subset{Labels: map[string]string{"version": version, "rack": "7"}, Any: fallback}
	return s
}

func TestOnlyEndpointsWithTheLabelsOfTheSubsetAreUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, subset("2", false))
		defer r.stop()
		r.announceVersions("a:1=1", "b:1=2", "c:1=2")
		if failed := r.many(20); failed != 0 || r.backend("a:1").served.Load() != 0 {
			t.Errorf("%d failed, %d came to another version", failed, r.backend("a:1").served.Load())
		}
		if s, is := r.Subset(); !is || s.Matching != 2 || s.LeftOut != 1 || s.Error != "" {
			t.Errorf("got %+v", s)
		}
		if row := r.row("b:1"); row.Labels["version"] != "2" {
			t.Errorf("its labels are not told: %+v", row)
		}
		r.announceVersions("a:1=2", "b:1=1", "c:1=2")
		if got := r.open(); got != "a:1 c:1" {
			t.Errorf("after other labels %s are used", got)
		}
	})
}

func TestAnotherSubsetCountsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, usual())
		defer r.stop()
		r.announceVersions("a:1=1", "b:1=2")
		if _, is := r.Subset(); is || r.open() != "a:1 b:1" {
			t.Errorf("without a subset %s are used", r.open())
		}
		for version, want := range map[string]string{"1": "a:1", "2": "b:1"} {
			if err := r.Apply(subset(version, false)); err != nil {
				t.Fatal(err)
			}
			if got := r.open(); got != want {
				t.Errorf("version %s: %s are used, want %s", version, got, want)
			}
		}
		if err := r.Apply(usual()); err != nil || r.open() != "a:1 b:1" {
			t.Errorf("%v; without it again %s are used", err, r.open())
		}
	})
}

// A subset that matches nothing is mostly a slip, which must not pass for ready;
// one whose endpoints have gone later takes nobody out of service.
func TestASubsetThatMatchesNothingIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, subset("2", false))
		defer r.stop()
		const why = "none of 1 endpoints has the labels of the subset (rack=7, version=2)"
		r.announceVersions("a:1=1")
		if ok, text := r.Ready(); ok || !strings.Contains(text, why) {
			t.Errorf("ready %v: %s", ok, text)
		}
		if err := r.Do(context.Background(), request()); sidecar.FaultOf(err).Reason != sidecar.NoEndpoints || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v", err)
		}
		if n := len(r.log.lines(why)); n != 1 {
			t.Errorf("%d lines in the log", n)
		}
		r.announceVersions("a:1=1", "b:1=2")
		if ok, text := r.Ready(); !ok || text != "" {
			t.Errorf("ready %v: %s", ok, text)
		}
		r.announceVersions("a:1=1")
		if ok, _ := r.Ready(); !ok {
			t.Error("not ready any more as the endpoints have gone")
		}
		if s, _ := r.Subset(); !strings.Contains(s.Error, why) || s.Fallback != "none" {
			t.Errorf("got %+v", s)
		}
	})
}

func TestASubsetThatMatchesNothingMayFallBackToAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, subset("2", true))
		defer r.stop()
		r.announceVersions("a:1=1", "b:1=1")
		s, _ := r.Subset()
		if ok, _ := r.Ready(); !ok || r.many(4) != 0 || s.LeftOut != 0 || s.Matching != 0 || !strings.Contains(s.Error, "all are used") {
			t.Errorf("ready %v, %+v", ok, s)
		}
		r.announceVersions("a:1=1", "b:1=2")
		if got := r.open(); got != "b:1" {
			t.Errorf("%s are used", got)
		}
	})
}

func TestSubsetNeedsAllOfItsLabels(t *testing.T) {
	s := Subset{Labels: map[string]string{"a": "1", "b": ""}}
	for labels, want := range map[string]bool{"a=1,b=": true, "a=1": false, "a=2,b=": false, "": false, "a=1,b=,c=3": true} {
		m := map[string]string{}
		for _, l := range strings.Split(labels, ",") {
			if name, value, ok := strings.Cut(l, "="); ok {
				m[name] = value
			}
		}
		if got := s.has(m); got != want {
			t.Errorf("%s: %v", fmt.Sprint(m), got)
		}
	}
}
