package main

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
		name: plural(conns, "connection") + ", calls of " + size(body), conns: conns, path: "echo", body: body, load: caller, ask: askCall, counts: true,
		goals: []goal{{"haproxy", cpuTime, 1.15}},
	}
}
