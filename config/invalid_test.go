package config

import (
	"errors"
	"strings"
	"testing"
)

type invalidFile struct{ name, src, want string }

// invalidFiles are files and all that is wrong with them. Those that begin with
// a line end have the least that runs put before, which has six lines, so that
// they begin on the seventh.
func invalidFiles() []invalidFile {
	all := append(syntaxFiles(), keyFiles()...)
	all = append(all, valueFiles()...)
	all = append(all, referenceFiles()...)
	all = append(all, crossFiles()...)
	all = append(all, peersFiles()...)
	all = append(all, guardFiles()...)
	for i, c := range all {
		if strings.HasPrefix(c.src, "\n") {
			all[i].src = small + c.src[1:]
		}
	}
	return all
}

func TestInvalidFilesAreRefusedWithEveryProblem(t *testing.T) {
	for _, c := range invalidFiles() {
		t.Run(c.name, func(t *testing.T) {
			f, err := Parse("c.toml", []byte(c.src))
			var bad *Invalid
			if f != nil || !errors.As(err, &bad) {
				t.Fatalf("got a file %v and the error %v", f != nil, err)
			}
			want := strings.TrimSpace(c.want)
			var lines []string
			for line := range strings.Lines(want) {
				lines = append(lines, "c.toml:"+strings.TrimSpace(line))
			}
			if want = strings.Join(lines, "\n"); bad.Error() != want {
				t.Errorf("got\n%s\nwant\n%s", bad.Error(), want)
			}
		})
	}
}

func peersFiles() []invalidFile {
	at := func(peers string) string { return "\n[upstream.u.balance]\npeers = " + peers }
	return []invalidFile{
		{"peers of another kind", at("3"), `8: upstream.u.balance.peers: expected a URI such as "file:///etc/own-service.toml", a table such as { index = 3, total = 10 }, or "", got the number 3`},
		{"peers of no scheme", at(`"own:80"`), `8: upstream.u.balance.peers: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "own:80"; did you mean "tcp://own:80"?`},
		{"index that is too large", at("{ index = 10, total = 10 }"), `8: upstream.u.balance.peers.index: expected an index below total (10), since the first is 0, got 10`},
		{"negative index", at("{ index = -1, total = 10 }"), `8: upstream.u.balance.peers.index: expected a whole number from 0 to 99999, got -1`},
		{"no total", at("{ index = 1 }"), `8: upstream.u.balance.peers.index: missing: expected total, with index or without it, or discover`},
		{"nothing of peers", at("{ }"), `8: upstream.u.balance.peers.index: missing: expected total, with index or without it, or discover`},
		{"two ways to a place", at(`{ total = 3, discover = "tcp://a:1" }`), `8: upstream.u.balance.peers.discover: expected either discover or total, not both: the place is what the one says or the other`},
		{"self without discover", at(`{ total = 3, self = "a:1" }`), `8: upstream.u.balance.peers.self: has a meaning only beside discover`},
		{"self without port", at(`{ discover = "tcp://a:1", self = "a" }`), `8: upstream.u.balance.peers.self: expected the address under which this process is announced, such as "10.0.0.1:8080", got "a"`},
		{"unknown key of peers", at(`{ totl = 3 }`), `
			8: upstream.u.balance.peers.index: missing: expected total, with index or without it, or discover
			8: upstream.u.balance.peers.totl: unknown key; did you mean "total"?`},
	}
}

