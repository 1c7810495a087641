package httpkafka

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
	"sidecar/internal/brokers"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answering has c answer Produce with that code, for as long as while is true.
func answering(c *kfake.Cluster, code int16, while func() bool) {
	c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		if !while() {
			return nil, nil, false
		}
		p := req.(*kmsg.ProduceRequest)
		resp := p.ResponseKind().(*kmsg.ProduceResponse)
		for _, t := range p.Topics {
			out := kmsg.NewProduceResponseTopic()
			out.Topic, out.TopicID = t.Topic, t.TopicID
			for _, part := range t.Partitions {
				one := kmsg.NewProduceResponseTopicPartition()
				one.Partition, one.ErrorCode = part.Partition, code
				out.Partitions = append(out.Partitions, one)
			}
			resp.Topics = append(resp.Topics, out)
		}
		return resp, nil, true
	})
}

func always() bool { return true }

func TestCodesOfBrokersBecomeNumbersOfTheRestProxy(t *testing.T) {
	for _, row := range []struct {
		err          *kerr.Error
		status, code int
	}{
		{kerr.InvalidRecord, 500, 50002},
		{kerr.TopicAuthorizationFailed, 403, 40301},
		{kerr.MessageTooLarge, 413, 413},
		{kerr.NotEnoughReplicas, 503, 50003},
		{kerr.PolicyViolation, 500, 50002},
	} {
		t.Run(row.err.Message, func(t *testing.T) {
			c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
			answering(c, row.err.Code, always)
			r := newRig(t, c.ListenAddrs(), func(s *Settings, _ *Params) { s.Delivery = time.Second })
			got := r.post(t, "/topics/orders", "", "v")
			if got.status != row.status || got.Code != row.code {
				t.Errorf("%d: %s", got.status, got.raw)
			}
			if err := <-r.seen; got.status >= 500 && !strings.Contains(sidecar.FaultOf(err).Error(), "orders") {
				t.Errorf("told outside as %v", err)
			}
		})
	}
}

func TestSilenceOfBrokersIsToldAsUnknown(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	hold := make(chan struct{})
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		c.SleepControl(func() { <-hold })
		return nil, nil, false
	})
	r := newRig(t, c.ListenAddrs(), nil)
	r.timeout = 200 * time.Millisecond
	got := r.post(t, "/topics/orders", "", "v")
	if got.status != 504 || got.Code != 504 || !strings.Contains(got.Message, "outcome is unknown") || got.header.Get("X-Sidecar-Reason") != "deadline" || got.Offsets[0].Offset != nil {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	if f := sidecar.FaultOf(<-r.seen); f.Reason != sidecar.DeadlineExceeded || !strings.Contains(f.Error(), "orders") {
		t.Errorf("told outside as %v", f)
	}
	close(hold)
	if err := r.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(logged(t, c, "orders", 1)); n != 1 {
		t.Errorf("%d records in the log", n)
	}
}

func TestWithoutRoomNothingIsWritten(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	hold, came := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.ControlKey(int16(kmsg.Produce), func(kmsg.Request) (kmsg.Response, error, bool) {
		once.Do(func() { close(came) })
		c.SleepControl(func() { <-hold })
		return nil, nil, false
	})
	r := newRig(t, c.ListenAddrs(), func(s *Settings, _ *Params) { s.MaxBuffered = 2000 })
	var first sync.WaitGroup
	first.Go(func() {
		if got := r.post(t, "/topics/orders", "", strings.Repeat("x", 3000)); got.status != 200 {
			t.Errorf("one that is alone: %d: %s", got.status, got.raw)
		}
	})
	<-came
	got := r.post(t, "/topics/orders", linesType, "1\n2\n")
	if got.status != 429 || got.header.Get("Retry-After") == "" || !strings.Contains(got.Message, "nothing of this request was written") || got.Offsets != nil {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	close(hold)
	first.Wait()
	if got := r.post(t, "/topics/orders", linesType, "1\n2\n"); got.status != 200 || *got.Offsets[0].Offset != 1 {
		t.Errorf("with room again: %d: %s", got.status, got.raw)
	}
}

func TestClosedProducerSaysSo(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	r.post(t, "/topics/orders", "", "v")
	r.Close(context.Background())
	if got := r.post(t, "/topics/orders", "", "v"); got.status != 503 || got.header.Get("X-Sidecar-Reason") != "shutting_down" {
		t.Errorf("%d: %s", got.status, got.raw)
	}
}

func TestOtherSettingsLoseNothing(t *testing.T) {
	c, _ := brokers.Fake(t, 3, "", kfake.SeedTopics(3, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	var work sync.WaitGroup
	const workers, each = 8, 50
	for range workers {
		work.Go(func() {
			for i := range each {
				if got, err := r.send("POST", "/topics/orders", "", fmt.Sprint(i)); err != nil || got.status != 200 {
					t.Errorf("%v, %d: %s", err, got.status, got.raw)
				}
			}
		})
	}
	for _, codec := range []string{"gzip", "snappy", "lz4", "zstd", "none"} {
		s := usual()
		s.Compression, s.Linger = codec, 2*time.Millisecond
		r.Set(s)
		r.post(t, "/topics/orders", "", "v")
	}
	work.Wait()
	if n := len(logged(t, c, "orders", workers*each+5)); n != workers*each+5 {
		t.Errorf("%d records", n)
	}
}

func TestUnreachableBrokersAreNamedOutsideOnly(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := ln.Addr().String()
	ln.Close()
	r := newRig(t, []string{address}, nil)
	r.timeout = 300 * time.Millisecond
	got := r.post(t, "/topics/orders", "", "v")
	if got.status != 504 || strings.Contains(got.raw, address) {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	if err := <-r.seen; !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("told outside as %v", err)
	}
}

// Whoever posts to topics that there are not must not fill the memory, nor what
// brokers are asked: names are forgotten, and those that are written to go on.
func TestTopicsThatThereAreNotAreForgotten(t *testing.T) {
	c, _ := brokers.Fake(t, 1, "", kfake.SeedTopics(1, "orders"))
	var most atomic.Int64
	c.ControlKey(int16(kmsg.Metadata), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.KeepControl()
		most.Store(max(most.Load(), int64(len(req.(*kmsg.MetadataRequest).Topics))))
		return nil, nil, false
	})
	r := newRig(t, c.ListenAddrs(), nil)
	r.post(t, "/topics/orders", "", "v")
	var work sync.WaitGroup
	for i := range 32 {
		work.Go(func() {
			for j := range 10 {
				if got, err := r.send("POST", fmt.Sprintf("/topics/no-%d-%d", i, j), "", "v"); err != nil || got.status != 404 {
					t.Errorf("%v, %d: %s", err, got.status, got.raw)
					return
				}
			}
		})
	}
	work.Wait()
	if got := r.post(t, "/topics/orders", "", "v"); got.status != 200 || *got.Offsets[0].Offset != 1 {
		t.Errorf("%d: %s", got.status, got.raw)
	}
	if n := most.Load(); n > 3*maxStray {
		t.Errorf("brokers were asked for %d topics at once, of %d", n, 32*10)
	}
}
