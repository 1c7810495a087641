package resp

import "strconv"

// configAnswers are what CONFIG GET tells: what clients look at before they
// begin, as a server tells it that keeps nothing and drops nothing. They are the
// sidecar's: its servers may be set up otherwise, each in its own way.
var configAnswers = [][2]string{
	{"appendfsync", "everysec"},
	{"appendonly", "no"},
	{"client-query-buffer-limit", strconv.Itoa(DefaultMaxRequest)},
	{"cluster-enabled", "yes"},
	{"databases", "16"},
	{"maxclients", "10000"},
	{"maxmemory", "0"},
	{"maxmemory-policy", "noeviction"},
	{"notify-keyspace-events", ""},
	{"proto-max-bulk-len", strconv.Itoa(DefaultMaxBulk)},
	{"requirepass", ""},
	{"save", ""},
	{"slave-read-only", "yes"},
	{"replica-read-only", "yes"},
	{"timeout", "0"},
	{"tcp-keepalive", "300"},
}

func (c *clientState) config(dst []byte, sub string, q localQuery) []byte {
	if sub != "get" {
		return appendHelp(dst, "config")
	}
	n := 0
	var list []byte
	for i := range configAnswers {
		for j := 2; j < len(q.args); j++ {
			name := []byte(configAnswers[i][0])
			pattern := q.arg(j)
			if !glob(name, pattern) {
				continue
			}
			if len(pattern) == len(name) && !isGlob(pattern) {
				name = pattern // in the letters in which it was asked for
			}
			list = AppendBulk(AppendBulk(list, name), configAnswers[i][1])
			n++
			break
		}
	}
	return append(AppendMap(dst, c.version, n), list...)
}
