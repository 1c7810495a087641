package main

import (
	"runtime"
	"sync"
	"sync/atomic"

	"sidecar/internal/sim"
)

// lab is where experiments run.
type lab struct {
	// short runs small sizes and times only, for tests.
	short  bool
	tables []*table
	plots  []drawing
}

// experiment is a question that is answered by a table or more.
type experiment struct {
	name string
	run  func(*lab)
}

// experiments stand in the order of the document.
func experiments() []experiment {
	return []experiment{
		{"spread", spread},
		{"churn", churn},
		{"trouble", trouble},
		{"aperture", aperture},
		{"breaker", breakers},
		{"retries", retries},
		{"scale", scale},
	}
}

// run runs scenarios, as many at once as there are threads, and returns their
// results in order. What one finds does not depend on the others.
func (l *lab) run(all []sim.Scenario) []sim.Result {
	results := make([]sim.Result, len(all))
	var next atomic.Int64
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				results[i] = sim.Run(all[i])
			}
		})
	}
	workers.Wait()
	return results
}

func (l *lab) table(name string, labels int, head ...string) *table {
	t := &table{name: name, labels: labels, head: head}
	l.tables = append(l.tables, t)
	return t
}

// pick is the long form of something, or the short one.
func pick[T any](l *lab, long, short T) T {
	if l.short {
		return short
	}
	return long
}
