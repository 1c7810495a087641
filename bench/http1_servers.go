package main

// fromDebian is how peers that Debian has are had.
const fromDebian = "scripts/install.sh "

func nginxCommand() []string {
	return []string{"nginx", "-e", "stderr", "-p", "{{.Dir}}", "-c", "{{.Config}}"}
}

// http1Backends: the lighter one where it can be compiled.
func http1Backends() []server {
	return []server{
		{
			name: "backend", source: "backend.c", install: fromDebian + "cc",
			command: append([]string{"{{.Program}}", "{{port .Address}}"}, loopbacks()...),
		},
		{
			name: "backend", config: "backend.nginx.conf", command: nginxCommand(), version: []string{"nginx", "-v"}, install: fromDebian + "nginx",
			files: map[string]int{"16k": 16 * kib, "1m": mib},
		},
	}
}

func http1Sidecar() server {
	return server{
		name: "sidecar", config: "sidecar.toml", command: []string{"{{.Sidecar}}", "run", "-config", "{{.Config}}"},
		version: []string{"{{.Sidecar}}", "version"},
	}
}

func haproxy() server {
	return server{
		name: "haproxy", config: "haproxy.cfg", command: []string{"haproxy", "-db", "-f", "{{.Config}}"},
		version: []string{"haproxy", "-v"}, install: fromDebian + "haproxy",
	}
}

func nginx() server {
	return server{
		name: "nginx", config: "nginx.conf", command: nginxCommand(), version: []string{"nginx", "-v"}, install: fromDebian + "nginx",
	}
}

func envoy() server {
	return server{
		name: "envoy", config: "envoy.yaml",
		command: []string{"envoy", "-c", "{{.Config}}", "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"},
		version: []string{"envoy", "--version"}, install: "scripts/envoy.sh",
	}
}

// reverseProxy is this program itself (reverseproxy.go).
func reverseProxy() server {
	return server{name: "reverseproxy", command: []string{"{{.Self}}", "reverseproxy", "{{.Address}}", "{{.Backend}}"}}
}

// byteCopy is the floor: what ordinary sockets cost.
func byteCopy() server {
	return server{
		name: "bytecopy", source: "bytecopy.c", command: []string{"{{.Program}}", "{{.Address}}", "{{.Backend}}"},
		version: []string{"cc", "--version"}, install: fromDebian + "cc",
	}
}