func syntaxFiles() []invalidFile {
	return []invalidFile{
		{"no value", "[process]\ngrace =\n", `2: process.grace: not TOML: expected value but found '\n' instead; text, durations and sizes stand in quotes, such as "10s"`},
		{"list without brackets", "[admin]\nhosts = \"a\", \"b\"\n", `2: not TOML: expected a top-level item to end with a newline, comment, or EOF, but got ',' instead; several values stand in brackets, such as ["a", "b"]`},
		{"value without quotes", "[process]\ngrace = 10s\n", `2: not TOML: expected a top-level item to end with a newline, comment, or EOF, but got 's' instead; text, durations and sizes stand in quotes, such as "10s"`},
		{"no equals sign", "[process]\ngrace \"1s\"\n", `2: process: not TOML: expected '.' or '=', but got '"' instead; a setting is written name = value`},
		{"table name without end", "[process]\ngrace = \"1s\"\n[upstream.web\ntimeout = \"1s\"", `3: not TOML: expected '.' or ']' to end table name, but got '\n' instead, in "[upstream.web"`},
		{"table name with a space", "[process]\ngrace = \"1s\"\n[upstream web]", `3: not TOML: expected '.' or ']' to end table name, but got 'w' instead, in "[upstream web]"`},
		{"element of a list", "[process]\nhosts = [\"a\",\n \"b\n]", `3: process.hosts: not TOML: strings cannot contain newlines`},
		{"key twice", "[process]\ngrace = \"1s\"\ngrace = \"2s\"\n", `3: process.grace: not TOML: Key 'process.grace' has already been defined; remove one of the two`},
		{"not UTF-8", "\n\xff", `7: upstream.u: not TOML: invalid UTF-8 byte: 0xff`},
		{"string without end", "a = \"x\nb = 1", `1: a: not TOML: strings cannot contain newlines`},
		{"nested without end", "\nx = " + strings.Repeat("[", 1<<19), `7: nested too deeply: more than 16 values in each other or names joined by dots`},
		{"too large", strings.Repeat("#", maxFile+1), `1: the file is larger than the limit of 1MiB`},
	}
}

func keyFiles() []invalidFile {
	return []invalidFile{
		{"empty", "", `1: listener: missing: expected at least one [[listener]]`},
		{"no element", "listener = []", `1: listener: missing: expected at least one [[listener]]`},
		{"unknown key with a near one", "\ntimeuot = \"1s\"", `7: upstream.u.timeuot: unknown key; did you mean "timeout"?`},
		{"unknown key in other case", "\nTimeout = \"1s\"", `7: upstream.u.Timeout: unknown key; did you mean "timeout"?`},
		{"unknown key with none near", "\n[process]\nfrobnicate = 1", `8: process.frobnicate: unknown key; known here: threads, grace, state_dir, log_level, zone, initial_timeout, peers`},
		{"unknown table", "\n[upstreams.x]", `7: upstreams: unknown key; did you mean "upstream"?`},
		{"unknown dotted key", "\npool.max_waitersx = 1", `7: upstream.u.pool.max_waitersx: unknown key; did you mean "max_waiters"?`},
		{"unknown key of another table", "grace = \"1s\"\n\n[process]\nmax_connections = 1\nmax_ejected = 1\n[[listener]]\nname = \"l\"\naddress = \":80\"\nupstream = \"u\"\nconnect_timeout = \"1s\"\n[upstream.aa]\ndiscover = \"tcp://a:1\"\n[upstream.u]\ndiscover = \"tcp://a:1\"\nhigh_watermark = 1", `
			1: grace: unknown key here; it belongs in [process]
			4: process.max_connections: unknown key here; it belongs in [[listener]]
			5: process.max_ejected: unknown key here; it belongs in [upstream.u.breaker]
			10: listener "l": connect_timeout: unknown key here; it belongs in [upstream.u]
			15: upstream.u.high_watermark: unknown key here; it belongs in [upstream.u.pool]`},
		{"unknown key in an inline table", "\nretry = { on = [],\n  bugdet = 1 }", `8: upstream.u.retry.bugdet: unknown key; did you mean "budget"?`},
		{"unknown key of an operation", "\n[upstream.u.operation.\"GET /\"]\nidempotant = true", `8: upstream.u.operation."GET /".idempotant: unknown key; did you mean "idempotent"?`},
		{"operations that no request matches", "\n[upstream.u.operation.\"/search\"]\n[upstream.u.operation.\"GET search\"]\n[upstream.u.operation.GET]\n[upstream.u.operation.\"OPTIONS *\"]", `
			7: upstream.u.operation."/search": expected a method and the beginning of a path, such as "GET /search" or "GET /" for all of GET, got "/search", which no request matches
			8: upstream.u.operation."GET search": expected a method and the beginning of a path, such as "GET /search" or "GET /" for all of GET, got "GET search", which no request matches
			9: upstream.u.operation.GET: expected a method and the beginning of a path, such as "GET /search" or "GET /" for all of GET, got "GET", which no request matches`},
		{"single brackets", "[listener]\nname = \"l\"", `1: listener: expected tables opened by [[listener]], with two brackets, got a table`},
		{"double brackets", "\n[[admin]]", `7: admin: expected a table, [admin], got a list of tables`},
		{"upstream without a name", "\n[upstream]\ndiscover = \"tcp://a:1\"", `8: upstream.discover: expected a table, [upstream.discover], got the string "tcp://a:1"`},
		{"route in single brackets", "[[listener]]\nname = \"l\"\naddress = \":80\"\n[listener.route]\nupstream = \"u\"\n[upstream.u]\ndiscover=\"tcp://a:1\"",
			`4: listener "l": route: expected tables opened by [[listener.route]], with two brackets, got a table`},
		{"missing keys", "[[listener]]\n[[listener]]\nname = \"l\"\naddress = \":80\"\n[[listener.route]]\n[upstream.u]", `
			1: listener[0].name: missing: expected a name of its own, such as "web"
			1: listener[0].address: missing: expected "host:port" or "unix:/path"
			1: listener[0].upstream: missing: expected the name of an upstream, or a [[listener.route]]
			5: listener "l": route[0].match: missing: expected at least one of host, path_prefix, method, header; to match everything, set the listener's upstream
			5: listener "l": route[0].upstream: missing: expected the name of an upstream
			6: upstream.u.discover: missing: expected a URI such as "tcp://10.0.0.1:8080,10.0.0.2:8080", or a list of them`},
		{"empty upstreams", "[[listener]]\nname = \"l\"\naddress = \":80\"\nupstream = \"\"\n[[listener]]\nname = \"m\"\naddress = \":81\"\n[[listener.route]]\nmatch = { method = \"GET\" }\nupstream = \"\"", `
			4: listener "l": upstream: missing: expected the name of an upstream, or a [[listener.route]]
			10: listener "m": route[0].upstream: expected the name of an upstream, got ""`},
	}
}

