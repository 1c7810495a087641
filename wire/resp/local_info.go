package resp

import (
	"os"
	"runtime"
	"strconv"
	"time"
)

// infoSections are what INFO tells, in Redis' order, of the sidecar and not of a
// server. What would be a server's (its memory, keys and statistics) is left
// out, but for what clients look at before they begin.
var infoSections = []struct {
	name  string
	write func(dst []byte, c *clientState, env *localEnv) []byte
}{
	{"server", infoServer},
	{"clients", infoClients},
	{"memory", infoMemory},
	{"persistence", infoPersistence},
	{"replication", infoReplication},
	{"modules", infoModules},
	{"cluster", infoCluster},
	{"keyspace", infoKeyspace},
}

func (c *clientState) info(dst []byte, q localQuery) []byte {
	var text []byte
	for _, s := range infoSections {
		wanted := len(q.args) == 1
		for i := 1; i < len(q.args) && !wanted; i++ {
			wanted = q.is(i, s.name) || q.is(i, "default") || q.is(i, "all") || q.is(i, "everything")
		}
		if !wanted {
			continue
		}
		if len(text) > 0 {
			text = append(text, "\r\n"...)
		}
		text = s.write(text, c, q.env)
	}
	return AppendVerbatim(dst, c.version, text)
}

func infoServer(dst []byte, c *clientState, env *localEnv) []byte {
	up := int64(env.time().Sub(env.started) / time.Second)
	dst = append(dst, "# Server\r\n"...)
	dst = infoText(dst, "redis_version", env.redisVersion())
	dst = infoText(dst, "redis_mode", "standalone")
	dst = infoText(dst, "sidecar_version", env.version)
	dst = infoText(dst, "os", runtime.GOOS+" "+runtime.GOARCH)
	dst = infoInt(dst, "arch_bits", strconv.IntSize)
	dst = infoInt(dst, "process_id", int64(os.Getpid()))
	dst = infoText(dst, "run_id", env.id)
	dst = infoInt(dst, "tcp_port", int64(c.port))
	dst = infoInt(dst, "server_time_usec", env.time().UnixMicro())
	dst = infoInt(dst, "uptime_in_seconds", up)
	return infoInt(dst, "uptime_in_days", up/86400)
}

func infoClients(dst []byte, _ *clientState, env *localEnv) []byte {
	n := 1
	if env.clients != nil {
		n = env.clients()
	}
	dst = append(dst, "# Clients\r\n"...)
	dst = infoInt(dst, "connected_clients", int64(n))
	return infoInt(dst, "blocked_clients", 0)
}

func infoMemory(dst []byte, _ *clientState, _ *localEnv) []byte {
	dst = append(dst, "# Memory\r\n"...)
	dst = infoInt(dst, "maxmemory", 0)
	return infoText(dst, "maxmemory_policy", "noeviction")
}

// infoPersistence: clients wait until a server is not loading.
func infoPersistence(dst []byte, _ *clientState, _ *localEnv) []byte {
	dst = append(dst, "# Persistence\r\n"...)
	dst = infoInt(dst, "loading", 0)
	dst = infoInt(dst, "async_loading", 0)
	return infoInt(dst, "aof_enabled", 0)
}

func infoReplication(dst []byte, _ *clientState, _ *localEnv) []byte {
	dst = append(dst, "# Replication\r\n"...)
	dst = infoText(dst, "role", "master")
	dst = infoInt(dst, "connected_slaves", 0)
	dst = infoText(dst, "master_failover_state", "no-failover")
	return infoInt(dst, "master_repl_offset", 0)
}

func infoModules(dst []byte, _ *clientState, _ *localEnv) []byte {
	return append(dst, "# Modules\r\n"...)
}

// infoCluster: CLUSTER is answered, so that clients of clusters can connect too.
func infoCluster(dst []byte, _ *clientState, _ *localEnv) []byte {
	return infoInt(append(dst, "# Cluster\r\n"...), "cluster_enabled", 1)
}

func infoKeyspace(dst []byte, _ *clientState, _ *localEnv) []byte {
	return append(dst, "# Keyspace\r\n"...)
}

func infoText(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ':')
	return append(append(dst, value...), "\r\n"...)
}

func infoInt(dst []byte, name string, n int64) []byte {
	dst = append(append(dst, name...), ':')
	return append(strconv.AppendInt(dst, n, 10), "\r\n"...)
}
