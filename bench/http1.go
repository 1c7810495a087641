package main

const (
	kib = 1 << 10
	mib = 1 << 20
)

// http1 is HTTP/1.1 on both sides, one upstream with one endpoint.
func http1() suite {
	return suite{
		name: "HTTP/1.1", backends: http1Backends(), subject: http1Sidecar(), conns: 4096,
		peers: []server{haproxy(), nginx(), envoy(), reverseProxy(), byteCopy()},
		workloads: []workload{
			closed(64, "/100", 100),
			closed(64, "/16k", 16*kib),
			more(closed(1, "/100", 100)),
			more(closed(16, "/100", 100)),
			more(closed(256, "/100", 100)),
			more(closed(1, "/16k", 16*kib)),
			more(closed(16, "/16k", 16*kib)),
			more(closed(256, "/16k", 16*kib)),
			{
				name: "8 connections, answers of 1 MiB", conns: 8, path: "/1m", body: mib, load: wrk,
				measures: []measure{cpuTime, throughput}, goals: largeGoals(),
			},
			{
				name: "8 connections, request bodies of 1 MiB", conns: 8, path: "/100", body: 100, upload: mib, load: wrk, more: true,
				measures: []measure{cpuTime, throughput}, goals: largeGoals(),
			},
			{
				name: "2,000 requests/s over 16 connections, answers of 100 B", conns: 16, path: "/100", body: 100, rate: 2000, stretch: 2, load: openLoop,
				measures: []measure{cpuTime, latency99, latency999},
				goals:    []goal{{"haproxy", latency99, 1}, {"haproxy", latency999, 1}},
			},
			{name: "64 at once, a connection for each request, answers of 100 B", conns: 64, path: "/100", body: 100, fresh: true, load: wrk, more: true},
		},
	}
}

// http1Idle is how much memory clients cost that do nothing.
func http1Idle() suite {
	n := idleConns()
	return suite{
		name: "HTTP/1.1, idle connections", backends: http1Backends(), subject: http1Sidecar(), conns: n + 500,
		peers: []server{haproxy(), nginx(), envoy(), reverseProxy(), byteCopy()},
		workloads: []workload{
			{name: thousands(n) + " idle connections", path: "/100", body: 100, hold: n},
		},
	}
}

// manyUpstreams is what a host with many neighbours is configured with.
const manyUpstreams = 1000

// http1Many is whether a request costs more where there are many upstreams, of
// ten endpoints each, behind a route by host each.
func http1Many() suite {
	with := func(s server, n int, name string) server {
		s.upstreams, s.name = n, name
		return s
	}
	many := func(s server) server { return with(s, manyUpstreams, s.name) }
	goals := []goal{{"one-upstream", cpuTime, 1.05}}
	return suite{
		name: "HTTP/1.1, 1,000 upstreams of 10 endpoints", backends: http1Backends(), subject: many(http1Sidecar()), conns: 4096,
		peers: []server{
			with(http1Sidecar(), 1, "one-upstream"), with(http1Sidecar(), 100, "100-upstreams"),
			many(haproxy()), many(nginx()), many(envoy()),
		},
		workloads: []workload{
			{name: "64 connections, all requests for the last upstream", conns: 64, path: "/100", body: 100, to: lastUpstream, load: wrk, goals: goals},
			{
				name: "64 connections, requests for " + thousands(spreadOver()) + " upstreams in turns", conns: 64, path: "/100", body: 100,
				to: spreadUpstreams, load: wrk, more: true, goals: goals,
			},
		},
	}
}

// spreadOver is how many of the upstreams get requests where they are spread: a
// proxy may keep a connection to each endpoint, and the backend, which is one
// process, has those of six proxies.
func spreadOver() int {
	return max(10, min(manyUpstreams, (fileLimit()-spareFiles)/(6*endpointsEach)/100*100))
}

// closed is a load of so many clients, each of which waits for its answer.
func closed(conns int, path string, body int) workload {
	w := workload{name: plural(conns, "connection") + ", answers of " + size(body), conns: conns, path: path, body: body, load: wrk}
	if conns > 1 {
		w.goals = []goal{{"haproxy", cpuTime, 0.80}, {"nginx", cpuTime, 1.0}, {"reverseproxy", cpuTime, 0.40}}
	}
	return w
}

func more(w workload) workload {
	w.more = true
	return w
}

func largeGoals() []goal {
	return []goal{{"haproxy", cpuTime, 0.6}, {"haproxy", throughput, 1}}
}

// httpFields are what a request between services brings besides Host: about
// 400 bytes in all.
func httpFields() []string {
	return []string{
		"User-Agent: users-service/1.42.0",
		"Accept: application/json",
		"Accept-Encoding: gzip, deflate",
		"X-Request-Id: 7f8c1f0e-5b1d-4a57-9b1e-2f3c4d5e6f70",
		"X-B3-TraceId: 463ac35c9f6413ad48485a3953bb6124",
		"X-B3-SpanId: a2fb4a1d1a96d312",
		"X-B3-Sampled: 1",
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark",
	}
}
