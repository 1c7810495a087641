// Command goclients runs checks and load by one of Go's clients of Kafka:
//
//	goclients <client> checks <bootstrap> <prefix> <features>
//	goclients <client> produce <bootstrap> <topic> <name>
//	goclients <client> consume <bootstrap> <topic> <group>
//
// Checks print "ok <name>" or "not ok <name>: <why>" and at the end how many of
// each there were. Produce sends records in order of 8 keys until its input ends,
// and prints how many each key has. Consume reads until its input says how many
// there are and it has seen them all.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	keys    = 8
	records = 400 // of each check
	limit   = 90 * time.Second
	pace    = 100 * time.Millisecond // of load: one record of each key
)

type suite struct {
	bootstrap, prefix string
	features          map[string]bool
	passed, failed    int
}

func (s *suite) check(name string, f func() error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- f()
	}()
	var err error
	select {
	case err = <-done:
	case <-time.After(limit):
		err = fmt.Errorf("took longer than %v", limit)
	}
	if err != nil {
		s.failed++
		fmt.Printf("not ok %s: %v\n", name, err)
		return
	}
	s.passed++
	fmt.Printf("ok %s\n", name)
}

// eventually is for what a broker may not know yet: topics just made.
func (s *suite) eventually(name string, f func() error) {
	s.check(name, func() (err error) {
		for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if err = f(); err == nil {
				return nil
			}
		}
		return err
	})
}

func key(name string, i int) string { return name + "-" + strconv.Itoa(i%keys) }

// tally checks that what is read of each key is 0, 1, 2 and so on. It may be
// called from several goroutines.
type tally struct {
	mu                   sync.Mutex
	next                 map[string]int
	distinct, dups, gaps int
	first                string
}

func newTally() *tally { return &tally{next: map[string]int{}} }

func (t *tally) see(key, value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n, err := strconv.Atoi(strings.TrimSpace(value))
	switch {
	case err != nil:
		t.gaps++
		t.first = fmt.Sprintf("value %q of %q", value, key)
	case n < t.next[key]:
		t.dups++
	case n > t.next[key]:
		t.gaps++
		if t.first == "" {
			t.first = fmt.Sprintf("%s: %d where %d was due", key, n, t.next[key])
		}
		t.next[key] = n + 1
	default:
		t.next[key]++
		t.distinct++
	}
}

func (t *tally) count() int { t.mu.Lock(); defer t.mu.Unlock(); return t.distinct + t.gaps }

func (t *tally) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return fmt.Sprintf("distinct=%d dups=%d gaps=%d %s", t.distinct, t.dups, t.gaps, t.first)
}

// whole is nil if n records have been seen, each once and in order.
func (t *tally) whole(n int) error {
	if t.distinct == n && t.dups == 0 && t.gaps == 0 {
		return nil
	}
	return fmt.Errorf("%s, want %d", t, n)
}

// load calls send for one record of each key at each step until the input ends,
// then flush, and tells.
func load(name string, send func(key, value string, failed func(error)), flush func()) {
	stop := make(chan bool)
	go func() {
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		}
		close(stop)
	}()
	var mu sync.Mutex
	bad, why := 0, ""
	n := 0
	fmt.Println("began")
	for tick := time.NewTicker(pace); ; n++ {
		for i := range keys {
			send(key(name, i), strconv.Itoa(n), func(err error) {
				if err != nil {
					mu.Lock()
					bad++
					why = err.Error()
					mu.Unlock()
				}
			})
		}
		select {
		case <-stop:
			flush()
			fmt.Printf("produced %d failed=%d %s\n", (n+1)*keys, bad, why)
			return
		case <-tick.C:
		}
	}
}

// reading waits until the input has told how many records there are and all have
// been seen, and tells.
func reading(t *tally) {
	in := bufio.NewScanner(os.Stdin)
	in.Scan()
	n, _ := strconv.Atoi(strings.TrimSpace(in.Text()))
	for end := time.Now().Add(limit); t.count() < n && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Printf("consumed %s\n", t)
}

func main() {
	if len(os.Args) < 6 {
		fmt.Println("usage: see checks.go")
		os.Exit(2)
	}
	c := map[string]struct {
		checks           func(*suite)
		produce, consume func(bootstrap, topic, name string)
	}{
		"kgo":       {kgoChecks, kgoProduce, kgoConsume},
		"kafka-go":  {kafkagoChecks, kafkagoProduce, kafkagoConsume},
		"sarama":    {saramaChecks, saramaProduce, saramaConsume},
		"confluent": {confluentChecks, confluentProduce, confluentConsume},
	}[os.Args[1]]
	switch os.Args[2] {
	case "produce":
		c.produce(os.Args[3], os.Args[4], os.Args[5])
	case "consume":
		c.consume(os.Args[3], os.Args[4], os.Args[5])
	case "checks":
		s := &suite{bootstrap: os.Args[3], prefix: os.Args[4], features: map[string]bool{}}
		for _, f := range strings.Split(os.Args[5], ",") {
			s.features[f] = true
		}
		c.checks(s)
		fmt.Printf("%d passed, %d failed\n", s.passed, s.failed)
		if s.failed > 0 {
			os.Exit(1)
		}
	}
}
