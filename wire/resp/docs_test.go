package resp

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/redis.md anew")

const docs = "../../docs/redis.md"

// The table of commands that users read is the one that is obeyed.
func TestDocsTellEveryCommand(t *testing.T) {
	var b strings.Builder
	b.WriteString(docsHead)
	for _, r := range Commands() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", strings.ToUpper(strings.ReplaceAll(r.Name, "|", " ")), treatmentText(&r), keysText(r.Keys), retriedText(&r))
	}
	if *update {
		if err := os.WriteFile(docs, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(docs)
	if err != nil || string(got) != b.String() {
		t.Errorf("%s is not what the table says (%v): go test ./wire/resp -run Docs -update", docs, err)
	}
}

const docsHead = `# Redis

## Which topology

| what you have | set | what tells of a wrong choice |
|---|---|---|
| one server, or several that each have all keys | nothing | errors with MOVED: it is a node of a cluster; READONLY: it is a replica |
| servers behind twemproxy | ` + "`topology = \"sharded\"`" + ` | keys that are not found: [compare](#moving-from-twemproxy) |
| Sentinels | ` + "`topology = \"sentinel\"`, `master`" + `; ` + "`discover`" + ` names Sentinels, not servers | ` + "`/discovery`, `/ready`" + ` and the log: what a Sentinel answered |
| a Redis Cluster | ` + "`topology = \"cluster\"`; `discover`" + ` names some of its nodes | the same: CLUSTER INFO was refused |

With the first two a command whose server is down, or refuses the password, fails at once. With the others it waits for a new master, up to
` + "`timeout`" + `, unless the password is refused or no Sentinel or node has ever said where the keys are.

## Moving from twemproxy

` + "`hash`, `distribution` and `hash_tag`" + ` have twemproxy's values and defaults (fnv1a_64, ketama, none). ` + "`distribution: random`" + ` has no counterpart.

| its servers | here |
|---|---|
| ` + "`10.0.0.1:6379:1`" + ` | ` + "`discover = \"tcp://10.0.0.1:6379,...\"`" + ` |
| ` + "`10.0.0.1:6379:2`" + ` | ` + "`10.0.0.1:6379?weight=2`" + ` in that list |
| ` + "`10.0.0.1:6379:2 one`" + ` | a [list](discovery.md#lists) with ` + "`name = \"one\"` and `weight = 2`" + `: ketama places keys by the names |

` + "`modula`" + ` counts servers in the order of their names, as twemproxy does. Let both run side by side and read through one what was written through the other.
redis-py 5 and later must be told ` + "`protocol=2, lib_name=None, lib_version=None`" + ` for twemproxy, and need neither here.

## Commands

How each command of Redis 7 is treated, outside of a session (a connection of the client's own, begun by a *pinned* command). This page
is written by ` + "`go test ./wire/resp -run Docs -update`" + `, out of the table that is obeyed.

* **local**: answered by the sidecar, in the bytes of a real server, without asking one. INFO, ROLE and CONFIG GET tell of the sidecar: a master
  that keeps and drops nothing. CLUSTER tells of one node that has all slots, at the address that the client connected to, so clients of
  clusters can be pointed here too. CLIENT LIST has the client itself alone. SELECT takes the upstream's database, and 0.
* **refused**: an error that says why. CLIENT TRACKING and NO-TOUCH are refused to be switched on, as connections are shared.
* **Commands that are not here** (of modules, of later versions): a server is asked for them once (COMMAND INFO). Those with keys at fixed places are
  forwarded by them, those that wait are pinned; those without keys, for administrators or of publishing are refused.
* COMMAND lists what can be used: not what is refused or denied, nor what is younger than the version that HELLO and INFO tell.
* **pinned** commands begin a session on a server's connection that nobody else has meanwhile, and which is cleaned afterwards: a transaction until
  EXEC or DISCARD, WATCH until the keys are forgotten, subscriptions until the last is ended, a command that waits until its reply. In
  MULTI commands that are local or subscribe are refused, but PING and ECHO, and EXEC then fails with EXECABORT. HELLO and CLIENT REPLY are refused in sessions.
  With several servers a session is at one of them: other keys get CROSSSLOT, and WAIT, and in sessions commands for all servers, are refused. A client that
  loses its server while it watches keys or is subscribed is closed, as by Redis. A subscriber that lets 32 MiB of messages lie is closed. Subscriptions outlive
  idle_timeout; a drain closes subscribers at once. While subscribed with RESP3 other commands are served, by the same server.
* **Allow and deny** take commands ("get"), subcommands ("config|get"; "config" is all of them) and categories as ACL CAT has them ("@write"). What
  is local need not be allowed. Where keys are limited by their beginnings, commands whose keys cannot be told are denied, and SORT's BY and GET;
  commands without keys (KEYS, SCAN, FLUSHALL) and the insides of scripts are not looked at, as with Redis' own users: deny those by name.

## What was run through it

` + "`make conformance`" + ` runs these through the sidecar, and beforehand against the server itself, where all of them pass, too.

| Client | Versions | One server, Sentinels | Cluster of six nodes | As a client of clusters |
|---|---|---|---|---|
| redis-py 8.1.0 | RESP2, RESP3 | all 17 checks | all; WAIT is refused | all 10 |
| node-redis 6.3.1 | RESP2, RESP3 | all 19 | all | all 12 |
| ioredis 6.0.0 | RESP2, RESP3 | all 19 | all | all 12 |
| Jedis 8.0.2 | RESP2, RESP3 | all 14 | all | all 6 |
| Lettuce 7.7.0 | RESP2, RESP3 | all 14 | all | all 5 |
| go-redis 9.22.0 | RESP2, RESP3 | all 15 | all | all 12 |
| rueidis 1.0.79 | RESP2, RESP3 | all 13, with DisableCache | all | all 12 |
| hiredis 0.14.1 | RESP2 | all 13 | all | |
| redis-cli, redis-benchmark | RESP2, RESP3 | --pipe, --scan, MULTI; -P 16 | all | |

Checked are what clients send to connect, pipelines (with errors in them), many keys, transactions (WATCH that fails and succeeds, aborted, discarded),
scripts, subscriptions (patterns, sharded), commands that wait, streams, SCAN, values of 8 MiB, the texts of errors, and a crowd of connections. A rueidis that
keeps replies itself (client-side caching) is told to set DisableCache: CLIENT TRACKING is refused. A subscribed connection is of one server: on a
cluster, sharded channels of another slot want a connection of their own.

**Redis' own test suite** (7.0.15, ` + "`runtest --host --singledb --tags \"-slow -needs:debug -needs:repl\"`" + `), with CONFIG, INFO, SLOWLOG, LATENCY, DEBUG, SCRIPT KILL and the like
sent to the server itself: all tests for external servers pass of dump, protocol, keyspace, scan, info-command, type/string, type/incr, type/list, type/list-3, type/set,
type/zset, type/hash, type/stream, type/stream-cgroups, sort, expire, other, multi, quit, latency-monitor, pubsub, slowlog, scripting, functions, introspection,
introspection-2, bitops, bitfield, geo, hyperloglog, lazyfree and violations, 1,620 tests in 5 minutes, but for the tests below.

| Unit | Left out | Why |
|---|---|---|
| type/list | client unblock | CLIENT UNBLOCK is refused |
| other | SELECT out of range; RESET of tracking, MONITOR and users | refused in the sidecar's words |
| multi | MULTI with SAVE, SHUTDOWN, CONFIG | refused |
| latency-monitor, slowlog | 4 that count commands | PING is answered here, and the greeting of the sidecar's connections is counted |
| scripting, functions | timed out scripts (7), ACL | PING is answered here, and does not tell BUSY; users are refused |
| introspection | CLIENT LIST, INFO, KILL of others; MONITOR | about the sidecar's own clients, or refused |
| introspection-2 | COMMAND LIST by filter, MIGRATE | COMMAND does not list what is refused |
| pause, tracking | all | CLIENT PAUSE and TRACKING are refused |
| acl, aofrw, cluster, maxmemory, tls, ... | all | they start servers of their own |

## Commands

| Command | Treatment | Keys | Retried |
|---|---|---|---|
`

func treatmentText(r *Row) string {
	switch r.Treatment {
	case Refuse:
		return "refused: " + r.Why
	case FanOut:
		return "fanned out: " + r.Fan.String()
	case Anywhere:
		return "forwarded to any server"
	case PinIfBlocking:
		return "forwarded; pinned with BLOCK"
	}
	return r.Treatment.String()
}

func keysText(k Keys) string {
	switch k {
	case noKeys:
		return ""
	case oneKey:
		return "1"
	case twoKeys:
		return "1, 2"
	case allKeys:
		return "all"
	case pairKeys:
		return "every other"
	case allButLast:
		return "all but the last"
	case secondArg:
		return "2"
	case fromSecond:
		return "from 2"
	}
	return "by its arguments"
}

func retriedText(r *Row) string {
	switch {
	case r.Treatment == Refuse || r.Treatment == Local || r.Treatment == Pin:
		return ""
	case r.Idempotent() && r.Treatment == PinIfBlocking:
		return "without BLOCK"
	case r.Idempotent():
		return "yes"
	}
	return "if unsent"
}
