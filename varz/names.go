package varz

// This file, names_protocol.go and names_kafka.go are the list of all metrics; nothing else makes
// a Desc outside of tests. The values are constants in all but syntax.
//
// Where the scales library measured the same thing its name is kept, so that
// dashboards carry over. What it counted and is absent here: serialization
// failures and message sizes (the proxy forwards bytes and serializes
// nothing), send and receive times (two clock readings a message for what
// transport_latency tells better), and tests_failed, which it never counted.
// A protocol's own metrics come with the protocol: nothing stands here that
// nothing feeds.

// What was asked, one request counted once however often it was tried. A burst of n counts n.
var (
	DispatchMessages = &Desc{Name: "scales.MessageDispatcher.dispatch_messages",
		Prom: "sidecar_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Requests taken for the upstream."}
	SuccessMessages = &Desc{Name: "scales.MessageDispatcher.success_messages",
		Prom: "sidecar_requests_succeeded_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Requests whose reply was no failure of the upstream."}
	ExceptionMessages = &Desc{Name: "scales.MessageDispatcher.exception_messages",
		Prom: "sidecar_requests_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Requests that ended in a failure reply or in none, timeouts included."}
	RequestLatency = &Desc{Name: "scales.MessageDispatcher.request_latency",
		Prom: "sidecar_request_duration_seconds", Kind: KindHistogram,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Time from a request's first byte to its end, retries included, successes and failures."}
	ReplyLatency = &Desc{Name: "sidecar.MessageDispatcher.reply_latency",
		Prom: "sidecar_reply_latency_seconds", Kind: KindHistogram,
		Labels: []Label{LabelService, LabelOperation},
		Help:   "Time from a request's first byte to the first byte of the reply that went out."}
	Failures = &Desc{Name: "sidecar.failures",
		Prom: "sidecar_failures_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Failed requests by reason code."}
	InFlight = &Desc{Name: "sidecar.in_flight",
		Prom: "sidecar_requests_in_flight", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Requests under way in the upstream."}
	Timeouts = &Desc{Name: "scales.TimeoutSink.timeouts",
		Prom: "sidecar_timeouts_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that ran into their deadline."}
)

// What endpoints did, one count a try. These share the names above and answer
// sums by endpoint, as scales' sources named the endpoint there too.
var (
	EndpointDispatches = &Desc{Name: "scales.MessageDispatcher.dispatch_messages",
		Prom: "sidecar_endpoint_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests given to the endpoint, each try counted."}
	EndpointSuccesses = &Desc{Name: "scales.MessageDispatcher.success_messages",
		Prom: "sidecar_endpoint_requests_succeeded_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Tries that the endpoint answered without failing."}
	EndpointExceptions = &Desc{Name: "scales.MessageDispatcher.exception_messages",
		Prom: "sidecar_endpoint_requests_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Tries that failed at the endpoint."}
	EndpointLatency = &Desc{Name: "scales.MessageDispatcher.request_latency",
		Prom: "sidecar_endpoint_request_duration_seconds", Kind: KindHistogram,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Time of one try at the endpoint, pool wait included, successes and failures; tries that sent nothing are left out."}
	EndpointFailures = &Desc{Name: "sidecar.endpoint.failures",
		Prom: "sidecar_endpoint_failures_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint, LabelReason},
		Help:   "Failed tries at the endpoint by reason code."}
	EndpointInFlight = &Desc{Name: "sidecar.endpoint.in_flight",
		Prom: "sidecar_endpoint_requests_in_flight", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests outstanding at the endpoint."}
	EndpointWeight = &Desc{Name: "sidecar.endpoint.weight",
		Prom: "sidecar_endpoint_weight", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Weight by which the endpoint is picked, less than announced while it starts slowly."}
	EndpointCost = &Desc{Name: "sidecar.endpoint.cost",
		Prom: "sidecar_endpoint_cost_seconds", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Reply time that is expected of the endpoint where load is peak_ewma, failures counted as slow; else 0."}
)

// Balancing.
var (
	HeapSize = &Desc{Name: "scales.loadbalancer.Heap.size",
		Prom: "sidecar_balancer_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints that the balancer knows."}
	HeapNoMembers = &Desc{Name: "scales.loadbalancer.Heap.no_members",
		Prom: "sidecar_balancer_no_members_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that found no endpoint at all."}
	BalancerLevels = &Desc{Name: "sidecar.loadbalancer.levels",
		Prom: "sidecar_balancer_levels", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Levels of endpoints by priority and zone."}
	BalancerPanics = &Desc{Name: "sidecar.loadbalancer.panics",
		Prom: "sidecar_balancer_panic_levels", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Levels whose health is ignored, as too few of their endpoints are well."}
	Spilled = &Desc{Name: "sidecar.loadbalancer.spilled",
		Prom: "sidecar_balancer_spilled_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Tries that went to another level than the first."}
	Panicked = &Desc{Name: "sidecar.loadbalancer.panicked",
		Prom: "sidecar_balancer_panicked_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Tries in a level whose health is ignored."}
	HashKeyless = &Desc{Name: "sidecar.loadbalancer.keyless",
		Prom: "sidecar_balancer_keyless_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Tries without the key that the policy goes by, given to the less loaded of two endpoints."}
	HashOverflowed = &Desc{Name: "sidecar.loadbalancer.overflowed",
		Prom: "sidecar_balancer_overflowed_requests_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Tries that went past their key's endpoint because it had its bounded_load."}
	ApertureIdle = &Desc{Name: "scales.loadbalancer.Aperture.idle",
		Prom: "sidecar_aperture_idle_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints outside the aperture."}
	ApertureActive = &Desc{Name: "scales.loadbalancer.Aperture.active",
		Prom: "sidecar_aperture_active_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints inside the aperture."}
	ApertureLoadAverage = &Desc{Name: "scales.loadbalancer.Aperture.load_average",
		Prom: "sidecar_aperture_load_average", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Smoothed outstanding requests per endpoint of the aperture."}
	VectorHash = &Desc{Name: "sidecar.loadbalancer.vector_hash",
		Prom: "sidecar_vector_hash", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Hash of the ring of endpoints with their weights, the same for all peers that see the same; 0 without a place among peers."}
	PeerIndex = &Desc{Name: "sidecar.loadbalancer.peer_index",
		Prom: "sidecar_peer_index", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Place among the peers by which the aperture is laid, from 0; -1 without one."}
	PeerTotal = &Desc{Name: "sidecar.loadbalancer.peer_total",
		Prom: "sidecar_peers", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Peers among which the aperture is laid; 0 without a place among them."}
)

// Failure and recovery of endpoints.
var (
	TimeFailed = &Desc{Name: "scales.Resurrector.time_failed",
		Prom: "sidecar_endpoint_failed_seconds_total", Kind: KindCounter, Nanoseconds: true,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Time that the endpoint was ejected, counted at each attempt to bring it back."}
	ReconnectAttempts = &Desc{Name: "scales.Resurrector.reconnect_attempts",
		Prom: "sidecar_endpoint_reconnect_attempts_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Background dials to an endpoint that failed to connect."}
	Ejections = &Desc{Name: "sidecar.breaker.ejections",
		Prom: "sidecar_endpoint_ejections_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint, LabelReason},
		Help:   "Ejections of the endpoint by what it failed at."}
	EjectionsRefused = &Desc{Name: "sidecar.breaker.ejections_refused",
		Prom: "sidecar_endpoint_ejections_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Ejections not made because too many endpoints were out."}
	Readmissions = &Desc{Name: "sidecar.breaker.readmissions",
		Prom: "sidecar_endpoint_readmissions_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Returns of the endpoint after an ejection."}
	Probes = &Desc{Name: "sidecar.breaker.probes",
		Prom: "sidecar_endpoint_probes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Single requests let through to an ejected endpoint."}
	Ejected = &Desc{Name: "sidecar.breaker.ejected",
		Prom: "sidecar_ejected_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints that are ejected now."}
)

// Time that clients give.
var (
	DeadlinesShortened = &Desc{Name: "sidecar.deadline.shortened",
		Prom: "sidecar_deadlines_shortened_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests whose client gave less time than is configured, which was obeyed."}
	DeadlinesExpired = &Desc{Name: "sidecar.deadline.expired",
		Prom: "sidecar_deadlines_expired_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that were not sent because the time that their client gave was over."}
	DarkShortened = &Desc{Name: "sidecar.deadline.dark_shortened",
		Prom: "sidecar_deadlines_dark_shortened_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests whose client gave less time than is configured, with client_deadline dark: not obeyed."}
	DarkExpired = &Desc{Name: "sidecar.deadline.dark_expired",
		Prom: "sidecar_deadlines_dark_expired_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that were sent although the time that their client gave was over, with client_deadline dark."}
)

// Retries.
var (
	Retries = &Desc{Name: "sidecar.retry.retries",
		Prom: "sidecar_retries_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Further tries paid for by the retry budget."}
	Requeues = &Desc{Name: "sidecar.retry.requeues",
		Prom: "sidecar_requeues_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Further tries of requests that provably reached nobody, which are free unless they storm."}
	BudgetExhausted = &Desc{Name: "sidecar.retry.budget_exhausted",
		Prom: "sidecar_retry_budget_exhausted_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Tries not made because the retry budget was empty."}
	RequeuesPaid = &Desc{Name: "sidecar.retry.requeues_paid",
		Prom: "sidecar_requeues_paid_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Those of the requeues that the retry budget was charged for, as they stormed."}
	RetriesWaiting = &Desc{Name: "sidecar.retry.waiting",
		Prom: "sidecar_retries_waiting", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Requests that wait now before they are tried again."}
	BudgetLeft = &Desc{Name: "sidecar.retry.budget_left",
		Prom: "sidecar_retry_budget_left", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Further tries that the retry budget would pay for now."}
	HeldReplies = &Desc{Name: "sidecar.retry.held_replies",
		Prom: "sidecar_held_replies_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Failure replies kept from the client to try once more."}
)

// What keeps callers from waiting for an upstream in vain.
var (
	CircuitState = &Desc{Name: "sidecar.circuit.state",
		Prom: "sidecar_circuit_state", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "State of the upstream's circuit: 0 closed or off, 1 half open, 2 open, 3 forced closed, 4 forced open."}
	CircuitOpened = &Desc{Name: "sidecar.circuit.opened",
		Prom: "sidecar_circuit_opened_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Times that the circuit opened as too many requests failed; in dark mode that it would have."}
	CircuitRefused = &Desc{Name: "sidecar.circuit.refused",
		Prom: "sidecar_circuit_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests refused by the circuit, before a fallback."}
	CircuitDarkRefused = &Desc{Name: "sidecar.circuit.dark_refused",
		Prom: "sidecar_circuit_dark_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that the circuit would have refused, were its mode on and not dark."}
	CircuitProbes = &Desc{Name: "sidecar.circuit.probes",
		Prom: "sidecar_circuit_probes_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Single requests that tried whether the circuit can close."}
	BulkheadRefused = &Desc{Name: "sidecar.bulkhead.refused",
		Prom: "sidecar_bulkhead_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests refused because max_in_flight were under way, before a fallback."}
	DropsRefused = &Desc{Name: "sidecar.drop_overload.refused",
		Prom: "sidecar_drop_overload_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Requests refused because a control plane wants a share of them dropped, by its category, before a fallback."}
	DropsDark = &Desc{Name: "sidecar.drop_overload.dark_refused",
		Prom: "sidecar_drop_overload_dark_refused_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Requests that would have been refused so, were drop_overload on and not dark."}
	Fallbacks = &Desc{Name: "sidecar.fallback.used",
		Prom: "sidecar_fallbacks_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Failed requests that the fallback took over, by why they failed."}
	FallbackFailures = &Desc{Name: "sidecar.fallback.failures",
		Prom: "sidecar_fallback_failures_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests that the fallback took over and that failed there too."}
)

// Hedges: requests sent a second time because their reply was late.
var (
	HedgesSent = &Desc{Name: "sidecar.hedge.sent",
		Prom: "sidecar_hedges_sent_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Requests sent a second time because their reply was late."}
	HedgesWon = &Desc{Name: "sidecar.hedge.won",
		Prom: "sidecar_hedges_won_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Hedges whose reply went to the client."}
	HedgesLost = &Desc{Name: "sidecar.hedge.lost",
		Prom: "sidecar_hedges_lost_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Hedges sent for nothing: the first try answered, or the hedge failed."}
	HedgesRefused = &Desc{Name: "sidecar.hedge.budget_exhausted",
		Prom: "sidecar_hedge_budget_exhausted_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Hedges not sent, or in mode dark not counted, as max_extra was reached."}
	HedgesDark = &Desc{Name: "sidecar.hedge.dark",
		Prom: "sidecar_hedges_dark_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Hedges that mode on would have sent, counted in mode dark."}
)

// Pools and connections to endpoints.
var (
	PoolSize = &Desc{Name: "scales.pool.WatermarkPool.size",
		Prom: "sidecar_pool_connections", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Connections of the pool, idle and in use."}
	PoolQueueSize = &Desc{Name: "scales.pool.WatermarkPool.queue_size",
		Prom: "sidecar_pool_waiters", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests that wait for a connection."}
	PoolWaits = &Desc{Name: "sidecar.pool.waits",
		Prom: "sidecar_pool_waits_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests that waited for a connection in use, as the pool was at its high_watermark."}
	PoolDialWaits = &Desc{Name: "sidecar.pool.dial_waits",
		Prom: "sidecar_pool_dial_waits_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests that waited for a dial, as no kept connection was free."}
	PoolExhausted = &Desc{Name: "sidecar.pool.exhausted",
		Prom: "sidecar_pool_exhausted_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Requests turned away because too many waited."}
	StaleConnections = &Desc{Name: "sidecar.pool.stale_connections",
		Prom: "sidecar_pool_stale_connections_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Kept connections found closed when they were to be used."}
	ConnectFailures = &Desc{Name: "sidecar.socket.connect_failures",
		Prom: "sidecar_connect_failures_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint, LabelReason},
		Help:   "Failed dials by reason code."}
	SocketConnects = &Desc{Name: "scales.socket.connects",
		Prom: "sidecar_connects_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Successful dials."}
	SocketNumConnections = &Desc{Name: "scales.socket.num_connections",
		Prom: "sidecar_connections", Kind: KindGauge,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Open connections to the endpoint."}
	SocketOpenLatency = &Desc{Name: "scales.socket.open_latency",
		Prom: "sidecar_connect_duration_seconds", Kind: KindHistogram,
		Labels: []Label{LabelService, LabelEndpoint},
		Help:   "Time of a dial, TLS handshake included, successes and failures."}
)

// Listeners, the side of the application.
var (
	ListenerConnections = &Desc{Name: "sidecar.listener.connections",
		Prom: "sidecar_listener_connections", Kind: KindGauge,
		Labels: []Label{LabelListener},
		Help:   "Open client connections, parked ones included."}
	ListenerAccepted = &Desc{Name: "sidecar.listener.accepted",
		Prom: "sidecar_listener_accepted_connections_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Client connections accepted."}
	ListenerRefused = &Desc{Name: "sidecar.listener.refused",
		Prom: "sidecar_listener_refused_connections_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason},
		Help:   "Client connections closed unserved, by reason."}
	ListenerParked = &Desc{Name: "sidecar.listener.parked",
		Prom: "sidecar_listener_parked_connections", Kind: KindGauge,
		Labels: []Label{LabelListener},
		Help:   "Idle client connections that hold no buffer."}
	ListenerInFlight = &Desc{Name: "sidecar.listener.in_flight",
		Prom: "sidecar_listener_requests_in_flight", Kind: KindGauge,
		Labels: []Label{LabelListener},
		Help:   "Requests of the listener under way."}
	ListenerRequests = &Desc{Name: "sidecar.listener.requests",
		Prom: "sidecar_listener_requests_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Requests that came in by the listener."}
	ListenerFailures = &Desc{Name: "sidecar.listener.failures",
		Prom: "sidecar_listener_failures_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason},
		Help:   "Requests that the listener answered with a failure of the sidecar's, by reason code."}
	DeadlinesMalformed = &Desc{Name: "sidecar.listener.malformed_deadlines",
		Prom: "sidecar_listener_malformed_deadlines_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Fields in which clients say how long they wait that could not be read, and were ignored."}
	ClientBytesIn = &Desc{Name: "sidecar.listener.bytes_in",
		Prom: "sidecar_listener_received_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Bytes read from clients."}
	ClientBytesOut = &Desc{Name: "sidecar.listener.bytes_out",
		Prom: "sidecar_listener_sent_bytes_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Bytes written to clients."}
	MuxDiscarded = &Desc{Name: "sidecar.mux.discarded",
		Prom: "sidecar_mux_discarded_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Requests that Mux clients gave up while they were in flight."}
	MuxClientsCut = &Desc{Name: "sidecar.mux.clients_cut",
		Prom: "sidecar_mux_clients_cut_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Mux clients that did not take their replies and were cut."}
	HeldBytes = &Desc{Name: "sidecar.http.held_bytes",
		Prom: "sidecar_http_held_bytes", Kind: KindGauge,
		Help: "Bytes of requests, and of replies of Thrift, kept beyond pooled buffers, mostly to be sent again; at most 256 MiB, over which bodies are streamed and calls refused."}
)

// Filters and the cache of HTTP, by listener.
var (
	Filtered = &Desc{Name: "sidecar.http.filtered",
		Prom: "sidecar_http_filtered_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason},
		Help:   "Requests that a filter answered (redirect, reply) or sent to another upstream (split)."}
	CacheRequests = &Desc{Name: "sidecar.http.cache.requests",
		Prom: "sidecar_http_cache_requests_total", Kind: KindCounter,
		Labels: []Label{LabelListener, LabelReason},
		Help:   "Requests by what the cache did with them: hit, coalesced, miss, refresh, early, revalidated, stale, pass. With mode dark, what it would have done."}
	CacheStored = &Desc{Name: "sidecar.http.cache.stored",
		Prom: "sidecar_http_cache_stored_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Answers that the cache stored."}
	CacheInvalidations = &Desc{Name: "sidecar.http.cache.invalidations",
		Prom: "sidecar_http_cache_invalidations_total", Kind: KindCounter,
		Labels: []Label{LabelListener},
		Help:   "Stored targets dropped because a request changed them."}
	CacheBytes = &Desc{Name: "sidecar.http.cache.bytes",
		Prom: "sidecar_http_cache_bytes", Kind: KindGauge,
		Labels: []Label{LabelListener},
		Help:   "Bytes that stored answers take."}
	CacheTargets = &Desc{Name: "sidecar.http.cache.targets",
		Prom: "sidecar_http_cache_targets", Kind: KindGauge,
		Labels: []Label{LabelListener},
		Help:   "Targets of which answers are stored."}
)

// ZooKeeper, and what is announced there.
var (
	ZooKeeperConnected = &Desc{Name: "sidecar.zookeeper.connected",
		Prom: "sidecar_zookeeper_connected", Kind: KindGauge,
		Labels: []Label{LabelEndpoint},
		Help:   "1 while there is a session with the ensemble, which the endpoint label names by its servers."}
	ZooKeeperConnects = &Desc{Name: "sidecar.zookeeper.connects",
		Prom: "sidecar_zookeeper_connects_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Connections to the ensemble that became usable, reconnects included."}
	ZooKeeperSessions = &Desc{Name: "sidecar.zookeeper.sessions",
		Prom: "sidecar_zookeeper_sessions_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Sessions with the ensemble; each one after the first replaced one that was lost."}
	ZooKeeperRequests = &Desc{Name: "sidecar.zookeeper.requests",
		Prom: "sidecar_zookeeper_requests_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Requests sent to the ensemble by sources and announcements."}
	ZooKeeperMembers = &Desc{Name: "sidecar.zookeeper.members",
		Prom: "sidecar_zookeeper_members", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Member nodes below the upstream's paths, usable or not."}
	ZooKeeperMembersRefused = &Desc{Name: "sidecar.zookeeper.members_refused",
		Prom: "sidecar_zookeeper_members_refused", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Member nodes whose data cannot be used; the log says why."}
	ZooKeeperMissed = &Desc{Name: "sidecar.zookeeper.missed_changes",
		Prom: "sidecar_zookeeper_missed_changes_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Changes that no watch told and that the slow audit found."}
	Announced = &Desc{Name: "sidecar.announce.announced",
		Prom: "sidecar_announced", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "1 while the local service is announced; the service label is the announcement's name."}
	AnnounceChanges = &Desc{Name: "sidecar.announce.changes",
		Prom: "sidecar_announce_changes_total", Kind: KindCounter,
		Labels: []Label{LabelService, LabelReason},
		Help:   "Members created and removed by the announcement."}
	AnnounceChecksFailed = &Desc{Name: "sidecar.announce.checks_failed",
		Prom: "sidecar_announce_checks_failed_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Failed checks of the local service that is announced."}
)

// Control planes that are asked over xDS.
var (
	XDSConnected = &Desc{Name: "sidecar.xds.connected",
		Prom: "sidecar_xds_connected", Kind: KindGauge,
		Labels: []Label{LabelEndpoint},
		Help:   "1 while there is a stream with the control plane over which something came; the endpoint label is its address."}
	XDSStreams = &Desc{Name: "sidecar.xds.streams",
		Prom: "sidecar_xds_streams_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Streams opened to the control plane, reconnects included."}
	XDSResponses = &Desc{Name: "sidecar.xds.responses",
		Prom: "sidecar_xds_responses_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Responses of the control plane."}
	XDSRefused = &Desc{Name: "sidecar.xds.refused",
		Prom: "sidecar_xds_refused_total", Kind: KindCounter,
		Labels: []Label{LabelEndpoint},
		Help:   "Responses of the control plane of which something was refused (NACK); the log and /xds say why."}
)

// Discovery, configuration and the registry itself.
var (
	DiscoveryEndpoints = &Desc{Name: "sidecar.discovery.endpoints",
		Prom: "sidecar_discovery_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints that discovery gives out, before a subset is taken."}
	SubsetLeftOut = &Desc{Name: "sidecar.discovery.subset_left_out",
		Prom: "sidecar_subset_left_out_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints that are not used as they have not the labels of the upstream's subset."}
	DiscoveryUpdates = &Desc{Name: "sidecar.discovery.updates",
		Prom: "sidecar_discovery_updates_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Changed sets taken over."}
	DiscoveryErrors = &Desc{Name: "sidecar.discovery.errors",
		Prom: "sidecar_discovery_errors_total", Kind: KindCounter,
		Labels: []Label{LabelService},
		Help:   "Errors that sources told; the last good set stays in use."}
	DiscoveryHeld = &Desc{Name: "sidecar.discovery.held",
		Prom: "sidecar_discovery_held", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "1 while endpoints are in use that an answer lacks, or a source fails."}
	DiscoveryAnnounced = &Desc{Name: "sidecar.discovery.announced",
		Prom: "sidecar_discovery_announced", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints in the sources' last good answers."}
	DiscoveryStale = &Desc{Name: "sidecar.discovery.stale_seconds",
		Prom: "sidecar_discovery_stale_seconds", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "For how long the source longest out of order has not been known to work; 0 if all do."}
	DiscoveryHeldEndpoints = &Desc{Name: "sidecar.discovery.held_endpoints",
		Prom: "sidecar_discovery_held_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints in use that went with most others at once."}
	DiscoveryLimbo = &Desc{Name: "sidecar.discovery.limbo_endpoints",
		Prom: "sidecar_discovery_limbo_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints no longer announced that are kept for their return."}
	DiscoveryLeaving = &Desc{Name: "sidecar.discovery.leaving_endpoints",
		Prom: "sidecar_discovery_leaving_endpoints", Kind: KindGauge,
		Labels: []Label{LabelService},
		Help:   "Endpoints no longer announced in which requests still are."}
	PeerErrors = &Desc{Name: "sidecar.discovery.peer_errors",
		Prom: "sidecar_peer_errors_total", Kind: KindCounter,
		Help: "Errors told by sources of the place among the peers; the last place stays in use."}
	Reloads = &Desc{Name: "sidecar.config.reloads",
		Prom: "sidecar_config_reloads_total", Kind: KindCounter,
		Help: "Configurations taken over after the start."}
	ReloadFailures = &Desc{Name: "sidecar.config.reload_failures",
		Prom: "sidecar_config_reload_failures_total", Kind: KindCounter,
		Help: "Configurations refused after the start."}
	SeriesFolded = &Desc{Name: "sidecar.varz.series_folded",
		Prom: "sidecar_series_folded", Kind: KindGauge,
		Help: "Requests for a new series that went to \"other\" because a metric has too many."}
)

// All lists every metric of these files.
func All() []*Desc {
	return []*Desc{
		DispatchMessages, SuccessMessages, ExceptionMessages, RequestLatency, ReplyLatency, Failures, InFlight, Timeouts,
		EndpointDispatches, EndpointSuccesses, EndpointExceptions, EndpointLatency, EndpointFailures, EndpointInFlight, EndpointWeight, EndpointCost,
		HeapSize, HeapNoMembers, BalancerLevels, BalancerPanics, Spilled, Panicked, HashKeyless, HashOverflowed, ApertureIdle, ApertureActive, ApertureLoadAverage, VectorHash, PeerIndex, PeerTotal,
		TimeFailed, ReconnectAttempts, Ejections, EjectionsRefused, Readmissions, Probes, Ejected,
		DeadlinesShortened, DeadlinesExpired, DarkShortened, DarkExpired,
		Retries, Requeues, RequeuesPaid, BudgetExhausted, HeldReplies, RetriesWaiting, BudgetLeft,
		CircuitState, CircuitOpened, CircuitRefused, CircuitDarkRefused, CircuitProbes, BulkheadRefused, DropsRefused, DropsDark, Fallbacks, FallbackFailures,
		HedgesSent, HedgesWon, HedgesLost, HedgesRefused, HedgesDark,
		PoolSize, PoolQueueSize, PoolWaits, PoolDialWaits, PoolExhausted, StaleConnections, ConnectFailures, SocketConnects, SocketNumConnections, SocketOpenLatency,
		HTTPBytesSent, HTTPBytesRecv,
		ProducerRecords, ProducerBytes, ProducerFailed, ProducerUnknown, ProducerRefused, ProducerBuffered,
		SocketBytesSent, SocketBytesRecv, ThriftMessagesSent, ThriftMessagesRecv,
		RedisMessagesSent, RedisMessagesRecv, RedisRepliesLarge, RedisConnsUnclean, RedisShared, RedisCalls, RedisAbandoned,
		MuxMessagesSent, MuxMessagesRecv, MuxMaxTag, MuxTags, MuxAbandoned, MuxDiscards, MuxNacks, MuxDrains, MuxLeases, MuxLeasesOver, MuxPingLatency, MuxPingsUnanswered,
		ListenerConnections, ListenerAccepted, ListenerRefused, ListenerParked, ListenerInFlight, ListenerRequests, ListenerFailures, DeadlinesMalformed, ClientBytesIn, ClientBytesOut, MuxDiscarded, MuxClientsCut, HeldBytes,
		Filtered, CacheRequests, CacheStored, CacheInvalidations, CacheBytes, CacheTargets,
		ZooKeeperConnected, ZooKeeperConnects, ZooKeeperSessions, ZooKeeperRequests, ZooKeeperMembers, ZooKeeperMembersRefused, ZooKeeperMissed, Announced, AnnounceChanges, AnnounceChecksFailed,
		XDSConnected, XDSStreams, XDSResponses, XDSRefused,
		DiscoveryEndpoints, SubsetLeftOut, DiscoveryUpdates, DiscoveryErrors, DiscoveryHeld, PeerErrors, Reloads, ReloadFailures, SeriesFolded, DiscoveryAnnounced, DiscoveryStale, DiscoveryHeldEndpoints, DiscoveryLimbo, DiscoveryLeaving,
		RedisCommands, RedisErrors, RedisLocal, RedisDenied, RedisForeign, RedisLooks, RedisLooksFailed, RedisTopologies,
		RedisMirrored, RedisMirrorDropped, RedisMirrorErrors,
		KafkaRequests, KafkaLatency, KafkaErrors, KafkaPrograms, KafkaAcks, KafkaHints, KafkaHintsStripped, KafkaProduced, KafkaFetched, KafkaTopicErrors, KafkaLag,
		KafkaLooks, KafkaLooksFailed, KafkaNodeChanges, KafkaUnknownNode, KafkaNodes,
	}
}
