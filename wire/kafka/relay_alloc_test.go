//go:build !race

package kafka

import (
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"
)

func producedAnswer(version int16) string {
	r := kmsg.NewPtrProduceResponse()
	r.Version = version
	t := kmsg.NewProduceResponseTopic()
	t.Topic = "orders"
	t.Partitions = append(t.Partitions, kmsg.NewProduceResponseTopicPartition())
	r.Topics = append(r.Topics, t)
	return answered(r, 1)
}

func fetchAnswer(version int16, size int) string {
	r := kmsg.NewPtrFetchResponse()
	r.Version = version
	t := kmsg.NewFetchResponseTopic()
	t.Topic, t.TopicID = "orders", [16]byte{1}
	p := kmsg.NewFetchResponseTopicPartition()
	p.RecordBatches = []byte(filler(size))
	t.Partitions = append(t.Partitions, p)
	r.Topics = append(r.Topics, t)
	return answered(r, 1)
}

// No frame allocates, whichever way it goes.
func TestRelayAllocatesNothing(t *testing.T) {
	const small, front = "\x00\x06orders", "\xff\xff\x00\x01\x00\x00\x10\x00\x00\x00\x00\x01"
	for _, row := range []struct{ name, asks, tells string }{
		{"small", beat(1, "x"), tell(1, "y")},
		{"a burst", beat(1, "x") + beat(1, "x") + beat(1, "x"), tell(1, "y") + tell(1, "y") + tell(1, "y")},
		{"large requests", beat(1, filler(40_000)), tell(1, "")},
		{"spliced requests", beat(1, filler(400_000)), tell(1, "")},
		{"large answers", beat(1, ""), tell(1, filler(50_000))},
		{"spliced answers", beat(1, ""), tell(1, filler(500_000))},
		{"Produce", ask(KeyProduce, 8, 1, front+small), producedAnswer(8)},
		{"Fetch", ask(KeyFetch, 11, 1, ""), fetchAnswer(11, 1000)},
		{"large Fetch", ask(KeyFetch, 17, 1, ""), fetchAnswer(17, 900_000)},
		{"Fetch of fifty KiB", ask(KeyFetch, 17, 1, ""), fetchAnswer(17, 50_000)},
	} {
		t.Run(row.name, func(t *testing.T) {
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			over := make(chan struct{})
			asks, tells := []byte(row.asks), []byte(row.tells)
			go func() {
				defer close(over)
				c, err := ln.Accept()
				if err != nil {
					return
				}
				defer c.Close()
				b := make([]byte, len(asks))
				for {
					if _, err := io.ReadFull(c, b); err != nil {
						return
					}
					_, _ = c.Write(tells)
				}
			}()
			s := newStage(t, ln.Addr().String())
			c, err := net.Dial("tcp", s.addr)
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(tells))
			turn := func() {
				_, _ = c.Write(asks)
				if _, err := io.ReadFull(c, got); err != nil || string(got) != row.tells {
					t.Fatalf("%v", err)
				}
			}
			for range 20 {
				turn() // what is counted first, and pools that fill
			}
			if n := testing.AllocsPerRun(200, turn); n >= 1 {
				t.Errorf("%v allocations a turn", n)
			}
			c.Close()
			ln.Close()
			<-over
		})
	}
}
