package daemon

import "sidecar/config"

// checkLater refuses what is read of Redis and has no effect yet.
func checkLater(f *config.File) (problems []config.Problem) {
	later := func(is bool, key string) {
		if is {
			problems = append(problems, f.ProblemAt(key, "is not in this version yet"))
		}
	}
	for _, u := range f.Upstreams {
		later(u.Protocol == config.ProtocolRedis && u.Redis.Topology != config.RedisSingle && u.Redis.Topology != config.RedisSharded, u.Key+".redis.topology")
	}
	return problems
}
