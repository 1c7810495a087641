package varz

// Kafka, as clients of a listener have it. Topics, programs and versions are
// bounded by who counts: what is beyond the bound is counted as "other".
var (
	KafkaRequests = &Desc{Name: "sidecar.kafka.requests",
		Prom: "sidecar_kafka_requests_total", Kind: KindCounter,
		Labels: []Label{LabelOperation, LabelListener, LabelVersion},
		Help:   "Requests of Kafka clients by API and its version."}
	KafkaLatency = &Desc{Name: "sidecar.kafka.answer_latency",
		Prom: "sidecar_kafka_answer_duration_seconds", Kind: KindHistogram,
		Labels: []Label{LabelOperation, LabelListener},
		Help:   "Time from a request that went to a broker to the head of its answer, by API; fetches and joins that wait for something to come included."}
	KafkaErrors = &Desc{Name: "sidecar.kafka.answer_errors",
		Prom: "sidecar_kafka_answer_errors_total", Kind: KindCounter,
		Labels: []Label{LabelOperation, LabelListener, LabelReason},
		Help:   "Errors in brokers' answers by API and Kafka's name of the error, each partition's counted."}
	KafkaPrograms = &Desc{Name: "sidecar.kafka.clients",
		Prom: "sidecar_kafka_client_connections_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelClient},
		Help:   "Connections by the program that a client says it is."}
	KafkaAcks = &Desc{Name: "sidecar.kafka.produce_acks",
		Prom: "sidecar_kafka_produce_acks_total", Kind: KindCounter,
		Labels: []Label{LabelOperation, LabelListener},
		Help:   "Requests to Produce by whose word they wait for: acks=0, acks=1 or acks=all."}
	KafkaHints = &Desc{Name: "sidecar.kafka.hints_rewritten",
		Prom: "sidecar_kafka_hints_rewritten_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Answers of Produce, Fetch and share groups whose hints at a leader's address were rewritten."}
	KafkaHintsStripped = &Desc{Name: "sidecar.kafka.hints_stripped",
		Prom: "sidecar_kafka_hints_stripped_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Answers of Produce, Fetch and share groups whose hints at a leader's address were taken out."}
	KafkaProduced = &Desc{Name: "sidecar.kafka.bytes_produced",
		Prom: "sidecar_kafka_topic_produced_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelTopic},
		Help:   "Bytes of requests to Produce by topic."}
	KafkaFetched = &Desc{Name: "sidecar.kafka.bytes_fetched",
		Prom: "sidecar_kafka_topic_fetched_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelTopic},
		Help:   "Bytes of records in answers to Fetch by topic."}
	KafkaTopicErrors = &Desc{Name: "sidecar.kafka.topic_errors",
		Prom: "sidecar_kafka_topic_errors_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason, LabelTopic},
		Help:   "Errors of partitions in answers by topic and Kafka's name of the error."}
	KafkaLag = &Desc{Name: "sidecar.kafka.lag",
		Prom: "sidecar_kafka_lag_records", Kind: KindGauge,
		Labels: []Label{LabelListener, LabelTopic},
		Help:   "Records behind what was fetched last of each partition, added up: where that was several batches, by the size of the first; of several consumers of a topic, the one that fetched last counts."}
)

// The brokers of Kafka clusters.
var (
	KafkaLooks = &Desc{Name: "sidecar.kafka.looks",
		Prom: "sidecar_kafka_looks_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "How often the brokers of a Kafka cluster were asked who is where."}
	KafkaLooksFailed = &Desc{Name: "sidecar.kafka.looks_failed",
		Prom: "sidecar_kafka_looks_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Looks in which no broker that was asked could say who is where."}
	KafkaNodeChanges = &Desc{Name: "sidecar.kafka.node_changes",
		Prom: "sidecar_kafka_node_changes_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "How often brokers have come, gone or moved to another address."}
	KafkaUnknownNode = &Desc{Name: "sidecar.kafka.unknown_node",
		Prom: "sidecar_kafka_unknown_node_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Connections of clients to the address of a node of which nobody knew where it is, whether it was then found or not."}
	KafkaNodes = &Desc{Name: "sidecar.kafka.nodes",
		Prom: "sidecar_kafka_nodes", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Brokers that are known."}
)
