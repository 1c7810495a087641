package discovery

import (
	"fmt"
	"log/slog"
	"math"
	"time"
)

// origin is a source and what it last said. Its Keeper's mutex guards it.
type origin struct {
	source     Source
	name       string
	log        *slog.Logger
	allowEmpty bool

	good      []Known
	lastOK    time.Time
	err       error
	errSince  time.Time
	held      string
	heldSince time.Time
	doubles   int // endpoints of the last good answer whose address came twice
}

func (o *origin) take(u Update) {
	if u.Err != nil {
		o.fail(u)
		return
	}
	if o.err != nil {
		o.log.Info("discovery: the source works again", "failed_for", u.At.Sub(o.errSince).Round(time.Millisecond))
		o.err, o.errSince = nil, time.Time{}
	}
	if len(u.Endpoints) == 0 && len(o.good) > 0 && !o.allowEmpty {
		o.hold(u)
		return
	}
	o.held, o.heldSince = "", time.Time{}
	o.lastOK = u.At
	if next := o.known(u); !sameSet(o.good, next) {
		o.log.Info("discovery: the endpoints have changed", "before", len(o.good), "now", len(next))
		o.good = next
	}
}

func (o *origin) fail(u Update) {
	if o.err == nil {
		o.errSince = u.At
	}
	if o.err == nil || o.err.Error() != u.Err.Error() {
		if o.lastOK.IsZero() {
			o.log.Warn("discovery: the source fails and has told no endpoints yet; it is asked again", "err", u.Err)
		} else {
			o.log.Warn("discovery: the source fails; the last good endpoints stay", "err", u.Err, "endpoints", len(o.good))
		}
	}
	o.err = u.Err
}

// allow changes allowEmpty; an empty answer that is held counts from then on.
func (o *origin) allow(empty bool, now time.Time) {
	o.allowEmpty = empty
	if empty && o.held != "" {
		o.held, o.heldSince = "", time.Time{}
		o.lastOK = now
		o.log.Info("discovery: the endpoints have changed", "before", len(o.good), "now", 0)
		o.good = nil
	}
}

func (o *origin) hold(u Update) {
	if o.held != "" {
		return
	}
	o.heldSince = u.At
	o.held = fmt.Sprintf("empty answer ignored at %s, the last %d endpoints stay; if there are none, set allow_empty = true for the upstream",
		u.At.UTC().Format(time.RFC3339), len(o.good))
	o.log.Warn("discovery: " + o.held)
}

// known makes the set of an answer: each address once, weights usable, the age
// of what was known before kept.
func (o *origin) known(u Update) []Known {
	since := make(map[string]time.Time, len(o.good))
	for i := range o.good {
		since[o.good[i].Address] = o.good[i].Since
	}
	seen := make(map[string]struct{}, len(u.Endpoints))
	set := make([]Known, 0, len(u.Endpoints))
	for _, e := range u.Endpoints {
		if _, twice := seen[e.Address]; twice {
			continue
		}
		seen[e.Address] = struct{}{}
		if !(e.Weight > 0 && e.Weight <= math.MaxFloat64) {
			e.Weight = 1
		}
		at, before := since[e.Address]
		if !before {
			at = u.At
		}
		set = append(set, Known{Endpoint: e, Source: o.name, Since: at})
	}
	if n := len(u.Endpoints) - len(set); n != o.doubles {
		o.doubles = n
		if n > 0 {
			o.log.Warn("discovery: addresses are announced more than once; the first of each counts", "ignored", n)
		}
	}
	return set
}

// sameSet tells whether two sets have the same endpoints from the same
// sources, in whatever order: registries list their members in any.
func sameSet(a, b []Known) bool {
	if len(a) != len(b) {
		return false
	}
	in := true
	for i := range a {
		in = in && a[i].Source == b[i].Source && a[i].equal(&b[i].Endpoint)
	}
	if in {
		return true
	}
	byAddress := make(map[string]*Known, len(a))
	for i := range a {
		byAddress[a[i].Address] = &a[i]
	}
	for i := range b {
		k := byAddress[b[i].Address]
		if k == nil || k.Source != b[i].Source || !k.equal(&b[i].Endpoint) {
			return false
		}
	}
	return true
}
