package redisclients

// Unit is a unit of Redis' own suite that has tests for an external server.
type Unit struct {
	Name   string
	Except []Except
}

// Except are tests of a unit that a proxy cannot pass, for a reason.
type Except struct {
	Why   string
	Tests []string // names, or /patterns
}

// The reasons that more than one unit has.
const (
	itsOwn   = "CLIENT LIST, INFO, KILL and UNBLOCK are about the sidecar's clients, or refused"
	busy     = "PING is answered by the sidecar, so it does not tell that the server is busy with a script"
	greeting = "counts every command that the server gets: PING is not among them, those of the sidecar's connections are"
	listed   = "COMMAND does not list what is refused"
)

// Units are those that have tests for an external server. The others (acl,
// aofrw, cluster, maxmemory, oom-score-adj, tls and the like) start servers of
// their own. pause and tracking are about commands that are refused.
func Units() []Unit {
	return []Unit{
		{Name: "unit/dump"},
		{Name: "unit/protocol"},
		{Name: "unit/keyspace"},
		{Name: "unit/scan"},
		{Name: "unit/info-command"},
		{Name: "unit/type/string"},
		{Name: "unit/type/incr"},
		{Name: "unit/type/list", Except: []Except{{itsOwn, []string{"client unblock tests"}}}},
		{Name: "unit/type/list-3"},
		{Name: "unit/type/set"},
		{Name: "unit/type/zset"},
		{Name: "unit/type/hash"},
		{Name: "unit/type/stream"},
		{Name: "unit/type/stream-cgroups"},
		{Name: "unit/sort"},
		{Name: "unit/expire"},
		{Name: "unit/other", Except: []Except{
			{"SELECT of another database is refused in the sidecar's words", []string{"SELECT an out of range DB"}},
			{"CLIENT TRACKING, MONITOR and ACL SETUSER are refused", []string{"RESET clears client state", "RESET clears MONITOR state", "RESET clears authenticated state"}},
		}},
		{Name: "unit/multi", Except: []Except{{"CONFIG, SAVE and SHUTDOWN are refused", []string{"/^MULTI with (SAVE|SHUTDOWN|config error)"}}}},
		{Name: "unit/quit"},
		{Name: "unit/latency-monitor", Except: []Except{{greeting, []string{"LATENCY HISTOGRAM sub commands"}}}},
		{Name: "unit/pubsub"},
		{Name: "unit/slowlog", Except: []Except{
			{greeting, []string{"SLOWLOG - max entries is correctly handled", "SLOWLOG - GET optional argument to limit output len works", "SLOWLOG - Rewritten commands are logged as their original command"}},
		}},
		{Name: "unit/scripting", Except: []Except{
			{busy, []string{"/^Timedout "}},
			{"ACL SETUSER is refused", []string{"Script ACL check"}},
		}},
		{Name: "unit/functions", Except: []Except{
			{busy, []string{"FUNCTION - test function kill", "FUNCTION - test script kill not working on function", "FUNCTION - test function kill not working on eval"}},
		}},
		{Name: "unit/introspection", Except: []Except{
			{itsOwn, []string{"CLIENT LIST", "CLIENT INFO", "/^CLIENT KILL ", "After CLIENT SETNAME, connection can still be closed"}},
			{"MONITOR is refused", []string{"/^MONITOR "}},
		}},
		{Name: "unit/introspection-2", Except: []Except{
			{listed, []string{"/^COMMAND LIST FILTERBY ", "MIGRATE command is marked with movablekeys"}},
		}},
		{Name: "unit/bitops"},
		{Name: "unit/bitfield"},
		{Name: "unit/geo"},
		{Name: "unit/hyperloglog"},
		{Name: "unit/lazyfree"},
		{Name: "unit/violations"},
	}
}
