package config

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

const (
	maxKafkaUsers   = 100     // of one listener
	maxKafkaHidden  = 200     // names in one list
	maxKafkaDials   = 10_000  // addresses in one map
	maxKafkaWords   = 64      // of one command
	maxKafkaPorts   = 10_000  // in one range
	outgoingPorts   = 32768   // Linux gives ports from here to connections that go out
	minKafkaRequest = 1 << 10 // bytes; a login has some hundred
	maxKafkaRequest = 1 << 30
	minKafkaHeld    = 64 << 10
	maxKafkaHeld    = 256 << 20
	maxPort         = 65535
)

// Where clients of a listener of ProtocolKafka find the brokers.
const (
	KafkaAuto     = "auto"     // KafkaLoopback where that works, else KafkaPorts
	KafkaLoopback = "loopback" // each at an address of its own
	KafkaPorts    = "ports"    // each at a port of its own
)

// minKafkaRefresh is the shortest time between two looks at brokers for no reason.
const minKafkaRefresh = time.Second

// What clients of a listener of ProtocolKafka have.
const (
	KafkaTransparent = "transparent" // every broker
	KafkaProducer    = "producer"    // one broker, that takes records and does nothing else
)

// What becomes of addresses in answers to Produce and Fetch (KIP-951).
const (
	KafkaRewrite = "rewrite"
	KafkaStrip   = "strip"
	KafkaCap     = "cap" // clients are told of no version that has them
)

// What becomes of APIs that this version does not know.
const (
	KafkaHide = "hide"
	KafkaPass = "pass"
)

// How the sidecar logs in to brokers, and clients to the sidecar.
const (
	KafkaPlain    = "PLAIN"
	KafkaScram256 = "SCRAM-SHA-256"
	KafkaScram512 = "SCRAM-SHA-512"
	KafkaOAuth    = "OAUTHBEARER"
)

// KafkaClients says what clients of a listener of ProtocolKafka find.
type KafkaClients struct {
	Mode        string
	Advertise   string   // KafkaAuto, KafkaLoopback or KafkaPorts
	Network     string   // of KafkaLoopback: the first two numbers of all addresses
	Ports       Ports    // of KafkaPorts
	Host        string   // of KafkaPorts: what clients are told; "" = the address that the listener has
	PortOffset  int      // of KafkaPorts: added to the ports that clients are told
	Hide        []string // APIs and groups of them
	UnknownAPIs string   // KafkaHide or KafkaPass
	Hints       string   // KafkaRewrite, KafkaStrip or KafkaCap
	MaxRequest  int64    // bytes
	MaxHeld     int64    // bytes of an answer that is held to be rewritten
	Mechanisms  []string // by which Users log in
	Users       []KafkaUser
	TLS         ServerTLS
}

// Ports is a range of them, both included.
type Ports struct{ First, Last int }

// KafkaUser is somebody who may log in.
type KafkaUser struct {
	Name     string
	Password Secret
}

// ServerTLS is the TLS that clients of a listener speak; no Cert is none.
type ServerTLS struct {
	Cert, Key string // PEM files
	ClientCA  string // PEM file: clients need a certificate of its authorities; "" = they need none
}

// Kafka says how the brokers of an upstream are reached.
type Kafka struct {
	Mechanism    string // "" = nobody logs in
	Username     string
	Password     Secret
	Token        Secret   // of KafkaOAuth; a file is read anew for each login
	TokenCommand []string // of KafkaOAuth: what prints one
	Dial         []DialTo // sorted by Broker
	Refresh      time.Duration
}

// DialTo says where a broker is dialled that says it is elsewhere.
type DialTo struct{ Broker, Address string } // host:port both