func valueFiles() []invalidFile {
	return append(numberFiles(), []invalidFile{
		{"wrong types, all of them told", "\ntimeout = 10\nstall_timeout = true\nbalance = [1]\n[upstream.u.pool]\nmax_waiters = \"many\"\n[upstream.u.retry]\nbudget = \"20%\"\non = \"connect\"\n[admin]\nactions = \"yes\"\nhosts = [1]\naddress = 1979-05-27\n[process]\nthreads = 1.5\nlog_level = 3", `
			7: upstream.u.timeout: expected a duration such as "250ms", got the number 10; did you mean "10s"?
			8: upstream.u.stall_timeout: expected a duration such as "250ms", got true
			9: upstream.u.balance: expected a table, [upstream.u.balance], got a list
			11: upstream.u.pool.max_waiters: expected a whole number, got the string "many"
			13: upstream.u.retry.budget: expected a number, got the string "20%"
			14: upstream.u.retry.on: expected a list of strings, got the string "connect"
			16: admin.actions: expected true or false, got the string "yes"
			17: admin.hosts[0]: expected a string, got the number 1
			18: admin.address: expected a string, got a date or time
			20: process.threads: expected a whole number, got the number 1.5
			21: process.log_level: expected a string, got the number 3`},
		{"names to choose from", "\nprotocol = \"htpp\"\n[upstream.u.balance]\npolicy = \"meglev\"\nload = \"peak_ewmas\"\n[process]\nlog_level = \"verbose\"\n[upstream.u.retry]\non = [\"5xx\",\n  \"conect\", \"5xx\"]", `
			7: upstream.u.protocol: expected one of "http", "thrift", "thriftmux", "redis", "kafka", got "htpp"; did you mean "http"?
			9: upstream.u.balance.policy: expected one of "aperture", "least_loaded", "p2c", "ring_hash", "maglev", got "meglev"; did you mean "maglev"?
			10: upstream.u.balance.load: expected one of "pending", "peak_ewma", got "peak_ewmas"; did you mean "peak_ewma"?
			12: process.log_level: expected one of "debug", "info", "warn", "error", got "verbose"
			15: upstream.u.retry.on[1]: expected one of "connect", "rejected", "reset", "timeout", "5xx", got "conect"; did you mean "connect"?`},
		{"loads that a policy cannot count", "\n[upstream.u.balance]\npolicy = \"least_loaded\"\nload = \"peak_ewma\"\ndecay = \"0s\"", `
			8: upstream.u.balance.policy: "least_loaded" counts requests only: set load to "pending", or policy to "aperture" or "p2c"
			10: upstream.u.balance.decay: expected more than "0s"`},
		{"hashing without a part", "\n[upstream.u.balance]\npolicy = \"maglev\"\nbounded_load = 0.9", `
			8: upstream.u.balance.policy: missing: "maglev" goes by a part of the request: set hash to "header:NAME", "cookie:NAME", "path:N", "query:NAME" or "client"`},
		{"bound below the average", "\n[upstream.u.balance]\npolicy = \"maglev\"\nhash = \"client\"\nbounded_load = 0.9", `
			10: upstream.u.balance.bounded_load: expected 0 for no bound, or more than 1, such as 1.25: the average itself cannot be the most, got 0.9`},
		{"a part without hashing", "\n[upstream.u.balance]\npolicy = \"p2c\"\nhash = \"client\"\nbounded_load = 2", `
			9: upstream.u.balance.hash: "p2c" does not go by a part of the request: leave hash out, or set policy to "ring_hash" or "maglev"
			10: upstream.u.balance.bounded_load: only "ring_hash" and "maglev" have a bound: leave it out`},
		{"in the list twice", "\nretry.on = [\"5xx\", \"5xx\"]", `7: upstream.u.retry.on[1]: "5xx" is in the list twice`},
		{"protocols that do not meet", "\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:81\"\nupstream = \"u\"\nprotocol = \"kafka\"\nhalf_close = \"cancle\"", `
			10: listener "m": upstream: the listener speaks kafka and upstream "u" http: they do not understand each other
			12: listener "m": half_close: expected one of "finish", "cancel", got "cancle"; did you mean "cancel"?`},
		{"source with spaces", "\n[upstream.v]\ndiscover = \"tcp://a:1, b:2\"", `8: upstream.v.discover: expected a URI without spaces, got "tcp://a:1, b:2"; did you mean "tcp://a:1,b:2"?`},
		{"sources", "\n[upstream.a]\ndiscover = \"etcd://a:1/x\"\n[upstream.b]\ndiscover = [\"tpc://a:1\",\n \"http://a\",\n \"10.0.0.1:80\", \"x\", \"tcp://\"]\n[upstream.c]\ndiscover = []\n[upstream.d]\ndiscover = 3", `
			8: upstream.a.discover: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "etcd://a:1/x"
			10: upstream.b.discover[0]: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "tpc://a:1"; did you mean "tcp"?
			11: upstream.b.discover[1]: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "http://a"; did you mean "tcp://a"? (addresses with their ports, no path)
			12: upstream.b.discover[2]: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "10.0.0.1:80"; did you mean "tcp://10.0.0.1:80"?
			12: upstream.b.discover[3]: expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got "x"
			12: upstream.b.discover[4]: expected something after the scheme, got "tcp://"
			14: upstream.c.discover: expected at least one URI, got an empty list
			16: upstream.d.discover: expected a URI such as "tcp://10.0.0.1:8080,10.0.0.2:8080", or a list of them, got the number 3`},
		{"names", "[[listener]]\nname = \"a b\"\naddress = \":80\"\nupstream = \"x/y\"\n[upstream.\"x/y\"]\ndiscover = \"tcp://a:1\"\n[upstream.\"x/y\".operation.\"\"]", `
			2: listener[0].name: expected a name of 1 to 64 of the characters A-Z a-z 0-9 _ . -, got "a b"
			5: upstream."x/y": expected a name of 1 to 64 of the characters A-Z a-z 0-9 _ . -, got "x/y"
			7: upstream."x/y".operation."": expected an operation of 1 to 256 characters, such as "GET /search", got ""`},
		{"addresses", "\n[admin]\naddress = \"\"\nprobe_address = \"9991\"\nhosts = [\"a:1\"]\n[[listener]]\nname = \"m\"\nupstream = \"u\"\naddress = \"unix:run/x\"\n[[listener]]\nname = \"n\"\nupstream = \"u\"\naddress = \"127.0.0.1:http\"", `
			8: admin.address: expected "host:port", "unix:/path" or "off", got ""
			9: admin.probe_address: expected "host:port" or "unix:/path", got "9991"
			10: admin.hosts[0]: expected a host name without a port, such as "example.com", got "a:1"
			14: listener "m": address: expected "unix:" and an absolute path, such as "unix:/run/web.sock", got "unix:run/x"
			18: listener "n": address: expected a port from 0 to 65535 after the last colon, got "127.0.0.1:http"`},
		{"matches", "\n[[listener]]\nname = \"m\"\naddress = \":81\"\n[[listener.route]]\nupstream = \"u\"\nmatch = { host = \"a.*.b\", path_prefix = \"v2\", method = \"get\", header = { \"A b\" = \"x\", c = \"x \", C = \"y\" }, port = 3 }\n[[listener.route]]\nupstream = \"u\"\nmatch = \"/\"", `
			12: listener "m": route[0].match.host: expected "*." only at the beginning, such as "*.example.com", got "a.*.b"
			12: listener "m": route[0].match.path_prefix: expected a path that begins with "/" and has no query, such as "/v2/", got "v2"
			12: listener "m": route[0].match.method: methods are case-sensitive, got "get"; did you mean "GET"?
			12: listener "m": route[0].match.header."A b": header name: expected letters, digits and - or _ only, got "A b"
			12: listener "m": route[0].match.header.c: the same header as "C": case does not matter in names of headers
			12: listener "m": route[0].match.header.c: expected a value without control characters and without space around it, got "x "
			12: listener "m": route[0].match.port: unknown key; known here: host, path_prefix, method, header
			15: listener "m": route[1].match: expected a table, [listener.route.match], got the string "/"`},
	}...)
}

