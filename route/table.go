// Package route decides which upstream an exchange goes to, by what its message
// says of itself. A Table is a Service: it sets Dest and hands on. It changes
// nothing in the message and knows no protocol: how a message names its host or
// path is the protocol's, resolved to selectors when routes are compiled.
package route

import (
	"context"
	"sync/atomic"

	"sidecar"
)

// Table sends each exchange to the upstream of the first rule that matches. It
// may be used by many goroutines while its routes are swapped.
type Table struct {
	routes atomic.Pointer[Routes]
}

// New makes a table that starts with r.
func New(r *Routes) *Table {
	t := &Table{}
	t.Swap(r)
	return t
}

// Swap puts r in the place of all routes before. Exchanges under way stay with
// the upstream that they were given; the next one is routed by r.
func (t *Table) Swap(r *Routes) { t.routes.Store(r) }

// Routes are those in force.
func (t *Table) Routes() *Routes { return t.routes.Load() }

// Do runs once an exchange: it allocates nothing, takes no lock, and reads the
// routes anew, so that a kept connection follows a swap.
func (t *Table) Do(ctx context.Context, x *sidecar.Exchange) error {
	to := t.routes.Load().find(x.Msg)
	if to == nil {
		return &sidecar.Fault{
			Stage: sidecar.StageRoute, Flags: sidecar.Rejected | sidecar.Unsent, Reason: sidecar.NoRoute,
		}
	}
	x.Dest = to.upstream
	return to.service.Do(ctx, x)
}
