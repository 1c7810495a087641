// Package kafka is both ends of Apache Kafka's protocol: the server that clients
// connect to, the connections to brokers, and what passes between the two.
//
// The unit is a connection (sidecar.Session): one client's has one broker's to
// itself, requests and answers pass as they come, and are decoded only where they
// say where brokers are: Metadata, FindCoordinator, DescribeCluster and the hints
// of Produce, Fetch, ShareFetch and ShareAcknowledge are rewritten so that clients
// find every broker at an address of the sidecar's. Nothing is retried but the
// dial: repeating, ordering and grouping are the client's business.
//
// It keeps no records, decodes no batches, and knows no topology but the addresses
// of nodes. The layouts are those of Apache Kafka's protocol guide and the KIPs
// named where they matter; github.com/twmb/franz-go/pkg/kmsg is the codec where
// messages have to be decoded whole.
package kafka
