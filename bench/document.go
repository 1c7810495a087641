package main

import (
	"os"
	"path/filepath"
)

// What -write writes, from the module's root. The notes beside it are written
// by hand and left alone.
const (
	document = "docs/performance.md"
	rawData  = "docs/performance.csv"
	drawing  = "docs/performance.svg"
)

// introduction stands above the tables in the document.
const introduction = `# Performance

Written by ` + "`go run ./bench -write`" + `, which measures the sidecar beside other proxies with equal features on (connections to
the backend kept, no access log, one thread, the same CPU); their configurations are in bench/testdata. How the figures
are taken, what they do not say, and which changes were kept or rejected by them stands in
[performance-notes.md](performance-notes.md). Every round is in [performance.csv](performance.csv).

CPU time is that of the proxy's process and its workers, divided by the requests done. Ratios are taken within a round,
the targets take turns, and what is printed is the median over rounds with its 95 % bootstrap interval. A goal is met if
the whole interval is within it, missed if the whole interval is outside, else not shown. Absolute figures are of the
machine named. "direct" is the client at the backend without a proxy: where its requests/s are not well above a proxy's,
the client's side was the limit, and requests/s and latencies say nothing about that proxy.

The peers: HAProxy, nginx and Envoy as an operator would set them up; "reverseproxy" is the proxy of Go's standard
library; "bytecopy" copies bytes and knows no protocol: for small messages it is the floor, what ordinary sockets cost.
For Thrift HAProxy is in TCP mode, a relay that parses nothing, and Envoy has its Thrift proxy.
For Redis twemproxy (Debian's nutcracker) and predixy are there too where they can be had, and a request is one command.
For Kafka one MiB on the clients' connections is what is counted; kafka-proxy is there, and HAProxy in TCP mode, which knows no
brokers' addresses: its clients are told to dial it whatever they learn.
linkerd2-proxy is not here: it is had as source only, and takes every route from a control plane.

![CPU time a request beside each peer, with intervals](performance.svg)

`

// writeDocument puts a run into the files.
func writeDocument(j *journal) error {
	if err := os.MkdirAll(filepath.Dir(document), 0o755); err != nil {
		return err
	}
	raw, err := csvText(j.rounds)
	if err != nil {
		return err
	}
	text := introduction + "## Goals\n\n" + goalTable(j.rows) + "\n" + j.text.String()
	for name, content := range map[string]string{document: text, rawData: raw, drawing: plot(j.rows)} {
		if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
