//go:build conformance

package thrifttest_test

import (
	"testing"

	"sidecar/internal/thrifttest"
)

// A run of clients and servers against each other shows which pairs work by
// themselves.
func TestConformanceOfThePeersThemselves(t *testing.T) {
	k := thrifttest.New(t)
	for _, c := range []struct {
		client, server string
		speech         thrifttest.Speech
	}{
		{"python", "python", thrifttest.Speech{Protocol: "binary", Transport: "framed"}},
		{"python", "python", thrifttest.Speech{Protocol: "compact", Transport: "buffered"}},
		{"python", "python", thrifttest.Speech{Protocol: "header", Transport: "buffered"}},
		{"java", "python", thrifttest.Speech{Protocol: "compact", Transport: "framed"}},
		{"java", "node", thrifttest.Speech{Protocol: "binary", Transport: "buffered"}},
		{"node", "node", thrifttest.Speech{Protocol: "compact", Transport: "framed"}},
	} {
		t.Run(c.client+" to "+c.server+" "+c.speech.String(), func(t *testing.T) {
			if err := k.Client(c.client, c.speech, k.Server(t, c.server, c.speech)); err != nil {
				t.Error(err)
			}
		})
	}
}
