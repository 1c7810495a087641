package upstream

import (
	"errors"
	"fmt"
	"time"

	"sidecar"
	"sidecar/balance"
	"sidecar/upstream/breaker"
	"sidecar/upstream/limit"
	"sidecar/upstream/pool"
	"sidecar/upstream/retry"
)

// Settings are all that may be changed while a cluster runs. Checked and
// complete when they come here: package config knows the defaults.
type Settings struct {
	// Timeout is the time from the request's last byte to its committed reply,
	// StallTimeout how long a body may stand still, AttemptTimeout the time of
	// one try. 0 is none.
	Timeout, StallTimeout, AttemptTimeout time.Duration
	// ClientDeadline says whether a time that the client gives shortens Timeout.
	ClientDeadline limit.Mode
	// Hold is how long endpoints stay in use that discovery lost most of at
	// once; 0 is not at all.
	Hold time.Duration
	// Subset says which of the endpoints that discovery gives out are used.
	Subset Subset
	// DropOverload says whether the share of the requests is refused that
	// discovery wants refused.
	DropOverload limit.Mode
	Balance      Balance
	Pool         pool.Settings
	Breaker      breaker.Settings
	// MaxEjected is the share of the endpoints that may be ejected at once.
	MaxEjected float64
	// Ramp is the time in which an endpoint that comes back grows into its
	// weight; 0 is none.
	Ramp time.Duration
	// MaxInFlight is how many requests may be under way; 0 is no bound.
	MaxInFlight int
	Circuit     limit.CircuitSettings
	Fallback    Fallback
	Retry       Retry
	Hedge       Hedge
	Operations  []Operation
}

// Fallback is what answers in the upstream's place, and for which failures. Its
// zero value is none; else one of Static and Upstream is set.
type Fallback struct {
	On       limit.Reasons
	Static   *limit.Answer
	Upstream string
}

// Balance says who picks.
type Balance struct {
	Policy   string // aperture, "" too; least_loaded; p2c; ring_hash; maglev
	Aperture balance.ApertureParams
	// Peers tell the place of this process among its peers, by which an
	// aperture is then laid; nil is none. It is not the cluster's to run.
	Peers *Peers
	// Load is what endpoints are compared by: pending, "" too, or peak_ewma.
	Load string
	// Decay is the time in which a peak_ewma forgets all but 1/e of the past.
	Decay time.Duration
	// SlowStart is the time in which an endpoint that is new grows into its
	// weight; 0 is at once.
	SlowStart time.Duration
	// Hash is the part of the request that ring_hash and maglev go by.
	Hash sidecar.Selector
	// BoundedLoad is how many times the average load an endpoint may have
	// before keys of its own go to the next; 0 is any load.
	BoundedLoad float64
	// Zone is that of this process, whose endpoints are taken before others of
	// their priority; "" is no difference.
	Zone string
	// Panic is the share of a level of endpoints that must be well for their
	// health to count; 0 is never to ignore it.
	Panic float64
}

// The loads of a Balance.
const (
	loadPending  = "pending"
	loadPeakEwma = "peak_ewma"
)

// decay is that of the costs, 0 where they do not count.
func (b *Balance) decay() time.Duration {
	if b.Load != loadPeakEwma {
		return 0
	}
	return b.Decay
}

func (b *Balance) check() error {
	switch b.Policy {
	case "", policyAperture, policyLeastLoaded, policyP2C:
	case policyRingHash, policyMaglev:
		if b.Hash == (sidecar.Selector{}) {
			return fmt.Errorf("upstream: balance policy %s needs a hash", b.Policy)
		}
	default:
		return fmt.Errorf("upstream: balance policy %q is none of aperture, least_loaded, p2c, ring_hash, maglev", b.Policy)
	}
	switch {
	case b.Load == "" || b.Load == loadPending:
	case b.Load != loadPeakEwma:
		return fmt.Errorf("upstream: load %q is none of pending, peak_ewma", b.Load)
	case b.Policy != "" && b.Policy != policyAperture && b.Policy != policyP2C:
		return fmt.Errorf("upstream: %s counts requests only: load must be pending", b.Policy)
	case b.Decay <= 0:
		return errors.New("upstream: peak_ewma needs a decay")
	}
	return nil
}

// Retry says what is tried again.
type Retry struct {
	retry.Rules
	Backoff      retry.Backoff
	Budget       float64 // share of the requests of the last 10 s
	MinPerSecond int     // retries a second beside that
}

// Operation is what is configured for the requests whose text begins with
// Name, up to its end, a "/" or a "?".
type Operation struct {
	Name           string
	Timeout        *time.Duration // nil is the upstream's, like the next
	AttemptTimeout *time.Duration
	Retry          *retry.Rules // nil is the upstream's
	Idempotent     *bool        // nil is what the protocol says
	MaxInFlight    int          // beside the upstream's; 0 is no bound
	NoHedge        bool         // it is never sent a second time
}

// The policies of a Balance.
const (
	policyAperture    = "aperture"
	policyLeastLoaded = "least_loaded"
	policyP2C         = "p2c"
	policyRingHash    = "ring_hash"
	policyMaglev      = "maglev"
)

// pool is the pool's settings: dials that nobody waits for keep to one backoff,
// be they of endpoints that are out or ahead of need.
func (s *Settings) pool() pool.Settings {
	p := s.Pool
	p.MinPause, p.MaxPause = s.Breaker.MinBackoff, s.Breaker.MaxBackoff
	return p
}

func (s *Settings) check() error { return s.Balance.check() }
