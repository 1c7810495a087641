package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar/internal/rediscluster"
)

// tagged is a client that writes and reads keys of its own in pipelines, each
// value with its key and a number, and knows what may come back.
type tagged struct {
	name     string
	c        *redisClient
	rand     *rand.Rand
	keys     []taggedKey
	outcomes outcomes
}

// taggedKey is what is known of a key: the number of its last write, and of the
// last one that was confirmed.
type taggedKey struct{ issued, acked int }

// outcomes is what came of the commands.
type outcomes struct {
	commands, regressed int
	wrong               []string       // answers that cannot be
	errors              map[string]int // by "read" or "write" and the first words
	longest             time.Duration  // of a pipeline
}

const perPipeline = 8

func (k *tagged) key(i int) string { return k.name + ":" + strconv.Itoa(i) }

// round sends a pipeline of writes and reads and judges the answers.
func (k *tagged) round() {
	var text strings.Builder
	var list, numbers [2 * perPipeline]int // keys, those that are read as -1-key; what is written
	for i := range list {
		n := k.rand.IntN(len(k.keys))
		if list[i] = n; i%2 == 1 {
			list[i] = -n - 1
			text.WriteString(wireOf("GET", k.key(n)))
			continue
		}
		k.keys[n].issued++
		numbers[i] = k.keys[n].issued
		text.WriteString(wireOf("SET", k.key(n), k.key(n)+"="+strconv.Itoa(k.keys[n].issued)))
	}
	began := time.Now()
	if err := k.c.send(text.String()); err != nil {
		k.fail("connection", err)
		return
	}
	for i, n := range list {
		v, err := k.c.reply()
		if err != nil {
			k.fail("connection", err)
			return
		}
		k.outcomes.commands++
		if n >= 0 {
			k.wrote(n, v, numbers[i])
			continue
		}
		k.got(-n-1, v)
	}
	k.outcomes.longest = max(k.outcomes.longest, time.Since(began))
}

func (k *tagged) wrote(n int, v any, number int) {
	if bad, is := v.(error); is {
		k.fail("write", bad)
		return
	}
	if v != "OK" {
		k.outcomes.wrong = append(k.outcomes.wrong, fmt.Sprintf("SET %s: %v", k.key(n), v))
	}
	k.keys[n].acked = number
}

func (k *tagged) got(n int, v any) {
	if bad, is := v.(error); is {
		k.fail("read", bad)
		return
	}
	key := &k.keys[n]
	text, _ := v.(string)
	of, number, _ := strings.Cut(text, "=")
	at, err := strconv.Atoi(number)
	switch {
	case v == nil && key.acked == 0:
	case v == nil:
		k.outcomes.regressed++
		key.acked = 0
	case err != nil || of != k.key(n) || at > key.issued:
		k.outcomes.wrong = append(k.outcomes.wrong, fmt.Sprintf("GET %s: %q", k.key(n), text))
	case at < key.acked:
		k.outcomes.regressed++
		key.acked = at
	default:
		key.acked = at
	}
}

func (k *tagged) fail(what string, err error) {
	words := strings.Fields(err.Error())
	k.outcomes.errors[what+": "+strings.Join(words[:min(4, len(words))], " ")]++
}

// throng runs clients until stop, and joins their tallies for each phase.
type throng struct {
	t     *testing.T
	stop  atomic.Bool
	work  sync.WaitGroup
	turns []sync.Mutex
	all   []*tagged
}

func startThrong(t *testing.T, address string, clients int) *throng {
	c := &throng{t: t, turns: make([]sync.Mutex, clients)}
	for i := range clients {
		k := &tagged{name: fmt.Sprintf("client%d", i), c: redisTo(t, address), rand: rand.New(rand.NewPCG(1, uint64(i))), keys: make([]taggedKey, 200)}
		k.outcomes.errors = map[string]int{}
		c.all = append(c.all, k)
		c.work.Go(func() {
			for !c.stop.Load() {
				c.turns[i].Lock()
				k.round()
				c.turns[i].Unlock()
			}
		})
	}
	t.Cleanup(func() {
		c.stop.Store(true)
		c.work.Wait()
	})
	return c
}

// take is what came since the last call.
func (c *throng) take(phase string) outcomes {
	c.t.Helper()
	sum := outcomes{errors: map[string]int{}}
	for i, k := range c.all {
		c.turns[i].Lock()
		t := k.outcomes
		k.outcomes = outcomes{errors: map[string]int{}}
		c.turns[i].Unlock()
		sum.commands += t.commands
		sum.regressed += t.regressed
		sum.wrong = append(sum.wrong, t.wrong...)
		sum.longest = max(sum.longest, t.longest)
		for text, n := range t.errors {
			sum.errors[text] += n
		}
	}
	c.t.Logf("%s: %d commands, longest pipeline %v, errors %v, older values %d", phase, sum.commands, sum.longest.Round(time.Millisecond), sum.errors, sum.regressed)
	for text := range maps.Keys(sum.errors) {
		for _, word := range []string{"MOVED", "ASK", "TRYAGAIN", "CROSSSLOT", "READONLY", "CLUSTERDOWN"} {
			if strings.Contains(text, word) {
				c.t.Errorf("%s: a client was told %s", phase, text)
			}
		}
	}
	if len(sum.wrong) > 0 {
		c.t.Errorf("%s: %d wrong answers: %v", phase, len(sum.wrong), sum.wrong[:min(5, len(sum.wrong))])
	}
	return sum
}

