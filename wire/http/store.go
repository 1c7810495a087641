package http

import (
	"slices"
	"sync/atomic"

	"github.com/maypok86/otter/v2"
)

// store keeps entries within a bound of bytes, by target. Which of them make
// room is the library's to say, by how recently and how often they were asked
// for. Safe for concurrent use; a reading takes no lock and allocates nothing.
type store struct {
	kept *otter.Cache[uint64, *resource]
	// dropped counts for each of a few shares of the keys how often a target was
	// dropped. A reply that was asked for before that must not be stored after
	// it: it may tell of the time before the change.
	dropped [256]atomic.Uint32
}

// resource is what is stored of one target. It never changes; another takes its
// place.
type resource struct {
	host, path string
	entries    []*entry // the latest first
	size       uint32
}

func newStore(bytes int64) *store {
	return &store{kept: otter.Must(&otter.Options[uint64, *resource]{
		MaximumWeight: uint64(max(bytes, 1)),
		Weigher:       func(_ uint64, r *resource) uint32 { return r.size },
		// Its upkeep is done by who stores, so that there is no goroutine of it
		// and the bound holds when that is done.
		Executor: func(work func()) { work() },
	})}
}

// get is what is stored of the request's target, nil if nothing is.
func (s *store) get(a *asking) *resource {
	r, ok := s.kept.GetIfPresent(a.key)
	if !ok || r.host != string(a.host) || r.path != string(a.path) {
		return nil // or of another with the same key
	}
	return r
}

// find is the entry that answers the request, nil if there is none.
func (r *resource) find(a *asking, dest string) *entry {
	if r == nil {
		return nil
	}
	for _, e := range r.entries {
		if e.dest == dest && e.vary.matches(a.cached) {
			return e
		}
	}
	return nil
}

// version is to be taken before a reply is asked for, and given to put.
func (s *store) version(a *asking) uint32 { return s.dropped[a.key%256].Load() }

// put stores e in the place of what answered the same requests. It reports
// whether it did.
func (s *store) put(a *asking, e *entry, version uint32) bool {
	done := false
	s.kept.Compute(a.key, func(old *resource, found bool) (*resource, otter.ComputeOp) {
		if s.version(a) != version {
			return nil, otter.CancelOp
		}
		r := &resource{host: string(a.host), path: string(a.path), entries: []*entry{e}}
		if found && old.host == r.host && old.path == r.path {
			for _, o := range old.entries {
				if len(r.entries) < maxVariants && (o.dest != e.dest || !o.vary.matches(a.cached)) {
					r.entries = append(r.entries, o)
				}
			}
		}
		size := len(r.host) + len(r.path)
		for _, o := range r.entries {
			size += o.size()
		}
		r.size = uint32(min(size, 1<<31))
		done = true
		return r, otter.WriteOp
	})
	s.kept.CleanUp()
	return done
}

// remove takes e out, if it is still there.
func (s *store) remove(a *asking, e *entry) {
	s.kept.Compute(a.key, func(old *resource, found bool) (*resource, otter.ComputeOp) {
		if !found || !slices.Contains(old.entries, e) {
			return nil, otter.CancelOp
		}
		return nil, otter.InvalidateOp
	})
}

// drop takes everything of a target out, and lets nothing be stored of it that
// was asked for before. It reports whether there was anything.
func (s *store) drop(a *asking) bool {
	s.dropped[a.key%256].Add(1)
	_, was := s.kept.Invalidate(a.key)
	return was
}
