package config

import (
	"slices"
	"strings"
	"time"
)

const (
	maxRedisConnections = 64       // shared, to one endpoint
	minRedisBytes       = 64 << 10 // bytes of a request or a reply
	maxRedisBytes       = 512 << 20
	maxRedisCommands    = 1000 // names in one list
	maxRedisPrefixes    = 1000 // prefixes of keys in one list
	maxRedisPrefix      = 256  // bytes of one
	maxRedisDatabase    = 1 << 20
	maxRedisHashTag     = 2 // bytes: what begins it and what ends it
)

// How the keys of an upstream of ProtocolRedis lie on its endpoints.
const (
	RedisSingle   = "single"   // each endpoint has all of them
	RedisSharded  = "sharded"  // by their hash
	RedisSentinel = "sentinel" // on a master, which Sentinels name, and its replicas
	RedisCluster  = "cluster"  // as the servers say
)

// How keys are dealt out with RedisSharded.
const (
	RedisKetama = "ketama" // as twemproxy does
	RedisModula = "modula" // as twemproxy does
	RedisSlot   = "slot"   // slots as Redis Cluster has, in equal ranges
)

// Where reads of an upstream with replicas go.
const (
	RedisReadMaster        = "master"
	RedisReadPreferReplica = "prefer_replica"
	RedisReadReplica       = "replica"
	RedisReadAny           = "any"
)

// What an MGET gets of which one part fails.
const (
	RedisWhole = "whole" // one error
	RedisNull  = "null"  // nulls in the places of that part
)

// RedisClients says what clients of a listener of ProtocolRedis may do.
type RedisClients struct {
	RESP3      bool
	Username   string // beside "default", which always is
	Password   Secret // zero = none is asked for
	MaxRequest int64  // bytes of a command
	Allow      []string
	Deny       []string // commands, subcommands ("client|setname") and categories ("@write")
	AllowKeys  []string // prefixes; none = every key
	DenyKeys   []string
	MaskKeys   bool   // /why has no keys
	Mirror     string // the upstream that gets a copy of writes that no route matches; "" = none
}

// Redis says how Redis is spoken to the endpoints of an upstream.
type Redis struct {
	Topology    string // one of the four
	Username    string // "" = the password alone
	Password    Secret
	Database    int
	Connections int   // shared, to one endpoint and for each version of the protocol
	MaxReply    int64 // bytes
	Sharding    Sharding
	Sentinel    Sentinel
	Read        string // one of the four
	MGetErrors  string // RedisWhole or RedisNull
	Refresh     time.Duration
}

// keyed tells whether the key of a command says which endpoint it goes to.
func (r Redis) keyed() bool { return r.Topology != "" && r.Topology != RedisSingle }

// Sharding says by what keys are dealt out; of RedisSharded only.
type Sharding struct {
	Distribution string
	Hash         string // of RedisKetama and RedisModula
	Tag          string // two bytes, or "" for none
	AutoEject    bool   // the keys of an endpoint that is ejected go to the others
}

// Sentinel says which master Sentinels are asked for; of RedisSentinel only.
type Sentinel struct {
	Master   string
	Username string
	Password Secret
}

// redisClients reads what clients of a listener may do.
func redisClients(t *table) RedisClients {
	defer t.done()
	c := RedisClients{
		RESP3:      t.flag("resp3", true),
		Username:   t.text("username", "", checkRedisName),
		Password:   t.secret("password"),
		MaxRequest: t.size("max_request", "64MiB", minRedisBytes, maxRedisBytes),
		Allow:      lowerAll(t.texts("allow", []string{}, maxRedisCommands, checkRedisCommand)),
		Deny:       lowerAll(t.texts("deny", []string{}, maxRedisCommands, checkRedisCommand)),
		AllowKeys:  t.texts("allow_keys", []string{}, maxRedisPrefixes, checkKeyPrefix),
		DenyKeys:   t.texts("deny_keys", []string{}, maxRedisPrefixes, checkKeyPrefix),
		MaskKeys:   t.flag("mask_keys", false),
		Mirror:     t.text("mirror", "", nil),
	}
	t.cross(c.Username == "" || c.Password != Secret{}, "username", "password",
		"username has no effect without a password: set password = { env = \"NAME\" } or { file = \"/path\" }")
	return c
}