// kafkaListener reads a listener whose unit is a client's connection. It leads to
// one cluster: the nodes of two would have the same places.
func kafkaListener(t *table, l Listener) Listener {
	l = Listener{
		Key: l.Key, Name: l.Name, Protocol: l.Protocol,
		Address:        t.mustText("address", `"host:port"`, checkKafkaAddress),
		Upstream:       t.mustText("upstream", "the name of an upstream", checkNamed),
		MaxConnections: t.count("max_connections", 10000, 1, maxConnections),
		MaxInFlight:    t.count("max_in_flight", 0, 0, maxConnections),
		IdleTimeout:    t.span("idle_timeout", "10m", ""),
		HeaderTimeout:  t.span("header_timeout", "10s", ""),
		HalfClose:      t.choose("half_close", HalfCloseFinish, choice{names: []string{HalfCloseFinish, HalfCloseCancel}}),
	}
	l.Kafka = kafkaClients(t.table("kafka"), l.Address)
	l.Kafka.TLS = serverTLS(t)
	t.unfit(l.Protocol, append(ofHTTP(), "expose_backends", "thrift", "redis")...)
	if f := t.at("route"); f.set {
		t.asked = append(t.asked, "route")
		f.fail("means nothing with protocol %s: a listener leads to one cluster; add a [[listener]] for another", shown(l.Protocol))
	}
	return l
}

// kafkaClients reads what clients of a listener at that address find.
func kafkaClients(t *table, address string) KafkaClients {
	defer t.done()
	c := KafkaClients{
		Mode:        t.choose("mode", KafkaTransparent, choice{names: []string{KafkaTransparent, KafkaProducer}}),
		Advertise:   t.choose("advertise", KafkaAuto, choice{names: []string{KafkaAuto, KafkaLoopback, KafkaPorts}}),
		Network:     t.text("network", "127.92", checkLoopbackNetwork),
		Ports:       t.ports("ports", "9100-9199"),
		Host:        t.text("advertise_host", "", checkOptionalHost),
		PortOffset:  t.count("advertise_port_offset", 0, -maxPort, maxPort),
		Hide:        t.texts("hide", []string{}, maxKafkaHidden, checkKafkaAPI),
		UnknownAPIs: t.choose("unknown_apis", KafkaHide, choice{names: []string{KafkaHide, KafkaPass}}),
		Hints:       t.choose("leader_hints", KafkaRewrite, choice{names: []string{KafkaRewrite, KafkaStrip, KafkaCap}}),
		MaxRequest:  t.size("max_request", "100MiB", minKafkaRequest, maxKafkaRequest),
		MaxHeld:     t.size("max_held", "16MiB", minKafkaHeld, maxKafkaHeld),
	}
	if c.Mode == KafkaProducer {
		oneBroker(t)
		return c
	}
	local := isLoopback(address)
	t.cross(c.Host != "" || !isWildcard(address) || c.Advertise == KafkaLoopback, "advertise", "advertise_host",
		"clients cannot be told that brokers are at all addresses of this machine: set advertise = %s and advertise_host to what they reach it by, or the listener's address to one of its own", shown(KafkaPorts))
	t.cross(c.Advertise != KafkaLoopback || local, "advertise", "advertise",
		"brokers at addresses of 127.0.0.0/8 go with a listener there, such as 127.0.0.1:9092: set its address so, or advertise to %s", shown(KafkaPorts))
	t.cross(c.Advertise == KafkaPorts || c.Host == "" && c.PortOffset == 0, "advertise", "advertise_host",
		"advertise_host and advertise_port_offset go with advertise = %s", shown(KafkaPorts))
	t.cross(c.PortOffset == 0 || c.Ports.First+c.PortOffset > 0 && c.Ports.Last+c.PortOffset <= maxPort, "ports", "advertise_port_offset",
		"with advertise_port_offset clients would be told of ports %d to %d, which are none", c.Ports.First+c.PortOffset, c.Ports.Last+c.PortOffset)
	portNotes(t, &c, local)
	kafkaUsers(t, &c)
	return c
}

// portNotes tells of ports that may not be what was meant.
func portNotes(t *table, c *KafkaClients, local bool) {
	f := t.at("ports")
	if f.set && local && c.Advertise == KafkaAuto {
		t.r.note(f.line, f.key, "has no effect where brokers can be at addresses of "+c.Network+".0.0/16, as on Linux: set advertise = "+shown(KafkaPorts)+" to have them at ports")
	}
	if c.Advertise == KafkaPorts && c.Ports.Last >= outgoingPorts {
		t.r.note(f.line, f.key, "from 32768 on a port may have gone to an outgoing connection when a broker comes that needs it: lower ones are safer")
	}
}

