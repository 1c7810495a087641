package main

import "fmt"

// Of Kafka workloads: what Java's producer-perf and consumer-perf do, with several
// clients, since one client's connection to a broker is one connection behind the
// proxy too.
const (
	kafkaClients    = 4
	kafkaPartitions = 12
	kafkaRecord     = kib
)

// kafka is one broker. HAProxy knows no addresses of brokers, and would lose its
// clients to those they are told of: so the generator dials the proxy under test
// for every broker, whatever it is told. What answers say is rewritten all the same.
func kafka() suite {
	return suite{
		name: "Kafka", backends: kafkaBackends(), subject: kafkaSidecar(), conns: 4096,
		peers: []server{kafkaProxy(), haproxyTCP(), byteCopy()},
		workloads: []workload{
			streams(streamProduce, "acks 1", 1, 16*kib),
			streams(streamProduce, "acks all", -1, 16*kib),
			streams(streamConsume, "", 0, mib),
			more(streams(streamProduce, "acks 1", 1, kib)),
			more(streams(streamConsume, "", 0, 16*kib)),
		},
	}
}

// streams is records of 1 KiB that go one way as fast as they can. depth is how many
// bytes of them go in one batch, of a partition: 16 KiB is a producer's default, and
// what a consumer's answer holds grows with how far behind it is.
func streams(way, acks string, level, batch int) workload {
	if acks != "" {
		acks = ", " + acks
	}
	return workload{
		name:  fmt.Sprintf("%s, records of %s, %s of one partition at a time%s", plural(kafkaClients, way+"r"), size(kafkaRecord), size(batch), acks),
		conns: kafkaClients, path: way, body: kafkaRecord, depth: batch, acks: level,
		load: stream, ask: askKafka, unit: "MiB",
		goals: []goal{{"kafka-proxy", cpuTime, 0.7}, {"haproxy", cpuTime, 1.3}},
	}
}
