package redis

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	// silence is how long a Sentinel says nothing before it is asked whether it is
	// there, and answer how long it then has.
	silence = 10 * time.Second
	answer  = 5 * time.Second
	// listenAgain is the longest wait before one is listened to again.
	listenAgain = 5 * time.Second
)

// switched is the event of another master.
const switched = "+switch-master"

// news are the events after which the master or its replicas may be others.
var news = []string{switched, "+slave", "+sdown", "-sdown", "+odown", "-odown", "+slave-reconf-done", "+reboot", "+config-update-from"}

// voice listens to Sentinels. Run's goroutine owns it.
type voice struct {
	heard  map[string]context.CancelFunc // who is listened to
	ears   sync.WaitGroup
	others []string // Sentinels that others have told of
	epoch  int      // of the configuration in use
}

// listen listens to these Sentinels, and to others no more.
func (s *Source) listen(ctx context.Context, sentinels []string) {
	if s.heard == nil {
		s.heard = map[string]context.CancelFunc{}
	}
	for address, stop := range s.heard {
		if !slices.Contains(sentinels, address) {
			stop()
			delete(s.heard, address)
		}
	}
	for _, address := range sentinels {
		if s.heard[address] == nil {
			ctx, stop := context.WithCancel(ctx)
			s.heard[address] = stop
			s.ears.Go(func() { s.follow(ctx, address) })
		}
	}
}

// hush waits for those that listen, whose context has ended.
func (s *Source) hush() {
	for _, stop := range s.heard {
		stop()
	}
	s.ears.Wait()
	s.heard = nil
}

// follow listens to one Sentinel until ctx ends.
func (s *Source) follow(ctx context.Context, address string) {
	for wait := minLook / 4; ctx.Err() == nil; wait = min(2*wait, listenAgain) {
		began := time.Now()
		s.hearOut(ctx, address)
		if time.Since(began) > silence {
			wait = minLook / 4
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

// hearOut listens over one connection until it ends.
func (s *Source) hearOut(ctx context.Context, address string) {
	p := connect(ctx, address, s.p.Settings().Sentinels, s.p.Dial)
	defer p.close()
	sub := p.c.Subscribe(ctx, news...)
	defer func() { _ = sub.Close() }()
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer stop()
	for pinged := false; ctx.Err() == nil; {
		wait := silence
		if pinged {
			wait = answer
		}
		m, err := sub.ReceiveTimeout(ctx, wait)
		switch m := m.(type) {
		case *goredis.Message:
			if !about(m.Payload, s.p.Master) {
				break
			}
			if m.Channel == switched {
				s.want(urgent)
			} else {
				s.want(asked)
			}
		case nil:
			if pinged || !timeout(err) || sub.Ping(ctx) != nil {
				return
			}
			pinged = true
			continue
		}
		pinged = false
	}
}

// about tells whether an event is of that master: "+switch-master" begins with
// its name, others have it as "master NAME host port" or behind an "@".
func about(event, master string) bool {
	words := strings.Fields(event)
	if len(words) > 0 && words[0] == master {
		return true
	}
	for i, w := range words {
		if (w == "master" && i == 0 || w == "@") && i+1 < len(words) && words[i+1] == master {
			return true
		}
	}
	return false
}

func timeout(err error) bool {
	t, ok := err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}
