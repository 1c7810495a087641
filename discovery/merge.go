package discovery

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// merge is the snapshot of what all origins last said, and whether it is the
// first answer or has other endpoints than old. If not, the list and its age
// stay those of old.
func (k *Keeper) merge(old *Snapshot, now time.Time) (*Snapshot, bool) {
	s := &Snapshot{Source: old.Source, Endpoints: old.Endpoints, Since: old.Since, Drops: k.drops()}
	for _, o := range k.origins {
		if o.lastOK.After(s.LastOK) {
			s.LastOK = o.lastOK
		}
	}
	set := k.chosen()
	changed := s.Answered() && (!old.Answered() || !sameSet(old.Endpoints, set))
	if changed {
		s.Endpoints, s.Since = set, now
	}
	k.trouble(s)
	return s, changed
}

// trouble sets what is wrong and what is held.
func (k *Keeper) trouble(s *Snapshot) {
	var errs []error
	var held []string
	for _, o := range k.origins {
		s.Sources = append(s.Sources, o.state())
		if o.err != nil {
			errs = append(errs, k.tell(o, o.err))
			s.ErrSince = earlier(s.ErrSince, o.errSince)
		}
		if o.held() {
			held = append(held, k.heldText(o))
			s.HeldSince = earlier(s.HeldSince, o.heldSince)
		}
	}
	s.Err = errors.Join(errs...)
	if len(errs) == 1 {
		s.Err = errs[0]
	}
	s.Held = strings.Join(held, "; ")
}

// heldText says what is held of o and until when.
func (k *Keeper) heldText(o *origin) string {
	text := fmt.Sprintf("%d of %d endpoints were gone at once", len(o.gone)+o.letGo, len(o.answer)+len(o.gone)+o.letGo)
	if o.empty != "" {
		text += " (" + o.empty + ")"
	}
	text += fmt.Sprintf("; %d stay in use until %s", len(o.gone), o.heldUntil.UTC().Format(time.RFC3339))
	if len(k.origins) > 1 {
		text = o.name + ": " + text
	}
	return text
}

// tell says which source an error is of, if there are several.
func (k *Keeper) tell(o *origin, err error) error {
	if len(k.origins) == 1 {
		return err
	}
	return fmt.Errorf("%s: %w", o.name, err)
}

// chosen is what is given out of all origins: their union, of an address in two
// the first one's; or, where they stand in order of preference, the set of the
// first that has one.
func (k *Keeper) chosen() []Known {
	if len(k.origins) == 1 {
		return k.origins[0].good
	}
	seen := map[string]struct{}{}
	var set []Known
	for _, o := range k.origins {
		if k.p.Prefer && len(o.good) > 0 {
			return o.good
		}
		for _, e := range o.good {
			if _, twice := seen[e.Address]; !twice {
				seen[e.Address] = struct{}{}
				set = append(set, e)
			}
		}
	}
	return set
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
