package main

// redisBackends is a real server that keeps nothing on disk.
func redisBackends() []server {
	return []server{{
		name: "backend", command: []string{
			"redis-server", "--port", "{{port .Address}}", "--bind", "{{host .Address}}", "--save", "", "--appendonly", "no",
			"--maxclients", "{{.Sockets}}", "--dir", "{{.Dir}}",
		},
		version: []string{"redis-server", "--version"}, install: fromDebian + "redis-server",
	}}
}

func redisSidecar() server {
	s := http1Sidecar()
	s.config = "sidecar.redis.toml"
	return s
}

// twemproxy is called nutcracker too, and by Debian only so.
func twemproxy() server {
	return server{
		name: "twemproxy", config: "twemproxy.yml",
		command: []string{
			"nutcracker", "-c", "{{.Config}}", "-o", "{{.Dir}}/nutcracker.log", "-v", "3", "-p", "{{.Dir}}/pid",
			"-a", "127.0.0.1", "-s", "{{port .Admin}}",
		},
		version: []string{"nutcracker", "-V"}, install: fromDebian + "nutcracker",
	}
}

func envoyRedis() server {
	s := envoy()
	s.config = "envoy.redis.yaml"
	return s
}

// predixy is had as source only.
func predixy() server {
	return server{
		name: "predixy", config: "predixy.conf", command: []string{"predixy", "{{.Config}}"},
		version: []string{"predixy", "-v"}, install: "no package here has it, its project has the source",
	}
}
