package main

import (
	"testing"
	"time"
)

// A load that moved nothing, or not what was asked for, would be a figure of
// something else.
func TestStreamsMoveRecordsBothWays(t *testing.T) {
	c, err := newBroker(0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	at := aim{address: c.ListenAddrs()[0]}
	if err := askKafka(t.Context(), workload{}, at); err != nil {
		t.Fatal(err)
	}
	for _, w := range kafka().workloads {
		var l load
		for length := 100 * time.Millisecond; l.requests == 0; length *= 2 { // how much a busy machine moves nobody knows
			s := streamer{streamErrand: streamErrand{
				Address: at.address, Way: w.path, Clients: 2, Record: w.body, Batch: w.depth, Acks: w.acks, Length: length,
			}}
			text, err := s.run()
			if err != nil {
				t.Fatalf("%s: %v", w.name, err)
			}
			l, _ = parseCaller([]byte(text)) // "nothing was answered" is what is waited out
		}
		if (l.p50 > 0) != (w.path == streamProduce) {
			t.Errorf("%s: %+v", w.name, l)
		}
	}
}
