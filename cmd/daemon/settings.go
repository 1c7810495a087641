package daemon

import (
	"fmt"
	"time"

	"sidecar"
	"sidecar/balance"
	"sidecar/config"
	"sidecar/upstream"
	"sidecar/upstream/breaker"
	"sidecar/upstream/limit"
	"sidecar/upstream/pool"
	"sidecar/upstream/retry"
	"sidecar/wire/http1"
)

// parkAfter is how long a connection is idle before it is parked: long enough
// that a client in a steady exchange of requests is not.
const parkAfter = time.Second

// parkedTimeout is what is left of l's idle timeout when a connection is
// parked.
func parkedTimeout(l config.Listener) time.Duration { return max(0, l.IdleTimeout-parkAfter) }

// settings are u's settings as a cluster takes them, with what runs beside it.
func (d *daemon) settings(u config.Upstream) (upstream.Settings, error) {
	s := upstreamSettings(u)
	peers, err := d.clubs.get(u.Balance.Peers)
	if err != nil {
		return s, fmt.Errorf("%s.balance.peers: %w", u.Key, err)
	}
	s.Balance.Peers = peers
	return s, nil
}

// upstreamSettings are u's settings as a cluster takes them.
func upstreamSettings(u config.Upstream) upstream.Settings {
	b := u.Breaker
	s := upstream.Settings{
		Hold: u.Hold, Subset: subsetOf(u.Sources), DropOverload: mode(u.DropOverload),
		Timeout: u.Timeout, StallTimeout: u.StallTimeout, AttemptTimeout: u.AttemptTimeout,
		ClientDeadline: mode(u.ClientDeadline),
		Balance:        balanceSettings(u),
		Pool: pool.Settings{
			LowWatermark: u.Pool.LowWatermark, HighWatermark: u.Pool.HighWatermark, Connections: u.Mux.Connections + u.Redis.Connections, // one of them is 0
			MaxWaiters:  u.Pool.MaxWaiters,
			IdleTimeout: u.Pool.IdleTimeout, ConnectTimeout: u.ConnectTimeout,
		},
		Breaker: breaker.Settings{
			ConsecutiveFailures: b.ConsecutiveFailures, SuccessRate: b.SuccessRate, Window: b.Window,
			MinRequests: b.MinRequests, Deviation: b.Deviation, MinBackoff: b.MinBackoff, MaxBackoff: b.MaxBackoff,
		},
		MaxEjected: b.MaxEjected, Ramp: b.Ramp,
		MaxInFlight: u.MaxInFlight, Circuit: circuitSettings(u.Circuit), Fallback: fallbackSettings(u.Fallback),
		Retry: upstream.Retry{
			Rules: retryRules(u.Retry.MaxRetries, u.Retry.On), Budget: u.Retry.Budget, MinPerSecond: u.Retry.MinPerSecond,
			Backoff: retry.Backoff{Base: u.Retry.Backoff, Max: u.Retry.MaxBackoff},
		},
	}
	s.Hedge = upstream.Hedge{
		Mode: mode(u.Hedge.Mode), Percentile: u.Hedge.Percentile, MinDelay: u.Hedge.MinDelay, MaxExtra: u.Hedge.MaxExtra,
	}
	for _, o := range u.Operations {
		rules := retryRules(o.MaxRetries, o.On)
		s.Operations = append(s.Operations, upstream.Operation{
			Name: o.Name, Timeout: &o.Timeout, AttemptTimeout: &o.AttemptTimeout, Retry: &rules, Idempotent: o.Idempotent,
			MaxInFlight: o.MaxInFlight, NoHedge: !o.Hedge,
		})
	}
	return s
}

// subsetOf is the subset of the endpoints that is used.
func subsetOf(s config.Sources) upstream.Subset {
	out := upstream.Subset{Any: s.SubsetAny}
	for _, l := range s.Subset {
		if out.Labels == nil {
			out.Labels = map[string]string{}
		}
		out.Labels[l.Name] = l.Value
	}
	return out
}

// mode is one as configured.
func mode(name string) limit.Mode {
	m, known := limit.ParseMode(name)
	if !known {
		panic("daemon: config lets a mode pass that limit does not know: " + name)
	}
	return m
}

func retryRules(most int, on []string) retry.Rules {
	kinds, err := retry.ParseKinds(on)
	if err != nil {
		panic("daemon: config lets a retry kind pass that retry does not know: " + err.Error())
	}
	return retry.Rules{MaxRetries: most, On: kinds}
}

// balanceSettings say how an endpoint of u is picked.
func balanceSettings(u config.Upstream) upstream.Balance {
	b := u.Balance
	return upstream.Balance{
		Policy: b.Policy, Load: b.Load, Decay: b.Decay, SlowStart: b.SlowStart, Hash: hashKey(u), BoundedLoad: b.BoundedLoad,
		Zone: b.Zone, Panic: b.Panic,
		Aperture: balance.ApertureParams{
			MinSize: b.MinSize, MaxSize: b.MaxSize, LowLoad: b.LowLoad, HighLoad: b.HighLoad,
			Smoothing: b.Smoothing, JitterMin: b.JitterMin, JitterMax: b.JitterMax,
		},
	}
}

// hashKey is the part of the request that u's policy goes by; validate has seen
// that there is such a part.
func hashKey(u config.Upstream) sidecar.Selector {
	key, _ := selectors(u.Protocol)(u.Balance.Hash)
	return key
}

// httpSettings are l's settings as its HTTP server takes them.
func httpSettings(l config.Listener) http1.Settings {
	return http1.Settings{
		MaxHeader: int(l.MaxHeaderBytes), HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, ParkAfter: parkAfter,
		TrustForwarded: l.TrustForwarded, ExposeBackends: l.ExposeBackends, CancelOnFIN: l.HalfClose == config.HalfCloseCancel,
	}
}
