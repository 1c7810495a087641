package upstream

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sidecar/discovery"
)

// Subset says which of the endpoints that discovery gives out are used: those
// that have all of Labels. Its zero value is all of them.
type Subset struct {
	Labels map[string]string
	// Any: where none has them, all are used; else none is.
	Any bool
}

func (s *Subset) equal(o *Subset) bool { return s.Any == o.Any && maps.Equal(s.Labels, o.Labels) }

func (s *Subset) has(labels map[string]string) bool {
	for name, want := range s.Labels {
		if got, there := labels[name]; !there || got != want {
			return false
		}
	}
	return true
}

// of are those of all that are used, and how many have the labels.
func (s *Subset) of(all []discovery.Known) (used []discovery.Known, matching int) {
	if len(s.Labels) == 0 {
		return all, len(all)
	}
	for _, k := range all {
		if s.has(k.Labels) {
			used = append(used, k)
		}
	}
	if len(used) == 0 && s.Any {
		return all, 0
	}
	return used, len(used)
}

// String is the labels as the configuration has them.
func (s *Subset) String() string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		parts = append(parts, name+"="+s.Labels[name])
	}
	return strings.Join(parts, ", ")
}

// SubsetState is what a subset comes to, for people.
type SubsetState struct {
	Labels   map[string]string `json:"labels"`
	Fallback string            `json:"fallback"` // none, any
	Matching int               `json:"matching"` // endpoints that have the labels
	LeftOut  int               `json:"left_out"` // endpoints that are not used, as they have not
	Error    string            `json:"error,omitempty"`
}

// Subset is what the configured subset comes to; false if there is none.
func (c *Cluster) Subset() (SubsetState, bool) {
	s, now := c.stack.Load().settings.Subset, c.set.Load()
	state := SubsetState{Labels: s.Labels, Fallback: "none", Matching: now.matching, LeftOut: now.leftOut(), Error: now.unmatched}
	if s.Any {
		state.Fallback = "any"
	}
	return state, len(s.Labels) > 0
}

// unmatched says that no endpoint has the labels of s, and what follows; "" if
// one has, or there is none at all.
func (s *Subset) unmatched(all, matching int) string {
	if len(s.Labels) == 0 || matching > 0 || all == 0 {
		return ""
	}
	text := fmt.Sprintf("none of %d endpoints has the labels of the subset (%s)", all, s)
	if s.Any {
		return text + "; all are used, as subset_fallback is any"
	}
	return text + "; correct subset, or set subset_fallback to any"
}
