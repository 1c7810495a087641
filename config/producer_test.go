package config

import (
	"strings"
	"testing"
	"time"
)

const producerFile = `
[[listener]]
name = "web"
address = "127.0.0.1:8080"
upstream = "events"
[upstream.events]
discover = "tcp://127.0.0.1:9092"
protocol = "kafka"
[upstream.events.producer]
acks = "1"
compression = "zstd"
linger = "0s"
batch = "1MiB"
max_body = "1MiB"
`

func TestProducerIsRead(t *testing.T) {
	f, err := Parse("c.toml", []byte(producerFile))
	if err != nil {
		t.Fatal(err)
	}
	want := Producer{
		Acks: AcksLeader, Idempotent: true, Compression: "zstd", Batch: 1 << 20, Delivery: 30 * time.Second, MaxBuffered: 64 << 20, MaxBody: 1 << 20,
	}
	if got := f.Upstreams[0].Producer; got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	sameAgain(t, f)
}

func TestProducerKeysThatDoNotFitAreRefused(t *testing.T) {
	for _, row := range []struct{ name, old, text, want string }{
		{"acks", `acks = "1"`, `acks = "2"`, "acks"},
		{"codec", `"zstd"`, `"brotli"`, "compression"},
		{"long linger", `"0s"`, `"11s"`, "at most 10s"},
		{"short delivery", `linger = "0s"`, `delivery_timeout = "500ms"`, "at least 1s"},
		{"bodies without room", `linger = "0s"`, `max_buffered = "1MiB"
max_body = "2MiB"
#`, "must not be more than max_buffered"},
		{"another protocol", `protocol = "kafka"`, `protocol = "http"`, `means nothing with protocol "http"`},
		{"a fallback", "[upstream.events.producer]", "[upstream.web]\ndiscover = \"tcp://127.0.0.1:1\"\nfallback = { upstream = \"events\" }\n[upstream.events.producer]", "do not understand each other"},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(producerFile, row.old, row.text, 1)
			if row.name == "bodies without room" {
				text = strings.Replace(text, "\nmax_body = \"1MiB\"", "", 1)
			}
			_, err := Parse("c.toml", []byte(text))
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
}
