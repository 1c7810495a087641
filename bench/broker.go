package main

import (
	"errors"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"
)

// streamTopic is what records go to and come from.
const streamTopic = "bench"

// runBroker is a broker of Kafka that keeps nothing: it takes what is produced, and
// has always the same batch to consume.
func runBroker(args []string) error {
	if len(args) != 1 {
		return errors.New("usage: bench broker ADDRESS")
	}
	_, port, err := net.SplitHostPort(args[0])
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return err
	}
	c, err := newBroker(n)
	if err != nil {
		return err
	}
	defer c.Close()
	select {}
}

func newBroker(port int) (*kfake.Cluster, error) {
	return kfake.NewCluster(
		kfake.Ports(port), kfake.SeedTopics(kafkaPartitions, streamTopic), kfake.BlackholeProduce(),
		kfake.SyntheticFetch(kfake.SyntheticBatch{Records: batchRecords, RecordBytes: kafkaRecord}),
	)
}

// batchRecords is how many records the batch holds that there is to consume, again
// and again.
const batchRecords = 16
