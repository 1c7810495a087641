package httpkafka

import (
	"context"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"sidecar"
	"sidecar/varz"
	"sidecar/wire/kafka"
)

// Dial makes a connection to a broker, TLS included.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// Params are what a Producer is made of; all must be given.
type Params struct {
	Name    string // the upstream's
	Version string // of the sidecar, for brokers
	// Dial makes connections to brokers, by the addresses that the cluster or
	// discovery has for them.
	Dial Dial
	// Login says how to log in, anew for each connection.
	Login    func() kafka.DialSettings
	Registry *varz.Registry
	Log      *slog.Logger
	Now      func() int64
}

// Producer writes records to one upstream. It makes no connection before it has
// something to write.
type Producer struct {
	params   Params
	stats    *stats
	trouble  trouble
	set      atomic.Pointer[Settings]
	seeds    atomic.Pointer[[]string]
	now      atomic.Pointer[clients]
	buffered atomic.Int64   // bytes under way
	ending   sync.WaitGroup // of clients that others have replaced, and what they forget

	mu     sync.Mutex // of Set and Close
	closed bool
	ended  context.Context // once it is closed
	end    context.CancelFunc
}

// NewProducer makes one. Clients of former settings end with ctx at the latest.
func NewProducer(ctx context.Context, p Params, s Settings) *Producer {
	out := &Producer{params: p, stats: newStats(p.Registry, p.Name), trouble: trouble{now: p.Now}}
	out.ended, out.end = context.WithCancel(ctx)
	out.seeds.Store(new([]string))
	out.set.Store(&s)
	out.now.Store(newClients(&out.params, s, &out.trouble))
	out.gauges()
	return out
}

// Set changes the settings for requests to come.
func (p *Producer) Set(s Settings) {
	p.mu.Lock()
	defer p.mu.Unlock()
	old := p.set.Swap(&s)
	if p.closed || !old.remake(s) {
		return
	}
	former := p.now.Swap(newClients(&p.params, s, &p.trouble))
	p.ending.Go(func() {
		// Until every record is over: they have their time, and brokers may have
		// what is given up.
		former.close(p.ended)
	})
}

// Seeds are the brokers to ask where leaders are, as discovery has them.
func (p *Producer) Seeds(addresses []string) {
	if len(addresses) > 0 && !slices.Equal(*p.seeds.Load(), addresses) {
		p.seeds.Store(&addresses)
	}
}

// Flush waits until all that is buffered is written or has failed, or ctx ends.
func (p *Producer) Flush(ctx context.Context) error { return p.now.Load().flush(ctx) }

// Close ends the producer: what is buffered has until ctx ends, and not longer than
// a second. Requests that come later are told so.
func (p *Producer) Close(ctx context.Context) {
	p.mu.Lock()
	again := p.closed
	p.closed = true
	p.mu.Unlock()
	if again {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lastFlush)
	defer cancel()
	p.now.Load().close(ctx)
	p.end()
	p.ending.Wait()
}

// Aside is who performs x where the connections to brokers do not: nil if they do.
func (p *Producer) Aside(x *sidecar.Exchange) sidecar.Service {
	if b, ours := x.Msg.(*batch); ours && b.producer == p {
		return p
	}
	return nil
}

// reserve takes room for n bytes, all or none of it. One request alone always has it.
func (p *Producer) reserve(n int64) bool {
	if used := p.buffered.Add(n); used > p.set.Load().MaxBuffered && used != n {
		p.buffered.Add(-n)
		return false
	}
	return true
}

// over notes that a record that was given to the library is not under way any more.
func (p *Producer) over(n int64, err error) {
	p.buffered.Add(-n)
	p.stats.record(n, err)
}

// enter is the present clients with the caller among their users.
func (p *Producer) enter() *clients {
	for {
		c := p.now.Load()
		if c.enter() {
			return c
		}
		if p.now.Load() == c {
			return nil // closed
		}
	}
}