// oneBroker refuses what goes with clients that have every broker. What one broker
// serves is the same for all, and nobody logs in to it.
func oneBroker(t *table) {
	for _, name := range []string{"advertise", "network", "ports", "hide", "unknown_apis", "leader_hints", "mechanisms", "user"} {
		if f := t.at(name); f.set {
			t.asked = append(t.asked, name)
			f.fail("means nothing with mode = %s, in which clients have one broker: leave it out, or set mode to %s", shown(KafkaProducer), shown(KafkaTransparent))
		}
	}
}

// kafkaUsers reads who may log in.
func kafkaUsers(t *table, c *KafkaClients) {
	mechanisms := []string{KafkaPlain, KafkaScram256, KafkaScram512}
	named := map[string]string{}
	if t.at("user").set {
		c.Mechanisms = t.texts("mechanisms", mechanisms, len(mechanisms), choice{names: mechanisms}.check)
		t.cross(len(c.Mechanisms) > 0, "mechanisms", "mechanisms", "users have no way to log in: leave mechanisms out, or name one")
	} else if f := t.at("mechanisms"); f.set {
		t.asked = append(t.asked, "mechanisms")
		f.fail("nobody logs in to this listener: add [[listener.kafka.user]], or leave mechanisms out")
	}
	for _, u := range t.list("user", maxKafkaUsers) {
		user := KafkaUser{Name: u.mustText("name", "the name that the user logs in by", checkRedisName), Password: u.secret("password")}
		if user.Password == (Secret{}) && !u.bad["password"] {
			u.at("password").fail(`missing: expected { env = "NAME" } or { file = "/path" }`)
		}
		if other, taken := named[user.Name]; taken {
			u.at("name").fail("%s is the name of %s already", shown(user.Name), other)
		}
		named[user.Name] = u.key
		u.done()
		c.Users = append(c.Users, user)
	}
}

// serverTLS reads [listener.tls].
func serverTLS(above *table) ServerTLS {
	if !above.at("tls").set {
		above.asked = append(above.asked, "tls")
		return ServerTLS{}
	}
	t := above.table("tls")
	defer t.done()
	s := ServerTLS{Cert: t.text("cert", "", checkFile), Key: t.text("key", "", checkFile), ClientCA: t.text("client_ca", "", checkFile)}
	t.cross((s.Cert == "") == (s.Key == ""), "cert", "key", "cert and key are set together or not at all")
	t.cross(s.Cert != "", "client_ca", "cert", "TLS needs a certificate: set cert and key, or leave the table out")
	return s
}

// kafkaUpstream reads how the brokers of an upstream are reached.
func kafkaUpstream(t *table) Kafka {
	defer t.done()
	k := Kafka{
		Mechanism: t.choose("mechanism", "", choice{names: []string{"", KafkaPlain, KafkaScram256, KafkaScram512, KafkaOAuth}, later: []string{"GSSAPI", "AWS_MSK_IAM"}, has: "logs in by PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 and OAUTHBEARER"}),
		Username:  t.text("username", "", checkRedisName), Password: t.secret("password"),
		Token: t.secret("token"), TokenCommand: t.texts("token_command", []string{}, maxKafkaWords, nil),
		Refresh: t.span("refresh", "5m", ""),
	}
	for _, p := range t.pairs("dial", maxKafkaDials, checkBroker, checkBroker) {
		k.Dial = append(k.Dial, DialTo{p.name, p.value})
	}
	t.cross(k.Refresh >= minKafkaRefresh, "refresh", "refresh", "expected 1s or more: the brokers are asked at once when something changes, besides")
	withName, hasToken := k.Username != "" || k.Password != Secret{}, k.Token != Secret{}
	switch k.Mechanism {
	case "":
		t.cross(!withName, "mechanism", "username", "nobody logs in without a mechanism: set mechanism to %s or another", shown(KafkaScram512))
		t.cross(!hasToken && len(k.TokenCommand) == 0, "mechanism", "token", "a token has no effect without mechanism = %s", shown(KafkaOAuth))
	case KafkaOAuth:
		t.cross(!withName, "mechanism", "username", "%s takes a token and no username or password: leave them out", KafkaOAuth)
		t.cross(hasToken != (len(k.TokenCommand) > 0), "mechanism", "token", "%s needs a token: set one of token and token_command", KafkaOAuth)
	default:
		t.cross(k.Username != "" && k.Password != Secret{} || t.bad["password"], "mechanism", "username", "%s needs username and password", k.Mechanism)
		t.cross(!hasToken && len(k.TokenCommand) == 0, "mechanism", "token", "%s takes no token: leave token and token_command out, or set mechanism to %s", k.Mechanism, shown(KafkaOAuth))
	}
	return k
}

