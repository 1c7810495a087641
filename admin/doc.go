// Package admin is the HTTP port for people, probes and Prometheus. It serves
// a registry of metrics and the pages that it is given by name; it knows no
// component, so it imports none. It is not in the data path.
//
// These it has itself:
//
//	GET   /              the overview as one HTML page, for a browser or a phone
//	GET   /help          this list as text, with the pages that are really there
//	GET   /ready         200 when traffic may come, else 503 and the reason
//	GET   /live          200 while the process works, 503 and the reason if a part that must go on stands still
//	GET   /varz          every metric as JSON; ?by=service|endpoint|operation|total sums, ?filter= takes names with that in them
//	GET   /metrics       every metric for Prometheus, as text or OpenMetrics
//	GET   /debug/pprof/  profiles of the running process, for go tool pprof
//
// These are passed in by whoever builds the process:
//
//	GET   /upstreams     JSON: one row an endpoint with its state, why, load, connections, source, age
//	GET   /upstreams/{upstream}/circuit               JSON: the circuit's state and what it counted
//	POST  /upstreams/{upstream}/circuit               ?state=open, closed or auto: force it, or let it go by what it counts
//	POST  /upstreams/{upstream}/reset                 readmit all endpoints, close the circuit, forget what was counted and forced
//	POST  /upstreams/{upstream}/endpoints/{endpoint...}  ?state=ejected or auto: take one out of use, or into use again
//	GET   /zookeeper     JSON: the connections to ZooKeeper
//	GET   /xds           JSON: the control planes that are asked over xDS
//	GET   /announce      JSON: the local services that are announced
//	GET   /config        JSON: the effective configuration with the origin of each value, secrets masked
//	GET   /why           JSON: recent failed, retried, hedged and slow exchanges, every try with every attempt
//	GET   /drain         JSON: whether the process is draining
//	POST  /drain         stop taking new connections and end when the last exchange has
//
// Times of /upstreams and /why are milliseconds, and their names end in _ms;
// those of /varz and /metrics are seconds.
//
// HEAD is answered wherever GET is. Whoever may reach the port may read all of
// it, so it is bound to loopback by default, and three rules keep web pages of
// others out: the Host must be an address of ours or a name from admin.hosts
// (else a rebound DNS name reads everything); an Origin must be that same host
// (else any page in a browser on this machine may post); changes are made by
// POST only. Actions that steer traffic are refused unless allowed by
// configuration, and so are all actions where the port is bound to more than
// this machine.
//
// The probe handler has /ready, /live and /metrics only, by GET, for any Host:
// a kubelet and Prometheus come by names that nobody configured.
package admin
