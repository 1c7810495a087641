package discovery

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"time"
)

// maxTrouble is how much of what is wrong with a source is kept, in bytes. It
// stands on pages and may repeat what a peer sent.
const maxTrouble = 4 << 10

// origin is a source and what it last said. Its Keeper's mutex guards it.
type origin struct {
	source Source
	name   string
	log    *slog.Logger
	hold   time.Duration // 0 is none

	answer   []Known // the last good one
	good     []Known // what is given out: that, and what is held beside it
	lastOK   time.Time
	err      error
	errSince time.Time
	empty    string // why answer has nothing
	drops    []Drop // of the last good answer
	fromDisk bool   // answer is a record of a former process
	doubles  int    // endpoints of the last good answer whose address came twice

	gone      []lost // what answer lacks since lately, or all that is held
	letGo     int    // how many were held and are not any more
	heldSince time.Time
	heldUntil time.Time // zero if nothing is held
}

func (o *origin) held() bool { return !o.heldUntil.IsZero() }

// restore takes a record of a former process, which counts until the source
// answers.
func (o *origin) restore(set []Endpoint, at time.Time) {
	o.answer = o.known(Update{Endpoints: set, At: at})
	o.good, o.lastOK, o.fromDisk = o.answer, at, true
}

func (o *origin) take(u Update) {
	if len(u.Endpoints) > maxEndpoints {
		u.Err = fmt.Errorf("%d endpoints: expected at most %d", len(u.Endpoints), maxEndpoints)
	}
	if u.Err != nil {
		o.fail(u)
		return
	}
	if o.err != nil {
		o.log.Info("discovery: the source works again", "failed_for", u.At.Sub(o.errSince).Round(time.Millisecond))
		o.err, o.errSince = nil, time.Time{}
	}
	news := o.lastOK.IsZero() || o.fromDisk || len(o.answer) > 0 || o.empty != u.Empty
	o.lastOK, o.fromDisk, o.empty, o.drops = u.At, false, "", u.Drops
	if len(u.Endpoints) == 0 {
		o.empty = u.Empty
	}
	next := o.known(u)
	o.gone = missing(o.gone, o.answer, next, u.At, o.held())
	if len(next) > 0 {
		o.gone = without(o.gone, u.Retired)
	}
	o.answer = next
	switch big := o.hold > 0 && storm(len(next), len(o.gone)+o.letGo); {
	case big && !o.held():
		o.heldSince, o.heldUntil = u.At, u.At.Add(o.hold)
		o.log.Warn("discovery: most endpoints are gone at once; they stay in use for the time of the hold, but for those that refuse connections",
			o.saying("announced", len(next), "missing", len(o.gone), "hold", o.hold)...)
	case !big && o.held():
		o.log.Info("discovery: what was gone at once has come back", "announced", len(next), "missing", len(o.gone))
		o.release()
	case len(next) == 0 && news && !o.held():
		o.log.Warn("discovery: the source works and tells no endpoints", o.saying()...)
	}
	o.publish()
}

// saying adds to what a line tells why the answer has nothing, if it does.
func (o *origin) saying(args ...any) []any {
	if o.empty != "" {
		args = append(args, "answer", o.empty)
	}
	return args
}

func (o *origin) fail(u Update) {
	if text := u.Err.Error(); len(text) > maxTrouble {
		u.Err = errors.New(strings.ToValidUTF8(text[:maxTrouble], "") + "...")
	}
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

// due obeys the answer if the hold is over, and reports whether it was.
func (o *origin) due(now time.Time) bool {
	if !o.held() || now.Before(o.heldUntil) {
		return false
	}
	o.log.Warn("discovery: the hold is over; what is not announced is let go", o.saying("announced", len(o.answer), "missing", len(o.gone))...)
	o.release()
	o.publish()
	return true
}

// setHold changes how long is held; a hold under way ends accordingly.
func (o *origin) setHold(d time.Duration, now time.Time) {
	o.hold = d
	if o.held() {
		o.heldUntil = o.heldSince.Add(d)
		o.due(now)
	}
}

// dropHeld lets those held endpoints go; false if none of them is held.
func (o *origin) dropHeld(addresses []string) bool {
	if !o.held() || len(addresses) == 0 {
		return false
	}
	before := len(o.gone)
	o.gone = slices.DeleteFunc(o.gone, func(g lost) bool { return slices.Contains(addresses, g.Address) })
	if before == len(o.gone) {
		return false
	}
	o.letGo += before - len(o.gone)
	o.publish()
	return true
}

func (o *origin) release() {
	o.gone, o.letGo, o.heldSince, o.heldUntil = nil, 0, time.Time{}, time.Time{}
}

// publish makes good of the answer and of what is held.
func (o *origin) publish() {
	set := o.answer
	if o.held() {
		set = slices.Clone(set)
		for _, g := range o.gone {
			g.Held = HeldLoss
			set = append(set, g.Known)
		}
	}
	if !sameSet(o.good, set) {
		// Of one source; whoever is told of the whole set logs that.
		o.log.Debug("discovery: the endpoints have changed", "before", len(o.good), "now", len(set))
		o.good = set
	}
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
		// Those of all together have to be a number, too.
		if !(e.Weight > 0 && e.Weight <= math.MaxFloat64/maxEndpoints) {
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

// stale is since when the source has not been known to work, zero if it does.
func (o *origin) stale() time.Time {
	switch {
	case o.fromDisk:
		return o.lastOK
	case o.err != nil && !o.lastOK.IsZero():
		return o.errSince
	}
	return time.Time{}
}

func (o *origin) state() SourceState {
	return SourceState{
		Name: o.name, LastOK: o.lastOK, Err: o.err, ErrSince: o.errSince, Stale: o.stale(), FromDisk: o.fromDisk,
		Raw: len(o.answer), Published: len(o.good), Empty: o.empty, Drops: o.drops, HeldSince: o.heldSince, HeldUntil: o.heldUntil,
	}
}

// sameSet tells whether two sets have the same endpoints from the same
// sources, in whatever order: registries list their members in any.
func sameSet(a, b []Known) bool {
	if len(a) != len(b) {
		return false
	}
	in := true
	for i := range a {
		in = in && a[i].equal(&b[i])
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
		if k == nil || !k.equal(&b[i]) {
			return false
		}
	}
	return true
}
