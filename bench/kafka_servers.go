package main

// kafkaBackends is this program (broker.go). A real broker beside the generator on
// one CPU is the limit long before a proxy is, and what a proxy does for a megabyte
// does not depend on who takes it.
func kafkaBackends() []server {
	return []server{{name: "backend", command: []string{"{{.Self}}", "broker", "{{.Address}}"}}}
}

func kafkaSidecar() server {
	s := http1Sidecar()
	s.config = "sidecar.kafka.toml"
	return s
}

// kafkaProxy has no file of configuration. Buffers are as they are by default.
func kafkaProxy() server {
	return server{
		name: "kafka-proxy",
		command: []string{
			"kafka-proxy", "server", "--bootstrap-server-mapping", "{{.Backend}},{{.Address}}", "--dynamic-listeners-disable",
			"--http-listen-address", "{{.Admin}}", "--log-level", "error",
		},
		version: []string{"kafka-proxy", "version"}, install: "scripts/kafka-proxy.sh",
	}
}
