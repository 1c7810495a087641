package kafka

// Versions that clients of a single broker are told of at most. Produce ends before
// answers tell of other brokers (KIP-951) and requests name topics by their ids.
const (
	singleProduce  = hintlessProduce
	singleMetadata = 12
	singleInit     = 4
	// Fetch is told of though it is refused: librdkafka writes the records of
	// Kafka 0.10 to a broker that has no Fetch of 4 and up, and fails.
	singleFetchLeast, singleFetch = 4, 11
)