// ports asks for a range of ports, "9100-9199".
func (t *table) ports(name, def string) (p Ports) {
	text := t.text(name, def, func(s string) error {
		_, err := parsePorts(s)
		return err
	})
	p, _ = parsePorts(text)
	return p
}

func parsePorts(s string) (p Ports, err error) {
	first, last, both := strings.Cut(s, "-")
	var bad, worse error
	p.First, bad = strconv.Atoi(first)
	p.Last, worse = strconv.Atoi(last)
	switch {
	case !both || bad != nil || worse != nil || p.First < 1 || p.Last > maxPort || p.First > p.Last:
		return Ports{}, complain(`expected a range of ports such as "9100-9199", got %s`, shown(s))
	case p.Last-p.First >= maxKafkaPorts:
		return Ports{}, complain("expected a range of at most %d ports, got %s", maxKafkaPorts, shown(s))
	}
	return p, nil
}

// checkLoopbackNetwork is for the first two numbers of the addresses of brokers.
// Those of 127.0 are other programs', the last one of 127.255 is everybody's.
func checkLoopbackNetwork(s string) error {
	second, ok := strings.CutPrefix(s, "127.")
	n, err := strconv.ParseUint(second, 10, 8)
	if !ok || err != nil || n == 0 || n == 255 || strconv.FormatUint(n, 10) != second {
		return complain(`expected the first two numbers of addresses, "127.1" to "127.254", got %s`, shown(s))
	}
	return nil
}

func checkOptionalHost(s string) error {
	if s == "" {
		return nil
	}
	return checkHost(s)
}

// checkKafkaAPI is for names as Kafka's documentation has them. Whether there is
// such an API is seen by who knows them.
func checkKafkaAPI(s string) error {
	for i := range len(s) {
		if !isAlphanumeric(s[i]) {
			s = ""
			break
		}
	}
	if s == "" || len(s) > 64 {
		return complain(`expected the name of an API such as "DeleteTopics", or of a group: "read", "write", "admin"`)
	}
	return nil
}

// checkKafkaAddress is for addresses that Kafka's clients connect to.
func checkKafkaAddress(s string) error {
	if strings.HasPrefix(s, "unix:") {
		return complain(`expected "host:port", got %s: clients of Kafka know no Unix sockets`, shown(s))
	}
	return checkAddress(s)
}

// isLoopback tells whether an address to listen on is one of 127.0.0.0/8.
func isLoopback(address string) bool {
	host, _, _ := net.SplitHostPort(address)
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Is4() && ip.IsLoopback() || host == "localhost"
}

// isWildcard tells whether an address to listen on is every one of the machine.
func isWildcard(address string) bool {
	host, _, err := net.SplitHostPort(address)
	ip, perr := netip.ParseAddr(host)
	return err == nil && (host == "" || perr == nil && ip.IsUnspecified())
}

// checkBroker is for where a broker is, "host:port".
func checkBroker(s string) error {
	if strings.HasPrefix(s, "unix:") || checkAddress(s) != nil || strings.HasPrefix(s, ":") || strings.HasSuffix(s, ":0") {
		return complain(`expected a broker's "host:port", got %s`, shown(s))
	}
	return nil
}
