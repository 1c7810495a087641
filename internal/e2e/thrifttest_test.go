//go:build conformance

package e2e

import (
	"fmt"
	"testing"

	"sidecar/internal/thrifttest"
)

// Apache Thrift's own test passes through the sidecar for every pair of
// encodings, whatever the two sides are written in.
func TestThriftTestConformance(t *testing.T) {
	kit := thrifttest.New(t)
	program := built(t)
	encodings := []struct {
		speech  thrifttest.Speech
		backend string // thrift = {...} of the upstream
	}{
		{thrifttest.Speech{Protocol: "binary", Transport: "framed"}, `transport = "framed", protocol = "binary"`},
		{thrifttest.Speech{Protocol: "compact", Transport: "framed"}, `transport = "framed", protocol = "compact"`},
		{thrifttest.Speech{Protocol: "binary", Transport: "buffered"}, `transport = "unframed", protocol = "binary"`},
		{thrifttest.Speech{Protocol: "compact", Transport: "buffered"}, `transport = "unframed", protocol = "compact"`},
		{thrifttest.Speech{Protocol: "header", Transport: "buffered"}, `transport = "header", protocol = "binary"`},
	}
	languages := []string{"python", "java", "node"}
	for _, server := range encodings {
		backend := kit.Server(t, "python", server.speech)
		p := start(t, program, conf{protocol: "thrift", discover: backend, upstream: "protocol = \"thrift\"\nthrift = { " + server.backend + " }"})
		for _, client := range encodings {
			for _, language := range languages {
				if client.speech.Protocol == "header" && language != "python" {
					continue // theirs have none
				}
				t.Run(fmt.Sprintf("%s %v to %v", language, client.speech, server.speech), func(t *testing.T) {
					if err := kit.Client(language, client.speech, p.port); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}