func numberFiles() []invalidFile {
	return []invalidFile{
		{"durations", "\ntimeout = \"10\"\nstall_timeout = \"-1s\"\nattempt_timeout = \"soon\"\nconnect_timeout = \"0s\"\n[upstream.u.breaker]\nwindow = \"9000h\"\n[upstream.u.balance]\njitter = \"4m\"", `
			7: upstream.u.timeout: expected a duration such as "250ms", got "10", which has no unit (ms, s, m, h)
			8: upstream.u.stall_timeout: expected a duration that is not negative, got "-1s"
			9: upstream.u.attempt_timeout: expected a duration such as "250ms", got "soon"
			10: upstream.u.connect_timeout: expected more than "0s"
			12: upstream.u.breaker.window: expected a duration of at most 8760h, got "9000h"
			14: upstream.u.balance.jitter: expected a range of durations such as "120s..240s", or "0s" for off, got "4m"`},
		{"range the wrong way", "\nbalance.jitter = \"4m..2m\"", `7: upstream.u.balance.jitter: expected a range from the shorter to the longer, got "4m..2m"`},
		{"range from zero", "\nbalance.jitter = \"0s..2m\"", `7: upstream.u.balance.jitter: expected a range that begins above 0s, or "0s" for off, got "0s..2m"`},
		{"range of half", "\nbalance.jitter = \"1s..\"", `7: upstream.u.balance.jitter: expected a duration such as "250ms", got ""`},
		{"range of a number", "\nbalance.jitter = 3", `7: upstream.u.balance.jitter: expected a range of durations such as "120s..240s", got the number 3`},
		{"numbers out of range", "\n[process]\nthreads = -1\n[upstream.u.retry]\nmax_retries = 8\nbudget = 1.5\n[upstream.u.breaker]\nsuccess_rate = -0.1\nmax_ejected = nan\nmin_requests = 0", `
			8: process.threads: expected a whole number from 0 to 1024, got -1
			10: upstream.u.retry.max_retries: expected a whole number from 0 to 7, got 8
			11: upstream.u.retry.budget: expected a number from 0 to 1, got 1.5
			13: upstream.u.breaker.success_rate: expected a number from 0 to 1, got -0.1
			14: upstream.u.breaker.max_ejected: expected a number from 0 to 1, got NaN
			15: upstream.u.breaker.min_requests: expected a whole number from 1 to 1000000, got 0`},
		{"size of unknown unit", "\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:2\"\nupstream = \"u\"\nmax_held_body = \"64KB\"", `11: listener "m": max_held_body: expected a size such as "64KiB" (units B, KiB, MiB, GiB), got "64KB"`},
		{"size out of range", "\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:2\"\nupstream = \"u\"\nmax_held_body = \"17MiB\"", `11: listener "m": max_held_body: expected a size from 0B to 16MiB, got "17MiB"`},
		{"size that overflows", "\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:2\"\nupstream = \"u\"\nmax_held_body = \"17179869184GiB\"", `11: listener "m": max_held_body: expected a size from 0B to 16MiB, got "17179869184GiB"`},
		{"negative size", "\n[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:2\"\nupstream = \"u\"\nmax_held_body = -1", `11: listener "m": max_held_body: expected a size from 0B to 16MiB, got "-1"`},
	}
}

