// Package kafka finds the brokers of a Kafka cluster: which node is where.
//
// Seeds, which other sources of discovery tell, are asked for Metadata by a
// function of the caller's; after the first answer the cluster's own word counts,
// and the seeds only serve to be asked again. Answers that pass on their way to
// clients teach it as well (Meet): a client may be told of a broker before any look
// finds it, and dials it at once. A Source gives out the brokers as endpoints, by
// the addresses that brokers have of themselves, and beside them Nodes, which say
// who is where. Whoever connects may know another way to an address (a dial map);
// that is not known here, and two brokers behind one gateway stay two.
//
// It carries no request of a client, knows nothing of topics, partitions and
// leaders, and nothing of the configuration file.
package kafka
