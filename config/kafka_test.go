package config

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const kafkaFile = `
[[listener]]
name = "events"
protocol = "kafka"
address = "127.0.0.1:9092"
upstream = "events"
[listener.kafka]
hide = ["admin", "DeleteTopics"]
mechanisms = ["PLAIN"]
[[listener.kafka.user]]
name = "app"
password = { env = "APP" }
[listener.tls]
cert = "/etc/c.pem"
key = "/etc/c.key"
[[listener]]
name = "outside"
protocol = "kafka"
address = "0.0.0.0:9192"
upstream = "events"
kafka = { advertise = "ports", ports = "9200-9203", advertise_host = "host.internal", advertise_port_offset = -100 }
[upstream.events]
discover = "tcp://127.0.0.1:1"
source_address = "10.0.0.5"
[upstream.events.kafka]
mechanism = "SCRAM-SHA-512"
username = "sidecar"
password = { file = "/run/secrets/kafka" }
dial = { "b1.internal:9093" = "10.0.0.1:19093" }
[upstream.cloud]
discover = "tcp://127.0.0.1:2"
protocol = "kafka"
kafka = { mechanism = "OAUTHBEARER", token_command = ["/bin/token", "-q"] }
`

func TestKafkaIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(kafkaFile))
	if err != nil {
		t.Fatal(err)
	}
	want := KafkaClients{
		Mode: KafkaTransparent, Advertise: KafkaAuto, Network: "127.92", Ports: Ports{9100, 9199}, Hide: []string{"admin", "DeleteTopics"},
		UnknownAPIs: KafkaHide, Hints: KafkaRewrite, MaxRequest: 100 << 20, MaxHeld: 16 << 20, Mechanisms: []string{KafkaPlain},
		Users: []KafkaUser{{"app", Secret{Env: "APP"}}}, TLS: ServerTLS{Cert: "/etc/c.pem", Key: "/etc/c.key"},
	}
	if l := f.Listeners[0]; !reflect.DeepEqual(l.Kafka, want) || l.IdleTimeout != 10*time.Minute {
		t.Errorf("listener, idle for %v\ngot  %+v\nwant %+v", l.IdleTimeout, l.Kafka, want)
	}
	want.Advertise, want.Ports, want.Host, want.PortOffset = KafkaPorts, Ports{9200, 9203}, "host.internal", -100
	want.Hide, want.Mechanisms, want.Users, want.TLS = []string{}, nil, nil, ServerTLS{}
	if l := f.Listeners[1]; !reflect.DeepEqual(l.Kafka, want) {
		t.Errorf("second listener\ngot  %+v\nwant %+v", l.Kafka, want)
	}
	cloud, events := f.Upstreams[0], f.Upstreams[1]
	if want := (Kafka{Mechanism: KafkaOAuth, TokenCommand: []string{"/bin/token", "-q"}, Refresh: 5 * time.Minute}); !reflect.DeepEqual(cloud.Kafka, want) {
		t.Errorf("cloud %+v", cloud.Kafka)
	}
	if want := (Kafka{
		Mechanism: KafkaScram512, Username: "sidecar", Password: Secret{File: "/run/secrets/kafka"}, TokenCommand: []string{}, Refresh: 5 * time.Minute,
		Dial: []DialTo{{"b1.internal:9093", "10.0.0.1:19093"}},
	}); !reflect.DeepEqual(events.Kafka, want) || events.SourceAddress != "10.0.0.5" {
		t.Errorf("events %+v from %s", events.Kafka, events.SourceAddress)
	}
	if events.Protocol != ProtocolKafka || events.Pool.HighWatermark != 10000 || events.Balance.Policy != PolicyLeastLoaded || events.Hedge.Mode != ModeOff {
		t.Errorf("events %+v %+v %+v", events.Protocol, events.Pool, events.Balance)
	}
	sameAgain(t, f)
}