// redisUpstream reads how the endpoints of an upstream are spoken to.
func redisUpstream(t *table) Redis {
	defer t.done()
	r := Redis{
		Topology:    t.choose("topology", RedisSingle, choice{names: []string{RedisSingle, RedisSharded, RedisSentinel, RedisCluster}}),
		Username:    t.text("username", "", checkRedisName),
		Password:    t.secret("password"),
		Database:    t.count("database", 0, 0, maxRedisDatabase),
		Connections: t.count("connections", 1, 1, maxRedisConnections),
		MaxReply:    t.size("max_reply", "64MiB", minRedisBytes, maxRedisBytes),
		Read:        t.choose("read", RedisReadMaster, choice{names: []string{RedisReadMaster, RedisReadPreferReplica, RedisReadReplica, RedisReadAny}}),
		MGetErrors:  t.choose("mget_errors", RedisWhole, choice{names: []string{RedisWhole, RedisNull}}),
	}
	t.cross(r.Username == "" || r.Password != Secret{}, "username", "password",
		"username has no effect without a password: set password = { env = \"NAME\" } or { file = \"/path\" }")
	t.cross(r.Topology != RedisCluster || r.Database == 0, "topology", "database", "Redis Cluster has database 0 only: leave database out")
	replicas := r.Topology == RedisSentinel || r.Topology == RedisCluster
	t.cross(replicas || r.Read == RedisReadMaster, "topology", "read",
		"without replicas nothing but %s can be read: leave read out, or set topology to %s or %s", shown(RedisReadMaster), shown(RedisSentinel), shown(RedisCluster))
	t.fits(r.Topology, replicas, "refresh")
	if replicas {
		r.Refresh = t.span("refresh", "60s", "")
	}
	r.Sharding, r.Sentinel = sharding(t, r.Topology), sentinel(t, r.Topology)
	return r
}

func sharding(t *table, topology string) (s Sharding) {
	if !t.fits(topology, topology == RedisSharded, "distribution", "hash", "hash_tag", "auto_eject") {
		return s
	}
	s = Sharding{
		Distribution: t.choose("distribution", RedisKetama, choice{names: []string{RedisKetama, RedisModula, RedisSlot}}),
		Hash:         t.choose("hash", "fnv1a_64", choice{names: redisHashes()}),
		AutoEject:    t.flag("auto_eject", false),
	}
	s.Tag = t.text("hash_tag", "", func(tag string) error {
		if len(tag) != 0 && len(tag) != maxRedisHashTag {
			return complain(`expected two characters such as "{}", between which a key has what is hashed of it, or "" for whole keys, got %s`, shown(tag))
		}
		return nil
	})
	t.cross(s.Distribution != RedisSlot || s.Hash == "fnv1a_64" || s.Hash == "crc16", "distribution", "hash",
		"slots are told by crc16: leave hash out")
	return s
}

func sentinel(t *table, topology string) (s Sentinel) {
	if !t.fits(topology, topology == RedisSentinel, "master", "sentinel_username", "sentinel_password") {
		return s
	}
	s = Sentinel{
		Master:   t.mustText("master", `the name that the Sentinels know the master by, such as "mymaster"`, checkRedisName),
		Username: t.text("sentinel_username", "", checkRedisName),
		Password: t.secret("sentinel_password"),
	}
	t.cross(s.Username == "" || s.Password != Secret{}, "sentinel_username", "sentinel_password", "sentinel_username has no effect without sentinel_password")
	return s
}

// fits refuses keys that mean nothing with the topology, unless ok.
func (t *table) fits(topology string, ok bool, names ...string) bool {
	for _, name := range names {
		if f := t.at(name); !ok && f.set {
			t.asked = append(t.asked, name)
			f.fail("means nothing with topology %s: leave it out", shown(topology))
		}
	}
	return ok
}

// redisHashes are the hashes of twemproxy.
func redisHashes() []string {
	return []string{"fnv1a_64", "fnv1_64", "fnv1a_32", "fnv1_32", "md5", "crc16", "crc32", "crc32a", "murmur", "one_at_a_time"}
}

// redisMatch reads a route's conditions about commands.
func redisMatch(t *table) (m Match) {
	m.Command = strings.ToLower(t.text("command", "", checkRedisCommand))
	m.KeyPrefix, m.Client = t.text("key_prefix", "", checkKeyPrefix), t.text("client", "", checkRedisName)
	t.unfit(ProtocolRedis, "host", "path_prefix", "service", "method", "header")
	if strings.HasPrefix(m.Command, "@") {
		t.at("command").fail("expected one command, such as \"get\", got the category %s", shown(m.Command))
	}
	return m
}

// checkRedisCommand is for names as people write them: "GET", "client|setname",
// "@write". Whether there is such a command is seen by who knows them.
func checkRedisCommand(s string) error {
	bad := func(r rune) bool {
		return !isAlphanumeric(byte(r)) && !slices.Contains([]rune("|-_.@"), r) || r > 0x7f
	}
	if s == "" || len(s) > 64 || strings.ContainsFunc(s, bad) {
		return complain(`expected a command such as "get", a subcommand such as "client|list" or a category such as "@write", got %s`, shown(s))
	}
	return nil
}

func checkKeyPrefix(s string) error {
	if s == "" || len(s) > maxRedisPrefix {
		return complain("expected the beginning of keys, 1 to %d bytes, such as \"session:\", got %s", maxRedisPrefix, shown(s))
	}
	return nil
}

// checkRedisName is for names of users and masters.
func checkRedisName(s string) error {
	if len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return complain("expected a name of at most 256 characters without space, got %s", shown(s))
	}
	return nil
}
