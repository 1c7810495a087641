package httpkafka

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

// sizes are how many records are written, by how many connections.
func sizes() (records, connections int) {
	if os.Getenv("SIDECAR_CONFORMANCE") != "" {
		return 1_000_000, 200
	}
	return 50_000, 200
}

// ledger is what clients were told of each record, by its number.
type ledger struct {
	told   []atomic.Int32 // statuses
	mu     sync.Mutex
	others map[string]int // answers that are no 200
}

func (l *ledger) note(first, n int, got reply, err error) {
	status := int32(got.status)
	if err != nil {
		status = -1
	}
	for i := range n {
		l.told[first+i].Store(status)
	}
	if status == 200 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.others[fmt.Sprintf("%d %d %.60s %v", got.status, got.Code, got.Message, err)]++
}

// body are n records from the first on in one of the forms.
func body(first, n int) (contentType, text string) {
	var out strings.Builder
	switch first / n % 2 {
	case 0:
		out.WriteString(`{"records":[`)
		for i := range n {
			if i > 0 {
				out.WriteByte(',')
			}
			fmt.Fprintf(&out, `{"value":%d}`, first+i)
		}
		out.WriteString("]}")
		return jsonType, out.String()
	default:
		for i := range n {
			fmt.Fprintln(&out, first+i)
		}
		return linesType, out.String()
	}
}

// write has 200 connections write all of the records, ten a request.
func (l *ledger) write(r *rig, connections int) time.Duration {
	const each = 10
	var next atomic.Int64
	var work sync.WaitGroup
	begun := time.Now()
	for range connections {
		work.Go(func() {
			for {
				first := int(next.Add(each)) - each
				if first >= len(l.told) {
					return
				}
				kind, text := body(first, each)
				got, err := r.send("POST", "/topics/orders", kind, text)
				l.note(first, each, got, err)
			}
		})
	}
	work.Wait()
	return time.Since(begun)
}

// Brokers go away with all their connections, at random and one at a time, while 200
// connections write: what was told to be written is in the log exactly once, and
// nothing is in it twice.
func TestWrittenIsExactlyOnceConformance(t *testing.T) {
	records, connections := sizes()
	c, doors := doored(t, 3, kfake.SeedTopics(12, "orders"))
	r := newRig(t, c.ListenAddrs(), nil)
	l := &ledger{told: make([]atomic.Int32, records), others: map[string]int{}}
	r.timeout = 500 * time.Millisecond // so that some are not answered in time
	stop := make(chan struct{})
	restarts := make(chan int, 1)
	go func() { restarts <- breakDoors(doors, stop) }()
	took := l.write(r, connections)
	close(stop)
	n := <-restarts
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := 0
	for _, p := range c.PartitionInfos("orders") {
		all += int(p.HighWatermark)
	}
	l.check(t, logged(t, c, "orders", all))
	t.Logf("%d records by %d connections in %v with %d restarts; answers but 200: %v", records, connections, took.Round(time.Millisecond), n, l.others)
}

// breakDoors shuts one door after the other, at random, until stop, and returns how
// often.
func breakDoors(doors []*door, stop <-chan struct{}) (n int) {
	for {
		d := doors[rand.IntN(len(doors))]
		for _, shut := range []bool{true, false} {
			pause := time.Duration(20+rand.IntN(80)) * time.Millisecond
			if !shut && rand.IntN(4) == 0 {
				pause *= 10 // longer than clients wait
			}
			select {
			case <-stop:
				d.set(false)
				return n
			case <-time.After(pause):
				d.set(shut)
			}
		}
		n++
	}
}

// check holds what was told against the log.
func (l *ledger) check(t *testing.T, log []*kgo.Record) {
	t.Helper()
	times := make([]int, len(l.told))
	for _, rec := range log {
		n, err := strconv.Atoi(string(rec.Value))
		if err != nil || n < 0 || n >= len(times) {
			t.Fatalf("a record that nobody wrote: %q", rec.Value)
		}
		times[n]++
	}
	missing, twice, unsure := 0, 0, 0
	for i := range times {
		switch told := l.told[i].Load(); {
		case times[i] > 1:
			twice++
		case told == 200 && times[i] == 0:
			missing++
		case told != 200 && times[i] == 1:
			unsure++
		}
	}
	if missing > 0 || twice > 0 {
		t.Errorf("%d records of which a 200 was said are not in the log, %d are in it twice", missing, twice)
	}
	for words := range l.others {
		if !strings.HasPrefix(words, "504 504 ") && !strings.HasPrefix(words, "503 50003 ") {
			t.Errorf("an answer that explains nothing: %s", words)
		}
	}
	t.Logf("%d records in the log, %d of them told as unknown", len(log), unsure)
}
