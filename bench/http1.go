package main

// http1 is HTTP/1.1 on both sides.
func http1() suite {
	nginx := []string{"nginx", "-e", "stderr", "-p", "{{.Dir}}", "-c", "{{.Config}}"}
	return suite{
		name: "HTTP/1.1",
		backend: server{
			name: "backend", config: "backend.nginx.conf", command: nginx, version: []string{"nginx", "-v"},
			files: map[string]int{"16k": 16 << 10},
		},
		subject: server{
			name: "sidecar", config: "sidecar.toml", command: []string{"{{.Sidecar}}", "run", "-config", "{{.Config}}"},
			version: []string{"{{.Sidecar}}", "version"},
		},
		peers: []server{
			{name: "haproxy", config: "haproxy.cfg", command: []string{"haproxy", "-db", "-f", "{{.Config}}"}, version: []string{"haproxy", "-v"}},
			{name: "nginx", config: "nginx.conf", command: nginx, version: []string{"nginx", "-v"}},
		},
		workloads: []workload{
			{
				name: "64 connections, answers of 100 B", conns: 64, path: "/100", body: 100, load: wrk,
				goals: []goal{{peer: "haproxy", ratio: 0.85, text: "first ratio"}},
			},
			{name: "64 connections, answers of 16 KiB", conns: 64, path: "/16k", body: 16 << 10, load: wrk, more: true},
		},
	}
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
