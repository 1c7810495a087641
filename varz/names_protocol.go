package varz

// Protocols, backend side.
var (
	HTTPBytesSent = &Desc{Name: "scales.http.HttpTransportSink.bytes_sent",
		Prom: "sidecar_http_sent_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Bytes written to the endpoint over HTTP, counted when a try ends."}
	HTTPBytesRecv = &Desc{Name: "scales.http.HttpTransportSink.bytes_recv",
		Prom: "sidecar_http_received_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Bytes read from the endpoint over HTTP, counted when a try ends."}
)

// Sockets and messages of the protocols that are no HTTP.
var (
	SocketBytesSent = &Desc{Name: "scales.socket.bytes_sent",
		Prom: "sidecar_socket_sent_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Bytes written to the endpoint over Thrift or Mux, counted when a try ends."}
	SocketBytesRecv = &Desc{Name: "scales.socket.bytes_recv",
		Prom: "sidecar_socket_received_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Bytes read from the endpoint over Thrift or Mux, counted when a try ends."}
	ThriftMessagesSent = &Desc{Name: "scales.thrift.SocketTransportSink.messages_sent",
		Prom: "sidecar_thrift_sent_messages_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Calls written whole to the endpoint over Thrift."}
	ThriftMessagesRecv = &Desc{Name: "scales.thrift.SocketTransportSink.messages_recv",
		Prom: "sidecar_thrift_received_messages_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Replies of the endpoint over Thrift, exceptions included."}
)

