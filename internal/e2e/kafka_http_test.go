package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/internal/brokers"
)

// recordsConf is a sidecar whose HTTP clients write records to kfake's brokers, which
// take connections from the sidecar's address alone.
func recordsConf(c *kfake.Cluster, producer string) conf {
	return conf{discover: "tcp://" + c.ListenAddrs()[0], upstream: "protocol = \"kafka\"\nsource_address = \"" + kafkaSource + "\"\n[upstream.web.producer]\n" + producer}
}

// post writes a body, and returns the status with what was answered.
func post(address, path, contentType, body string) (int, string, error) {
	res, err := http.Post("http://"+address+path, contentType, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	return res.StatusCode, string(out), err
}

// inLog is how often each value is in a topic, read from the sidecar's address.
func inLog(t *testing.T, c *kfake.Cluster, topic string) map[string]int {
	t.Helper()
	n := 0
	for _, p := range c.PartitionInfos(topic) {
		n += int(p.HighWatermark)
	}
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(kafkaSource)}}
	reader := kafkaClient(t, c.ListenAddrs()[0], kgo.Dialer(dialer.DialContext), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	return consumed(t, within(t), reader, n)
}

func TestRecordsByHTTPAreInTheLogOnceOverReloadsAndTheEnd(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	cluster, gate := brokers.Fake(t, 3, kafkaSource, kfake.SeedTopics(6, "orders"))
	p := start(t, "", recordsConf(cluster, ""))
	var next, written atomic.Int64
	var mu sync.Mutex
	told := map[string]bool{}
	var ending atomic.Bool
	var work sync.WaitGroup
	for range 8 {
		work.Go(func() {
			for {
				v := fmt.Sprint(next.Add(1))
				status, text, err := post(p.port, "/topics/orders?key="+v, "text/plain", v)
				switch {
				case status == 200:
					mu.Lock()
					told[v] = true
					mu.Unlock()
					written.Add(1)
				case ending.Load() && (errors.Is(err, syscall.ECONNREFUSED) || err != nil):
					return
				default:
					t.Errorf("%d: %s: %v", status, text, err)
					return
				}
			}
		})
	}
	for _, producer := range []string{"linger = \"0s\"", "compression = \"zstd\"", "acks = \"all\"\nmax_body = \"1MiB\""} {
		before := written.Load()
		await(t, "records", func() bool { return written.Load() > before+200 || t.Failed() })
		p.reload(recordsConf(cluster, producer), "configuration reloaded")
	}
	before := written.Load()
	await(t, "records after the reloads", func() bool { return written.Load() > before+200 || t.Failed() })
	if n := p.admin.scraped("sidecar_kafka_producer_records_total", `service="web"`); n < float64(before) {
		t.Errorf("%v records are counted, of %d", n, before)
	}
	ending.Store(true)
	p.signal(syscall.SIGTERM)
	p.wait()
	work.Wait()
	for v, n := range inLog(t, cluster, "orders") {
		if n != 1 {
			t.Errorf("%s is in the log %d times", v, n)
		}
		delete(told, v)
	}
	if len(told) > 0 {
		t.Errorf("%d records of which a 200 was said are not in the log", len(told))
	}
	if n := gate.TurnedAway(); n != 0 {
		t.Errorf("%d connections from elsewhere", n)
	}
}

func TestFailuresOfRecordsByHTTPAreToldByTopicAndCode(t *testing.T) {
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	cluster, _ := brokers.Fake(t, 1, kafkaSource, kfake.SeedTopics(1, "orders"), kfake.SeedTopics(1, "small"))
	if err := setTopic(t, cluster, "small", "max.message.bytes", "100"); err != nil {
		t.Fatal(err)
	}
	c := recordsConf(cluster, "")
	c.process, c.upstream = "grace = \"1s\"", "timeout = \"2s\"\n"+c.upstream
	p := start(t, "", c)
	for _, row := range []struct {
		path, body string
		status     int
		words      string
	}{
		{"/topics/orders", "v", 200, `"offset":0`},
		{"/topics/nosuch", "v", 404, "40401"},
		{"/topics/orders/partitions/3", "v", 404, "40402"},
		{"/topics/small", strings.Repeat("x", 1000), 413, "MESSAGE_TOO_LARGE"},
		{"/elsewhere", "v", 404, "/topics/{topic}"},
	} {
		status, text, err := post(p.port, row.path, "text/plain", row.body)
		if err != nil || status != row.status || !strings.Contains(text, row.words) {
			t.Errorf("%s: %d: %s: %v", row.path, status, text, err)
		}
	}
	if n := p.admin.scraped("sidecar_kafka_producer_records_failed_total", `service="web"`, `reason="message_too_large"`); n != 1 {
		t.Errorf("%v records too large are counted", n)
	}
	cluster.Close()
	status, text, err := post(p.port, "/topics/orders", "text/plain", "v")
	if err != nil || status != 504 || !strings.Contains(text, "outcome is unknown") {
		t.Errorf("without brokers: %d: %s: %v", status, text, err)
	}
	list := p.admin.why("")
	if len(list) == 0 || !strings.Contains(list[0].Cause, "topic orders") || list[0].Reason != "deadline" || list[0].Operation != "Produce" || list[0].RequestID == "" {
		t.Errorf("/why tells %+v", list)
	}
}

// setTopic sets a topic's own setting, from the sidecar's address.
func setTopic(t *testing.T, c *kfake.Cluster, topic, key, value string) error {
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(kafkaSource)}}
	admin := kafkaClient(t, c.ListenAddrs()[0], kgo.Dialer(dialer.DialContext))
	req := kmsg.NewPtrIncrementalAlterConfigsRequest()
	res := kmsg.NewIncrementalAlterConfigsRequestResource()
	res.ResourceType, res.ResourceName = kmsg.ConfigResourceTypeTopic, topic
	set := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	set.Name, set.Value = key, &value
	res.Configs = append(res.Configs, set)
	req.Resources = append(req.Resources, res)
	_, err := req.RequestWith(context.Background(), admin)
	return err
}