func referenceFiles() []invalidFile {
	return []invalidFile{
		{"upstream that is not there", "[[listener]]\nname = \"l\"\naddress = \":80\"\nupstream = \"wbe\"\n[[listener.route]]\nmatch = { path_prefix = \"/\" }\nupstream = \"users\"\n[upstream.web]\ndiscover = \"tcp://a:1\"", `
			4: listener "l": upstream: there is no upstream "wbe"; did you mean "web"?
			7: listener "l": route[0].upstream: there is no upstream "users"; add [upstream.users]`},
		{"name and address twice", "\n[[listener]]\nname = \"l\"\nupstream = \"u\"\naddress = \":080\"\n[[listener]]\nname = \"m\"\nupstream = \"u\"\naddress = \"127.0.0.1:9990\"\n[admin]\nprobe_address = \"127.0.0.1:9990\"", `
			8: listener[1].name: "l" is already the name of listener[0] (line 1): set another
			10: listener[1].address: ":080" is already taken by listener[0].address (line 3): set another
			14: listener "m": address: "127.0.0.1:9990" is already taken by admin.address (default): set another
			16: admin.probe_address: "127.0.0.1:9990" is already taken by admin.address (default): set another`},
	}
}

func crossFiles() []invalidFile {
	return []invalidFile{
		{"low_load", "\nbalance.low_load = 2", `7: upstream.u.balance.low_load: low_load (2) must be less than high_load (2)`},
		{"high_load", "\nbalance.high_load = 0.5\nbalance.low_load = 0.5", `7: upstream.u.balance.high_load: low_load (0.5) must be less than high_load (0.5)`},
		{"sizes", "\nbalance.min_size = 3\nbalance.max_size = 2", `8: upstream.u.balance.max_size: min_size (3) must not be greater than max_size (2)`},
		{"watermarks", "\npool.low_watermark = 101", `7: upstream.u.pool.low_watermark: low_watermark (101) must not be greater than high_watermark (100)`},
		{"backoffs", "\nbreaker.max_backoff = \"4s\"", `7: upstream.u.breaker.max_backoff: min_backoff (5s) must not be longer than max_backoff (4s)`},
		{"backoffs of retries", "\nretry.backoff = \"1s\"", `7: upstream.u.retry.backoff: backoff (1s) must not be longer than max_backoff (250ms)`},
		{"hedges", "\n[upstream.u.hedge]\nmode = \"yes\"\npercentile = 80\nmin_delay = \"-1ms\"\nmax_extra = 0", `
			8: upstream.u.hedge.mode: expected one of "off", "dark", "on", got "yes"
			9: upstream.u.hedge.percentile: expected a number from 90 to 99.9, got 80
			10: upstream.u.hedge.min_delay: expected a duration that is not negative, got "-1ms"
			11: upstream.u.hedge.max_extra: expected more than 0: for no hedges set mode = "off"`},
		{"hedge of what must not be sent twice", "\n[upstream.u.operation.\"GET /\"]\nidempotent = false\nhedge = true",
			`9: upstream.u.operation."GET /".hedge: only an idempotent operation is sent a second time: remove hedge, or set idempotent = true if it can be executed twice without harm`},
		{"timeouts of an operation", "\n[upstream.u.operation.\"GET /\"]\nattempt_timeout = \"1m\"\nmax_retries = 8\non = [\"5xy\"]", `
			8: upstream.u.operation."GET /".attempt_timeout: attempt_timeout (1m) must not be longer than timeout (10s)
			9: upstream.u.operation."GET /".max_retries: expected a whole number from 0 to 7, got 8
			10: upstream.u.operation."GET /".on[0]: expected one of "connect", "rejected", "reset", "timeout", "5xx", got "5xy"; did you mean "5xx"?`},
		{"timeouts", "\nattempt_timeout = \"1m\"", `7: upstream.u.attempt_timeout: attempt_timeout (1m) must not be longer than timeout (10s)`},
		{"what has a problem is not compared", "\npool.low_watermark = 101\npool.high_watermark = 0", `8: upstream.u.pool.high_watermark: expected a whole number from 1 to 65535, got 0`},
	}
}

func TestWhatOnlyLooksContradictoryIsTaken(t *testing.T) {
	for _, src := range []string{
		"timeout = \"0s\"\nattempt_timeout = \"1m\"", "balance.min_size = 3", "pool.low_watermark = 100", "breaker.min_backoff = \"60s\"",
		"[[listener]]\nname = \"m\"\naddress = \"127.0.0.1:0\"\nupstream = \"u\"\n[[listener]]\nname = \"n\"\naddress = \"127.0.0.1:0\"\nupstream = \"u\"",
	} {
		if _, err := Parse("c.toml", []byte(small+src)); err != nil {
			t.Error(err)
		}
	}
}
