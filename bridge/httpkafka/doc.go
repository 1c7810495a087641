// Package httpkafka writes what comes by HTTP into Kafka: POST or PUT to
// /topics/{topic} and /topics/{topic}/partitions/{partition}. It stands as a layer
// between an HTTP route and an upstream of Kafka, and performs there what the
// layer has made of a request.
//
//	Content-Type                                 the body is
//	application/vnd.kafka.json.v2+json           {"records": [{"key", "value", "partition", "headers"}]}, of JSON
//	application/vnd.kafka.binary.v2+json         the same with keys and values in base64
//	application/x-ndjson                         a record a line, each of them JSON
//	any other                                    one record, as it is
//
// The first two are those of Confluent's REST proxy, version 2 of its API, whose
// answers and error numbers all forms get. Every form becomes records of bytes
// before it comes to the one producer behind them.
//
// The producer is franz-go's: it batches, compresses, asks where leaders are and
// sends again what it may. A record without key or partition goes to the partition
// that has the fewest outstanding (scales' rule), one with a key where Java's
// client would put it (murmur2).
//
// It reads no topics, knows no schemas and keeps nothing over a restart.
package httpkafka
