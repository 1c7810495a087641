package e2e

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar/internal/zoo"
)

// judged is one command of a pipeline and what its reply must be.
type judged struct {
	text  string
	judge func(v any)
}

// mixed is a client of commands of many kinds, all on keys of its own.
type mixed struct{ tagged }

func (k *mixed) wrong(what string, v any) {
	k.outcomes.wrong = append(k.outcomes.wrong, fmt.Sprintf("%s: %s: %v", k.name, what, v))
}

// told notes an error, which nothing but a cut may be the cause of.
func (k *mixed) told(what string, v any) bool {
	bad, is := v.(error)
	if is {
		k.fail(what, bad)
		if text := bad.Error(); !strings.HasPrefix(text, "ERR sidecar: ") && !strings.HasPrefix(text, "EXECABORT ") {
			k.wrong(what, bad)
		}
	}
	return is
}

func (k *mixed) says(what string, want any) func(v any) {
	return func(v any) {
		if !k.told(what, v) && v != want {
			k.wrong(what, v)
		}
	}
}

func (k *mixed) set(n int) judged {
	k.keys[n].issued++
	number := k.keys[n].issued
	value := k.key(n) + "=" + strconv.Itoa(number)
	return judged{wireOf("SET", k.key(n), value), func(v any) {
		if !k.told("write", v) {
			k.wrote(n, v, number)
		}
	}}
}

func (k *mixed) get(n int) judged {
	return judged{wireOf("GET", k.key(n)), func(v any) {
		if !k.told("read", v) {
			k.got(n, v)
		}
	}}
}

// many reads several keys at once.
func (k *mixed) many(list ...int) judged {
	words := []string{"MGET"}
	for _, n := range list {
		words = append(words, k.key(n))
	}
	return judged{wireOf(words...), func(v any) {
		if k.told("read", v) {
			return
		}
		values, _ := v.([]any)
		if len(values) != len(list) {
			k.wrong("MGET", v)
			return
		}
		for i, n := range list {
			k.got(n, values[i])
		}
	}}
}

// next is one or, for a transaction, some commands.
func (k *mixed) next() []judged {
	n, o := k.rand.IntN(len(k.keys)), k.rand.IntN(len(k.keys))
	tag := k.name + "#" + strconv.FormatUint(k.rand.Uint64(), 36)
	switch k.rand.IntN(8) {
	case 0, 1:
		return []judged{k.set(n)}
	case 2, 3:
		return []judged{k.get(n)}
	case 4:
		return []judged{{wireOf("ECHO", tag), k.says("ECHO", tag)}}
	case 5:
		return []judged{k.many(n, o, n)}
	case 6: // as long as no small buffer takes
		long := strings.Repeat(tag, 1+k.rand.IntN(400))
		return []judged{{wireOf("EVAL", "return ARGV[1]", "1", k.key(n), long), k.says("EVAL", long)}}
	}
	if k.rand.IntN(8) > 0 {
		return []judged{k.get(o)}
	}
	return []judged{
		{wireOf("MULTI"), k.says("MULTI", "OK")},
		{wireOf("GET", k.key(n)), k.says("queue", "QUEUED")},
		{wireOf("ECHO", tag), k.says("queue", "QUEUED")},
		{wireOf("EXEC"), func(v any) {
			if k.told("EXEC", v) {
				return
			}
			values, _ := v.([]any)
			if len(values) != 2 || values[1] != tag {
				k.wrong("EXEC", v)
				return
			}
			k.got(n, values[0])
		}},
	}
}

// pipeline sends some commands at once and judges the replies in their order.
func (k *mixed) pipeline() bool {
	var all []judged
	var text strings.Builder
	for range 1 + k.rand.IntN(16) {
		all = append(all, k.next()...)
	}
	for _, one := range all {
		text.WriteString(one.text)
	}
	if err := k.c.send(text.String()); err != nil {
		k.wrong("its connection", err)
		return false
	}
	for _, one := range all {
		v, err := k.c.reply()
		if err != nil {
			k.wrong("its connection", err)
			return false
		}
		k.outcomes.commands++
		one.judge(v)
	}
	return true
}

// Whatever is cut between the sidecar and a real server, no client of 500 gets
// what is another's, and each gets its replies in order, on the connection that
// it has. Under the race detector the sidecar is, too.
func TestRedisClientsAreIsolatedConformance(t *testing.T) {
	const clients = 500
	total := int64(50_000)
	if conformance() {
		total = 1_000_000
	}
	proxy := zoo.NewProxy(t, redisPlain(t).address)
	p := start(t, "", conf{
		protocol: "redis", discover: proxy.Address,
		upstream: "timeout = \"60s\"\n[upstream.web.redis]\nconnections = 2\n",
	})
	var left atomic.Int64
	left.Store(total)
	var work sync.WaitGroup
	all := make([]*mixed, clients)
	for i := range all {
		k := &mixed{tagged{name: fmt.Sprintf("client%d", i), c: redisTo(t, p.port), rand: rand.New(rand.NewPCG(2, uint64(i))), keys: make([]taggedKey, 20)}}
		k.outcomes.errors = map[string]int{}
		all[i] = k
		work.Go(func() {
			for left.Load() > 0 {
				before := k.outcomes.commands
				if !k.pipeline() {
					return
				}
				left.Add(int64(before - k.outcomes.commands))
			}
		})
	}
	over, cuts := make(chan struct{}), 0
	go func() { work.Wait(); close(over) }()
	random := rand.New(rand.NewPCG(3, 3))
	for going := true; going; {
		select {
		case <-over:
			going = false
		case <-time.After(time.Duration(50+random.IntN(200)) * time.Millisecond):
			proxy.Cut()
			cuts++
		}
	}
	sum := outcomes{errors: map[string]int{}}
	for _, k := range all {
		sum.commands += k.outcomes.commands
		sum.regressed += k.outcomes.regressed
		sum.wrong = append(sum.wrong, k.outcomes.wrong...)
		for text, n := range k.outcomes.errors {
			sum.errors[text] += n
		}
	}
	t.Logf("%d commands of %d clients, %d cuts: errors %v, older values %d", sum.commands, clients, cuts, sum.errors, sum.regressed)
	if len(sum.wrong) > 0 {
		t.Errorf("%d wrong answers: %.2000q", len(sum.wrong), sum.wrong[:min(5, len(sum.wrong))])
	}
	if cuts == 0 {
		t.Error("nothing was cut")
	}
}
