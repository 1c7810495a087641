package main

// The shape of Redis workloads: few clients that all work, as a service's
// connection pool does.
const askers = 50

// redis is RESP2 on both sides and one server behind it. Peers that share
// connections to it have one, or one a thread; HAProxy and the byte copy have one a
// client and parse nothing.
func redis() suite {
	return suite{
		name: "Redis", backends: redisBackends(), client: "asker.c", subject: redisSidecar(), conns: 4096,
		peers: []server{twemproxy(), haproxyTCP(), envoyRedis(), predixy(), byteCopy()},
		workloads: []workload{
			commands(askers, 1, 100),
			commands(askers, 16, 100),
			commands(askers, 1, kib),
			commands(askers, 16, kib),
			more(commands(1, 1, 100)),
			more(commands(1, 16, 100)),
			more(commands(500, 1, 100)),
			more(commands(500, 16, 100)),
		},
	}
}

// commands is a load of so many clients that each send so many commands at once
// and wait for all of their replies: SET and GET by turns, values of so many bytes.
func commands(conns, depth, body int) workload {
	w := workload{
		name:  plural(conns, "connection") + ", " + pipeline(depth) + ", SET and GET of " + size(body),
		conns: conns, depth: depth, body: body, load: asker, ask: askRedis, counts: openMost,
	}
	if conns == askers {
		w.goals = []goal{{"twemproxy", cpuTime, 1.0}}
		if depth > 1 {
			w.goals = []goal{{"twemproxy", cpuTime, 0.40}}
		}
	}
	return w
}

func pipeline(depth int) string {
	if depth == 1 {
		return "one command at a time"
	}
	return plural(depth, "command") + " at a time"
}

// redisIdle is how much memory clients cost that do nothing. Peers that keep a
// connection to the server for each client are left out: two descriptors a client
// are more than a process may have here.
func redisIdle() suite {
	n := min(10_000, (fileLimit()-spareFiles)/100*100)
	return suite{
		name: "Redis, idle connections", backends: redisBackends(), subject: redisSidecar(), conns: n + 500,
		peers: []server{twemproxy(), envoyRedis(), predixy()},
		workloads: []workload{
			{name: thousands(n) + " idle clients of Redis", body: 100, hold: n, ask: askRedis, greet: greetRedis},
		},
	}
}