// more waits for so many further commands.
func (c *throng) more(n int) {
	c.t.Helper()
	sum := func() (all int) {
		for i, k := range c.all {
			c.turns[i].Lock()
			all += k.outcomes.commands
			c.turns[i].Unlock()
		}
		return all
	}
	first := sum()
	await(c.t, "further commands", func() bool { return sum() >= first+n })
}

// flawless is a phase in which nothing may fail and nothing be older.
func (c *throng) flawless(phase string) {
	c.t.Helper()
	if t := c.take(phase); len(t.errors) > 0 || t.regressed > 0 {
		c.t.Errorf("%s: errors %v, %d older values", phase, t.errors, t.regressed)
	}
}

// errorless is a phase in which nothing may fail. Writes that a killed master had
// confirmed and not passed on may be found missing only now, as a key is read.
func (c *throng) errorless(phase string) {
	c.t.Helper()
	if t := c.take(phase); len(t.errors) > 0 {
		c.t.Errorf("%s: errors %v", phase, t.errors)
	}
}

// onlyInFlight is a phase in which a master went: reads come through, and of
// writes those fail that were on their way to it.
func (c *throng) onlyInFlight(phase string) {
	c.t.Helper()
	t := c.take(phase)
	writes := 0
	for text, n := range t.errors {
		if !strings.HasPrefix(text, "write: ") {
			c.t.Errorf("%s: %d times %s", phase, n, text)
			continue
		}
		writes += n
	}
	if most := len(c.all) * perPipeline; writes > most {
		c.t.Errorf("%s: %d writes failed, and no more than %d were on their way", phase, writes, most)
	}
}

func TestClientsOfARedisClusterSeeOneServer(t *testing.T) {
	c := rediscluster.Start(t, rediscluster.ClusterParams{Replicas: 1, Params: rediscluster.Params{Password: "secret"}})
	t.Setenv("SECRET", "secret")
	p := start(t, "", conf{
		protocol: "redis", discover: c.Nodes[0].Address,
		upstream: "timeout = \"20s\"\n[upstream.web.redis]\ntopology = \"cluster\"\npassword = { env = \"SECRET\" }\n",
	})
	throng := startThrong(t, p.port, 8)
	throng.more(2000)
	throng.flawless("at rest")

	added := c.Add()
	moved := 0
	for slot := range rediscluster.Slots {
		if slot%400 == 0 { // of all masters
			c.Move(slot, added)
			moved++
		}
	}
	throng.more(2000)
	throng.flawless(fmt.Sprintf("%d slots moved to a new master", moved))

	replica := c.Replicas()[0]
	c.Failover(replica)
	throng.more(2000)
	throng.onlyInFlight("a replica took over by itself")

	gone := c.Owner(rediscluster.Slots - 1)
	gone.Kill()
	c.AwaitFailover(rediscluster.Slots-1, gone)
	throng.more(2000)
	throng.onlyInFlight("a master was killed")
	gone.Up()
	c.AwaitWell()
	throng.more(1000)
	throng.errorless("it came back as a replica")
}

func TestClientsOfSentinelsSeeOneServer(t *testing.T) {
	s := rediscluster.StartSentinel(t, rediscluster.SentinelParams{Params: rediscluster.Params{Password: "secret"}, SentinelPassword: "other"})
	t.Setenv("SECRET", "secret")
	t.Setenv("OTHER", "other")
	p := start(t, "", conf{
		protocol: "redis", discover: strings.Join(s.Addresses(), ","),
		upstream: "timeout = \"20s\"\n[upstream.web.redis]\ntopology = \"sentinel\"\nmaster = \"" + rediscluster.MasterName + "\"\n" +
			"password = { env = \"SECRET\" }\nsentinel_password = { env = \"OTHER\" }\n",
	})
	throng := startThrong(t, p.port, 8)
	throng.more(2000)
	throng.flawless("at rest")
	first := s.Master()
	first.Kill()
	s.AwaitFailover(first)
	throng.more(2000)
	throng.onlyInFlight("the master was killed")
	first.Up()
	rediscluster.Await(t, "the former master follows", func() bool { return first.Info("replication", "role") == "slave" })
	throng.more(1000)
	throng.errorless("it came back as a replica")
}
