package httpkafka

import (
	"context"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// How the library keeps after what it cannot reach. Its own times are for clients
// that wait for minutes.
const (
	produceTimeout  = 10 * time.Second       // that a leader may take for its replicas
	requestOverhead = 5 * time.Second        // of a request beside that: then the connection is given up
	metadataAge     = 250 * time.Millisecond // between two questions where leaders are
	leastPause      = 20 * time.Millisecond  // between two tries
	mostPause       = time.Second
	unknownTopic    = 3 // answers that there is no such topic before it is believed
)

// clients are the library's, one for each level of acks, made when first needed:
// acks are a matter of a client.
type clients struct {
	set  Settings
	opts []kgo.Opt

	mu      sync.Mutex
	byAcks  [acksLevels]*kgo.Client
	topics  [acksLevels]topics // that those know
	seeds   *[]string          // that those know
	users   int                // requests that give records to them
	retired bool
	empty   chan struct{} // closed when retired and nobody uses them
}

func newClients(p *Params, s Settings, t *trouble) *clients {
	opts := []kgo.Opt{
		kgo.ClientID("sidecar"), kgo.SoftwareNameAndVersion("sidecar", p.Version), kgo.WithLogger(logger{p.Log}), kgo.WithHooks(t),
		kgo.DisableClientMetrics(), // they would tell of the sidecar and not of who produces
		kgo.Dialer(dialWithin(p.Dial, s.Connect)),
		kgo.RecordPartitioner(newPartitioner()), kgo.ProducerBatchCompression(compression(s.Compression)),
		kgo.ProducerLinger(s.Linger), kgo.ProducerBatchMaxBytes(int32(min(s.Batch, math.MaxInt32))),
		kgo.RecordDeliveryTimeout(s.Delivery + s.Linger), kgo.UnknownTopicRetries(unknownTopic),
		// Bounded before, for whole requests; a record that found no room here would
		// be missing from the middle of one.
		kgo.MaxBufferedRecords(math.MaxInt32),
		kgo.ProduceRequestTimeout(produceTimeout), kgo.RequestTimeoutOverhead(requestOverhead),
		kgo.MetadataMinAge(metadataAge), kgo.RetryBackoffFn(pause),
	}
	if s.Create {
		opts = append(opts, kgo.AllowAutoTopicCreation())
	}
	if m := mechanism(s.Mechanism, p.Login); m != nil {
		opts = append(opts, kgo.SASL(m))
	}
	c := &clients{set: s, opts: opts, empty: make(chan struct{})}
	for i := range c.topics {
		c.topics[i].known, c.topics[i].stray = map[string]bool{}, map[string]bool{}
	}
	return c
}

// pause is the time before the tries-th further try: doubled each time, with a
// share of it at random.
func pause(tries int) time.Duration {
	d := min(leastPause<<min(tries, 10), mostPause)
	return d/2 + rand.N(d/2)
}

// dialWithin is dial with a bound: the library has none of its own then.
func dialWithin(dial Dial, limit time.Duration) Dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return dial(ctx, network, address)
	}
}

// get is the client of a level of acks, made if there is none.
func (c *clients) get(a acks, seeds *[]string) (*kgo.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seeds != seeds {
		c.seeds = seeds
		for _, known := range c.byAcks {
			if known != nil {
				_ = known.UpdateSeedBrokers(*seeds...) // those that it has stay where these are none
			}
		}
	}
	if c.byAcks[a] == nil {
		opts := append(c.opts[:len(c.opts):len(c.opts)], kgo.SeedBrokers(*seeds...), a.option())
		if a != acksAll || !c.set.Idempotent {
			opts = append(opts, kgo.DisableIdempotentWrite())
		}
		made, err := kgo.NewClient(opts...)
		if err != nil {
			return nil, err
		}
		c.byAcks[a] = made
	}
	return c.byAcks[a], nil
}

// enter notes a user, who has to leave; false if they are retired.
func (c *clients) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.retired {
		c.users++
	}
	return !c.retired
}

func (c *clients) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users--; c.retired && c.users == 0 {
		close(c.empty)
	}
}

// retire has nobody enter any more, and waits for those inside, who only give their
// records and do not wait.
func (c *clients) retire() {
	c.mu.Lock()
	c.retired = true
	if c.users == 0 {
		close(c.empty)
	}
	c.mu.Unlock()
	<-c.empty
}

func (c *clients) made() []*kgo.Client {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*kgo.Client
	for _, known := range c.byAcks {
		if known != nil {
			all = append(all, known)
		}
	}
	return all
}

// flush waits until what is buffered is written or has failed, or ctx ends.
func (c *clients) flush(ctx context.Context) error {
	for _, known := range c.made() {
		if err := known.Flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// close retires them, and ends them when what is buffered is over, or ctx.
func (c *clients) close(ctx context.Context) {
	c.retire()
	_ = c.flush(ctx)
	for _, known := range c.made() {
		known.Close() // fails what is left
	}
}
