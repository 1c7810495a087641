package httpkafka

import (
	"context"
	"errors"
	"fmt"

	"sidecar"
)

var (
	errNoBatch = errors.New("no records for a producer")
	errClosed  = errors.New("the producer has ended")
	errRoom    = &toldError{"max_buffered of the upstream is reached: more records are under way than may be, and nothing of this request was written"}
	errSeeds   = errors.New("discovery has named no broker yet")
)

// toldError is a cause that clients may read.
type toldError struct{ text string }

func (e *toldError) Error() string { return e.text }
func (e *toldError) Told() string  { return e.text }

// Do writes the records of x and returns when each of them is over, or when x is
// interrupted: what becomes of the others then nobody is told.
func (p *Producer) Do(ctx context.Context, x *sidecar.Exchange) error {
	b, ours := x.Msg.(*batch)
	if !ours {
		return &sidecar.Fault{Stage: sidecar.StageRoute, Flags: sidecar.Unsent, Reason: sidecar.Internal, Err: errNoBatch}
	}
	if f := p.send(context.WithoutCancel(ctx), b); f != nil {
		return f
	}
	cause := b.wait(x)
	sum := b.sum()
	p.stats.answered(&sum)
	p.learn(b, &sum)
	b.class = sum.class
	switch {
	case cause != sidecar.NoCause:
		return p.unanswered(b, &sum, cause)
	case !x.Commit(sum.class):
		return b.failed(&sum)
	case sum.class == sidecar.Success, sum.class == sidecar.ClientError:
		return nil
	}
	return b.failed(&sum)
}

// send gives the records to the library, all or, with a fault, none. ctx is that of
// the records: it must not end with the client.
func (p *Producer) send(ctx context.Context, b *batch) *sidecar.Fault {
	before := &sidecar.Fault{Stage: sidecar.StagePick, Flags: sidecar.Unsent | sidecar.Rejected}
	seeds := p.seeds.Load()
	if len(*seeds) == 0 {
		before.Reason, before.Err = sidecar.NoEndpoints, errSeeds
		return before
	}
	if !p.reserve(b.bytes) {
		p.stats.refused.Inc()
		before.Reason, before.Err = sidecar.TooManyRequests, errRoom
		return before
	}
	c := p.enter()
	if c == nil {
		p.buffered.Add(-b.bytes)
		before.Reason, before.Err = sidecar.ShuttingDown, errClosed
		return before
	}
	defer c.leave()
	client, err := c.get(b.acks, seeds)
	if err != nil {
		p.buffered.Add(-b.bytes)
		before.Reason, before.Err = sidecar.Internal, err
		return before
	}
	b.started, b.by, b.through = true, c, client
	b.safe = b.acks == acksAll && c.set.Idempotent
	b.left.Store(int64(len(b.entries)))
	for i := range b.entries {
		e := &b.entries[i]
		// Not with the exchange's time either: the library would fail all that has
		// been batched with a record of which the time is over.
		client.TryProduce(ctx, &e.Record, e.finish)
	}
	return nil
}

// learn takes up whether there is the topic.
func (p *Producer) learn(b *batch, s *sum) {
	known := &b.by.topics[b.acks]
	switch {
	case s.number == numNoTopic:
		if list := known.missing(b.topic); list != nil {
			p.forget(b.through, list)
		}
	case s.failed+s.open < len(b.entries):
		known.written(b.topic)
	}
}

// unanswered is the fault of a request that was interrupted with records under way.
func (p *Producer) unanswered(b *batch, s *sum, cause sidecar.Cause) error {
	f := cause.Fault(sidecar.StageRead)
	f.Err = fmt.Errorf("topic %s: no answer to %d of %d records, which may still be written", b.topic, s.open, len(b.entries))
	if last := p.trouble.recent(); last != nil {
		f.Err = fmt.Errorf("%w; the last broker not reached: %w", f.Err, last)
	}
	return f
}

// failed is the fault of a request of which records were not written.
func (b *batch) failed(s *sum) error {
	return &sidecar.Fault{
		Stage: sidecar.StageRead, Flags: sidecar.FromPeer, Reason: sidecar.Status5xx, Class: s.class, Code: s.status,
		Err: fmt.Errorf("topic %s: %d of %d records failed, the first one: %w", b.topic, s.failed, len(b.entries), s.first),
	}
}