func TestKafkaKeysThatDoNotFitAreRefused(t *testing.T) {
	for _, row := range []struct{ name, old, text, want string }{
		{"a mode that is none", `hide = ["admin", "DeleteTopics"]`, `mode = "consumer"`, `expected one of "transparent", "producer"`},
		{"what producers of one broker do not see", `mechanisms = ["PLAIN"]`, `mode = "producer"`, `hide: means nothing with mode = "producer"`},
		{"users of one broker", `hide = ["admin", "DeleteTopics"]`, `mode = "producer"`, `user: means nothing with mode = "producer"`},
		{"ports of one broker", `advertise = "ports", ports`, `mode = "producer", ports`, `ports: means nothing with mode = "producer"`},
		{"one broker elsewhere", `advertise = "ports", ports = "9200-9203"`, `mode = "producer"`, ""},
		{"a file of a socket", `"127.0.0.1:9092"`, `"unix:/run/kafka.sock"`, "know no Unix sockets"},
		{"a route", "[listener.kafka]", "route = []\n[listener.kafka]", "leads to one cluster"},
		{"an HTTP key", "[listener.kafka]", "max_held_body = 0\n[listener.kafka]", `means nothing with protocol "kafka"`},
		{"loopback at all addresses", `advertise = "ports", ports = "9200-9203", advertise_host = "host.internal", advertise_port_offset = -100`, `advertise = "loopback"`, "go with a listener there"},
		{"nowhere", `, advertise_host = "host.internal"`, ``, "advertise_host to what they reach it by"},
		{"a host without ports", `advertise = "ports", ports`, `ports`, `go with advertise = "ports"`},
		{"ports below one", `-100`, `-9200`, "clients would be told of ports 0 to 3"},
		{"ports backwards", "9200-9203", "9203-9200", "expected a range of ports"},
		{"one port", "9200-9203", "9203", "expected a range of ports"},
		{"too many ports", "9200-9203", "1-65535", "at most 10000 ports"},
		{"everybody's network", `hide = ["admin", "DeleteTopics"]`, `network = "127.0"`, "the first two numbers"},
		{"another network", `hide = ["admin", "DeleteTopics"]`, `network = "10.1"`, "the first two numbers"},
		{"an API with a space", `"DeleteTopics"`, `"Delete Topics"`, "expected the name of an API"},
		{"an API twice", `"DeleteTopics"`, `"admin"`, "in the list twice"},
		{"a user without a password", `password = { env = "APP" }`, "", "expected { env"},
		{"a password in the file", `{ env = "APP" }`, `"secret"`, "a secret does not stand in this file"},
		{"no user", "[[listener.kafka.user]]\nname = \"app\"\npassword = { env = \"APP\" }", "", "nobody logs in to this listener"},
		{"no way to log in", `mechanisms = ["PLAIN"]`, `mechanisms = []`, "users have no way"},
		{"a user twice", "[listener.tls]", "[[listener.kafka.user]]\nname = \"app\"\npassword = { env = \"B\" }\n[listener.tls]", "is the name of"},
		{"half a certificate", `key = "/etc/c.key"`, "", "cert and key are set together"},
		{"no certificate", "cert = \"/etc/c.pem\"\nkey = \"/etc/c.key\"", `client_ca = "/etc/ca.pem"`, "TLS needs a certificate"},
		{"a source that is a name", `"10.0.0.5"`, `"eth0"`, "expected an IP address"},
		{"a mechanism to come", `"SCRAM-SHA-512"`, `"GSSAPI"`, "is not in this version yet"},
		{"no password", `password = { file = "/run/secrets/kafka" }`, "", "needs username and password"},
		{"a token by the way", `password = { file = "/run/secrets/kafka" }`, "password = { env = \"P\" }\ntoken = { env = \"T\" }", "takes no token"},
		{"a user without a mechanism", `mechanism = "SCRAM-SHA-512"`, "", "nobody logs in without a mechanism"},
		{"two tokens", `token_command = ["/bin/token", "-q"]`, `token_command = ["/bin/token"], token = { env = "T" }`, "set one of token and token_command"},
		{"no token", `, token_command = ["/bin/token", "-q"]`, ``, "set one of token and token_command"},
		{"a token with a user", `token_command = ["/bin/token", "-q"]`, `token_command = ["/bin/token"], username = "u"`, "takes a token and no username"},
		{"a broker without a port", `"b1.internal:9093"`, `"b1.internal"`, `expected a broker's "host:port"`},
		{"no password but in the file", `{ file = "/run/secrets/kafka" }`, `"secret"`, "a secret does not stand in this file"},
		{"looks without pause", `mechanism = "SCRAM-SHA-512"`, "mechanism = \"SCRAM-SHA-512\"\nrefresh = \"10ms\"", "expected 1s or more"},
		{"half a key", `username = "sidecar"`, `user = "sidecar"`, `did you mean "username"?`},
		{"a subset", `source_address = "10.0.0.5"`, `subset = { rack = "a" }`, "whose clients need every broker"},
		{"hedging", `source_address = "10.0.0.5"`, `hedge = { mode = "on" }`, `means nothing with protocol "kafka"`},
		{"an aperture", `source_address = "10.0.0.5"`, `balance = { policy = "aperture" }`, "every endpoint is"},
	} {
		t.Run(row.name, func(t *testing.T) {
			if !strings.Contains(kafkaFile, row.old) {
				t.Fatalf("%q is not in the file", row.old)
			}
			_, err := Parse("c.toml", []byte(strings.Replace(kafkaFile, row.old, row.text, 1)))
			if row.want == "" && err == nil {
				return
			}
			var bad *Invalid
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}

func TestListenersOfOtherProtocolsHaveNoTLS(t *testing.T) {
	_, err := Parse("c.toml", []byte(strings.Replace(small, "[upstream", "tls = { cert = \"/a\", key = \"/b\" }\n[upstream", 1)))
	if err == nil || !strings.Contains(err.Error(), `listener "l": tls: means nothing with protocol "http"`) {
		t.Errorf("got %v", err)
	}
}

// Ports that nobody is told of, or that may be gone when they are wanted, are taken
// and said.
func TestPortsThatMayNotBeWhatWasMeantAreNoted(t *testing.T) {
	for text, want := range map[string]string{
		`ports = "9200-9203"`:                             `has no effect where brokers can be at addresses of 127.92.0.0/16`,
		`advertise = "ports", ports = "40000-40003"`:      "may have gone to an outgoing connection",
		`advertise = "ports", ports = "9200-9203"`:        "",
		`advertise = "ports"`:                             "",
		`advertise = "loopback"`:                          "",
		`mode = "producer", advertise_host = "localhost"`: "",
	} {
		f, err := Parse("kafka.toml", []byte("[[listener]]\nname = \"l\"\nprotocol = \"kafka\"\naddress = \"127.0.0.1:9092\"\nupstream = \"u\"\nkafka = { "+text+" }\n[upstream.u]\ndiscover = \"tcp://b:9092\"\n"))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(f.Notes, " "); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: notes %q", text, got)
		}
	}
}
