package upstream

import (
	"context"
	"sync"

	"sidecar"
	"sidecar/discovery"
	"sidecar/upstream/limit"
	"sidecar/varz"
)

// maxCategories is how many categories of drops are counted apart, for as long
// as the cluster lives: they are named by a control plane, and each makes series
// of its own. Further ones are counted together, as "other".
const maxCategories = 32

// drops counts what is refused because discovery wants a share of the requests
// refused. It outlives settings.
type drops struct {
	params *Params

	mu sync.Mutex // taken for a request only once that is to be refused
	of map[string]*dropped
}

// dropped is one category.
type dropped struct {
	refused, dark *varz.Counter
	err           error // made once: what is refused in numbers must cost nothing
}

// category is what is known of one, for the first time too.
func (d *drops) category(name string) *dropped {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.of) >= maxCategories && d.of[name] == nil {
		name = "other"
	}
	one := d.of[name]
	if one == nil {
		r, s := d.params.Registry, varz.Source{Service: d.params.Name, Reason: name}
		one = &dropped{
			refused: r.Counter(varz.DropsRefused, s), dark: r.Counter(varz.DropsDark, s),
			err: limit.Full("discovery wants a share of the requests dropped: " + name),
		}
		d.of[name] = one
	}
	return one
}

// drop is the layer that refuses the share of the requests that discovery wants
// refused. Each category is drawn by itself, of what those before it have left.
// Hot.
func (s *stack) drop(next sidecar.Service) sidecar.Service {
	mode, c := s.settings.DropOverload, s.cluster
	if mode == limit.Off {
		return next
	}
	return sidecar.ServiceFunc(func(ctx context.Context, x *sidecar.Exchange) error {
		for _, d := range c.keeper.Snapshot().Drops {
			if c.params.Random() >= d.Share {
				continue
			}
			of := c.guards.drops.category(d.Category)
			if mode == limit.On {
				of.refused.Add(uint64(x.N))
				return of.err
			}
			of.dark.Add(uint64(x.N))
			break
		}
		return next.Do(ctx, x)
	})
}

// DropState is one category of what discovery wants refused, for people.
type DropState struct {
	discovery.Drop
	Mode    string `json:"mode"` // off, dark, on
	Refused uint64 `json:"refused"`
	Dark    uint64 `json:"would_have_refused"`
}

// Drops are the shares of the requests that discovery wants refused now.
func (c *Cluster) Drops() []DropState {
	var all []DropState
	for _, d := range c.keeper.Snapshot().Drops {
		of := c.guards.drops.category(d.Category)
		all = append(all, DropState{d, c.stack.Load().settings.DropOverload.String(), of.refused.Value(), of.dark.Value()})
	}
	return all
}