// Redis, backend side.
var (
	RedisMessagesSent = &Desc{Name: "scales.redis.RedisTransportSink.messages_sent",
		Prom: "sidecar_redis_sent_commands_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Commands sent to the Redis server, parts of split ones counted each."}
	RedisMessagesRecv = &Desc{Name: "scales.redis.RedisTransportSink.messages_recv",
		Prom: "sidecar_redis_received_replies_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Replies of the Redis server, errors included."}
	RedisRepliesLarge = &Desc{Name: "sidecar.redis.replies_too_large",
		Prom: "sidecar_redis_replies_too_large_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Calls whose replies were larger than max_reply or than the memory left for replies."}
	RedisConnsUnclean = &Desc{Name: "sidecar.redis.connections_unclean",
		Prom: "sidecar_redis_connections_unclean_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Connections closed because what a session left on them could not be undone."}
	RedisShared = &Desc{Name: "sidecar.redis.shared_connections",
		Prom: "sidecar_redis_shared_connections", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Connections to Redis servers that carry commands of many clients."}
	RedisCalls = &Desc{Name: "sidecar.redis.calls",
		Prom: "sidecar_redis_calls", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Bursts of commands in flight on shared connections."}
	RedisAbandoned = &Desc{Name: "sidecar.redis.calls_abandoned",
		Prom: "sidecar_redis_calls_abandoned", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Of them, those whose replies nobody waits for any more."}
)

// Mux, backend side.
var (
	MuxMessagesSent = &Desc{Name: "scales.thriftmux.SocketTransportSink.messages_sent",
		Prom: "sidecar_mux_dispatches_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Dispatches given to a Mux connection, each try counted."}
	MuxMessagesRecv = &Desc{Name: "scales.thriftmux.SocketTransportSink.messages_recv",
		Prom: "sidecar_mux_reply_frames_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Frames of replies that came over Mux: a reply in fragments has several."}
	MuxMaxTag = &Desc{Name: "scales.mux.TagPool.max_tag",
		Prom: "sidecar_mux_max_tag", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Highest tag that was in use on one of the Mux connections that are open: as the smallest free one is taken, how many requests one ever carried at once, and 1."}
	MuxTags = &Desc{Name: "sidecar.mux.tags",
		Prom: "sidecar_mux_tags", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Tags in use on all Mux connections, those of abandoned requests included."}
	MuxAbandoned = &Desc{Name: "sidecar.mux.abandoned",
		Prom: "sidecar_mux_abandoned_tags", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Tags of requests that nobody waits for any more and that are not answered yet."}
	MuxDiscards = &Desc{Name: "sidecar.mux.discards",
		Prom: "sidecar_mux_discards_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that a backend was told nobody waits for any more (Tdiscarded)."}
	MuxNacks = &Desc{Name: "sidecar.mux.nacks",
		Prom: "sidecar_mux_nacks_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that a backend turned away without executing them (Nack)."}
	MuxDrains = &Desc{Name: "sidecar.mux.drains",
		Prom: "sidecar_mux_drains_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Mux connections that their backend drained (Tdrain)."}
	MuxLeases = &Desc{Name: "sidecar.mux.leases",
		Prom: "sidecar_mux_leases_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Leases that backends gave (Tlease)."}
	MuxLeasesOver = &Desc{Name: "sidecar.mux.leases_expired",
		Prom: "sidecar_mux_connections_lease_expired", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Mux connections whose backend's lease has run out: others are preferred."}
	MuxPingLatency = &Desc{Name: "sidecar.mux.ping_latency",
		Prom: "sidecar_mux_ping_duration_seconds", Kind: KindHistogram,
		Labels: []Label{LabelService},
		Help:   "Time from a ping to its answer."}
	MuxPingsUnanswered = &Desc{Name: "sidecar.mux.pings_unanswered",
		Prom: "sidecar_mux_pings_unanswered_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Mux connections that were closed because a ping was not answered in time."}
)

// Redis.
var (
	RedisMirrored = &Desc{Name: "sidecar.redis.mirrored",
		Prom: "sidecar_redis_mirrored_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Copies of writes sent to this upstream."}
	RedisMirrorDropped = &Desc{Name: "sidecar.redis.mirror_dropped",
		Prom: "sidecar_redis_mirror_dropped_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Copies of writes that were not sent, as too many waited or their connection ended."}
	RedisMirrorErrors = &Desc{Name: "sidecar.redis.mirror_errors",
		Prom: "sidecar_redis_mirror_errors_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Copies of writes that were answered with an error."}
	RedisCommands = &Desc{Name: "sidecar.redis.commands",
		Prom: "sidecar_redis_commands_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Commands of clients taken for the upstream, each of a pipeline counted by its name."}
	RedisErrors = &Desc{Name: "sidecar.redis.command_errors",
		Prom: "sidecar_redis_command_errors_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Commands that were answered with an error, of the server's or of the sidecar's."}
	RedisLocal = &Desc{Name: "sidecar.redis.local_commands",
		Prom: "sidecar_redis_local_commands_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Commands that the sidecar answered itself, such as HELLO, PING and COMMAND."}
	RedisDenied = &Desc{Name: "sidecar.redis.denied_commands",
		Prom: "sidecar_redis_denied_commands_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason},
		Help:   "Commands that went to no server: noauth (the client has not logged in), noperm (allow and deny), else other (unknown, malformed or never passed on)."}
	RedisForeign = &Desc{Name: "sidecar.redis.foreign_clients",
		Prom: "sidecar_redis_foreign_clients_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Connections closed without a word because a browser's request or a TLS handshake came where Redis is spoken."}
	RedisLooks = &Desc{Name: "sidecar.redis.topology_looks",
		Prom: "sidecar_redis_topology_looks_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "How often the servers of a Redis Cluster, or Sentinels, were asked who has what."}
	RedisLooksFailed = &Desc{Name: "sidecar.redis.topology_looks_failed",
		Prom: "sidecar_redis_topology_looks_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Of these, how often nobody gave an answer that could be used."}
	RedisTopologies = &Desc{Name: "sidecar.redis.topology_changes",
		Prom: "sidecar_redis_topology_changes_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "How often the answer differed from the one before: slots, masters or replicas are others."}
)

// Records that came by HTTP and went to Kafka.
var (
	ProducerRecords = &Desc{Name: "sidecar.kafka.producer.records",
		Prom: "sidecar_kafka_producer_records_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Records that came by HTTP and that Kafka's brokers have, by what acks asks of them."}
	ProducerBytes = &Desc{Name: "sidecar.kafka.producer.bytes_written",
		Prom: "sidecar_kafka_producer_written_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Bytes of their keys, values and headers."}
	ProducerFailed = &Desc{Name: "sidecar.kafka.producer.records_failed",
		Prom: "sidecar_kafka_producer_records_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Records that came by HTTP and failed, by the broker's code or by what kept them from it."}
	ProducerUnknown = &Desc{Name: "sidecar.kafka.producer.records_unknown",
		Prom: "sidecar_kafka_producer_records_unknown_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Records of which clients were told that nobody knows whether they are written."}
	ProducerRefused = &Desc{Name: "sidecar.kafka.producer.refused",
		Prom: "sidecar_kafka_producer_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests answered with 429, as max_buffered bytes were under way."}
	ProducerBuffered = &Desc{Name: "sidecar.kafka.producer.buffered_bytes",
		Prom: "sidecar_kafka_producer_buffered_bytes", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Bytes of records under way to Kafka, what each takes beside its own counted."}
)
