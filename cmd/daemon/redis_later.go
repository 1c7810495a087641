package daemon

import "sidecar/config"

// checkLater refuses what is read of Redis and has no effect yet.
func checkLater(f *config.File) (problems []config.Problem) {
	later := func(is bool, key string) {
		if is {
			problems = append(problems, f.ProblemAt(key, "is not in this version yet"))
		}
	}
	for _, l := range f.Listeners {
		r := l.Redis
		later(len(r.Allow)+len(r.Deny) > 0, l.Key+".redis.allow")
		later(len(r.AllowKeys)+len(r.DenyKeys) > 0, l.Key+".redis.allow_keys")
		later(r.Mirror != "", l.Key+".redis.mirror")
		for _, route := range l.Routes {
			later(route.Mirror != "", route.Key+".mirror")
		}
	}
	for _, u := range f.Upstreams {
		later(u.Protocol == config.ProtocolRedis && u.Redis.Topology != config.RedisSingle, u.Key+".redis.topology")
	}
	return problems
}
