package main

import "fmt"

// thrift is framed binary Thrift on both sides, which is forwarded as raw bytes.
func thrift() suite {
	return suite{
		name: "Thrift", backends: thriftBackends(0), client: "caller.c", subject: thriftSidecar(), conns: 4096,
		peers: []server{haproxyTCP(), envoyThrift(), byteCopy()},
		workloads: []workload{
			calls(64, 100),
			calls(64, 4*kib),
			more(calls(16, 100)),
			more(calls(16, 4*kib)),
		},
	}
}

// calls is a load of so many clients, each of which waits for its reply, with so
// many bytes there and back. HAProxy is a relay here that parses nothing.
func calls(conns, body int) workload {
	return workload{
		name: plural(conns, "connection") + ", calls of " + size(body), conns: conns, path: "echo", body: body, load: caller, ask: askCall, counts: toldByBackend,
		goals: []goal{{"haproxy", cpuTime, 1.15}},
	}
}

// thriftMux is clients of framed binary Thrift whose calls go to the backend over
// one Mux connection, beside the same with plain connections ("plain").
func thriftMux() suite {
	return suite{
		name: "Thrift over Mux", backends: thriftBackends(0), client: "caller.c", subject: muxSidecar(), conns: 4096,
		peers: []server{plainSidecar(), haproxyTCP(), byteCopy()},
		workloads: []workload{
			bridged(calls(64, 100)),
			more(bridged(calls(64, 4*kib))),
			more(bridged(calls(16, 100))),
			more(bridged(calls(16, 4*kib))),
		},
	}
}

// slowCall is how long the backend keeps a reply, in milliseconds, where what one
// connection does to many slow calls is measured.
const slowCall = 10

// thriftMuxSlow is whether slow calls wait for each other because they share a
// connection.
func thriftMuxSlow() suite {
	w := bridged(calls(64, 100))
	w.name += fmt.Sprintf(", each of %d ms", slowCall)
	w.measures = []measure{throughput, cpuTime}
	w.goals = []goal{{"plain", throughput, 0.9}}
	return suite{
		name: "Thrift over Mux, slow calls", backends: thriftBackends(slowCall), client: "caller.c", subject: muxSidecar(), conns: 4096,
		peers: []server{plainSidecar()}, workloads: []workload{w},
	}
}

// bridged is a load of calls that go over Mux; HAProxy beside it does not.
func bridged(w workload) workload {
	w.name += " over one Mux connection"
	w.goals = nil
	return w
}

// plainSidecar has a connection to the backend for each call under way.
func plainSidecar() server {
	s := thriftSidecar()
	s.name = "plain"
	return s
}
