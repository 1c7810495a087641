//go:build conformance

package kafkaclients_test

import (
	"testing"

	"sidecar/internal/brokers"
	"sidecar/internal/kafkaclients"
)

// All checks pass against real brokers without a sidecar: what fails through one
// is the sidecar's doing.
func TestConformanceOfTheKafkaClientsThemselves(t *testing.T) {
	k := kafkaclients.New(t)
	r := brokers.StartReal(t, brokers.RealParams{Nodes: 3})
	k.Each(t, r.Seeds()[0], "consumer", "share")
}
