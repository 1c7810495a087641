package main

import (
	"time"

	"sidecar/balance"
	"sidecar/internal/sim"
	"sidecar/upstream/breaker"
)

// What scenarios have in common, unless a table says otherwise.
const (
	seed = 4
	// sigma makes the p99 of a backend's own time 2.8 times its mean.
	sigma = 0.5
)

// The names of the policies, as they stand in the tables.
const (
	random     = "random aperture"
	determined = "deterministic aperture"
)

// apertureDefaults are those of config.toml.
func apertureDefaults() balance.ApertureParams {
	return balance.ApertureParams{
		LowLoad: 0.5, HighLoad: 2, Smoothing: 5 * time.Second,
		JitterMin: 120 * time.Second, JitterMax: 240 * time.Second,
	}
}

// breakerDefaults are those of config.toml.
func breakerDefaults() breaker.Settings {
	return breaker.Settings{
		ConsecutiveFailures: 5, SuccessRate: 0.5, Window: 10 * time.Second, MinRequests: 20,
		MinBackoff: 5 * time.Second, MaxBackoff: time.Minute,
	}
}

// protected is s with the breaker and the retries of config.toml.
func protected(s sim.Scenario) sim.Scenario {
	b := breakerDefaults()
	s.Breaker, s.MaxEjected = &b, 0.5
	s.Retries, s.Budget, s.PerSecond = 2, 0.2, 10
	return s
}

// policies are all that are compared.
func policies() []sim.Policy {
	return []sim.Policy{
		sim.RoundRobin(), sim.P2C(), sim.LeastLoaded(),
		sim.RandomAperture(random, apertureDefaults()),
		sim.Deterministic(determined, 0),
	}
}

// service answers in that time, on average.
func service(mean time.Duration) sim.Service { return sim.Service{Mean: mean, Sigma: sigma} }

func seconds(x float64) time.Duration { return time.Duration(x * float64(time.Second)) }
