//go:build conformance

package redisclients_test

import (
	"testing"

	"sidecar/internal/redisclients"
)

// All checks pass against a real server without a sidecar: what fails through
// one is the sidecar's doing.
func TestConformanceOfTheClientsThemselves(t *testing.T) {
	k := redisclients.New(t)
	server, cluster := redisclients.Server(t), redisclients.Alone(t)
	redisclients.Tools(t, server)
	k.Each(t, server, func(_ redisclients.Client, w redisclients.Way) bool { return !w.Cluster })
	k.Each(t, cluster, func(_ redisclients.Client, w redisclients.Way) bool { return w.Cluster })
}

// The suite passes against a real server without a sidecar, too.
func TestConformanceOfTheSuiteItself(t *testing.T) {
	redisclients.NewSuite(t).Each(t, func(_ *testing.T, direct string) string { return direct })
}
