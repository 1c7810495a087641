// Package xds finds endpoints by asking a control plane in the protocol of
// Envoy, xDS version 3: one aggregated stream (ADS) over gRPC to each control
// plane serves every upstream of the process that names it, in the incremental
// form (delta) or the older one (state of the world).
//
// A source follows one cluster. Of the cluster it takes where its endpoints are
// to be had: from EDS, written in it (STATIC), as names that are resolved
// (STRICT_DNS), or as one name that each connection resolves (LOGICAL_DNS). Of
// the endpoints it takes address, health, priority, locality, weights and
// labels. How a cluster is balanced, judged and spoken to is this process's own
// configuration and never the control plane's; what would make a connection
// less safe than the control plane demands (TLS to the endpoints) is refused.
//
// What cannot be used is refused (NACK) with the reason and what was known
// before stays. Losing the stream takes no endpoint away. It does not judge what
// it is told: whether an emptied set is believed is decided by discovery's
// Keeper. It knows nothing of the configuration file.
package xds
