package main

import "strconv"

// thriftBackends serve Thrift and ThriftMux, and keep each reply for so many
// milliseconds.
func thriftBackends(delay int) []server {
	return []server{{
		name: "backend", source: "callee.c", install: fromDebian + "cc",
		command: append([]string{"{{.Program}}", "{{port .Address}}", strconv.Itoa(delay)}, loopbacks()...),
	}}
}

func thriftSidecar() server {
	s := http1Sidecar()
	s.config = "sidecar.thrift.toml"
	return s
}

// muxSidecar takes its clients' calls to the backend over one Mux connection.
func muxSidecar() server {
	s := http1Sidecar()
	s.config = "sidecar.thriftmux.toml"
	return s
}

// haproxyTCP copies bytes: it speaks no Thrift.
func haproxyTCP() server {
	s := haproxy()
	s.config = "haproxy.tcp.cfg"
	return s
}

func envoyThrift() server {
	s := envoy()
	s.config = "envoy.thrift.yaml"
	return s
}
