package xds

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// sendWait is how long a control plane may take to read a request of ours. One
// that reads nothing for so long is left.
const sendWait = 20 * time.Second

// link is one try to have a stream, and the stream if there comes to be one.
type link struct {
	variant Variant
	events  chan event
	cancel  context.CancelFunc
	working sync.WaitGroup
	began   time.Time

	dialect dialect // nil until the stream is open
	heard   bool    // something came over it
}

// event is what a link tells: one of its fields.
type event struct {
	opened dialect
	news   *news
	stray  bool  // a response that was not asked for
	err    error // the end
}

// newLink tries to have a stream of that form.
func newLink(ctx context.Context, server string, v Variant, s Settings, now time.Time) *link {
	ctx, cancel := context.WithCancel(ctx)
	l := &link{variant: v, events: make(chan event), cancel: cancel, began: now}
	l.working.Go(func() { l.run(ctx, server, s) })
	return l
}

func (l *link) run(ctx context.Context, server string, s Settings) {
	emit := func(e event) {
		select {
		case l.events <- e:
		case <-ctx.Done():
		}
	}
	conn, err := dial(server, s)
	if err != nil {
		emit(event{err: err})
		return
	}
	defer func() { _ = conn.Close() }() // nothing is lost with it
	d, err := open(ctx, conn, l.variant, s)
	if err != nil {
		emit(event{err: err})
		return
	}
	emit(event{opened: d})
	for p := new(pace); rest(ctx, p.next(time.Now())); {
		n, ok, err := d.recv()
		switch {
		case err != nil:
			emit(event{err: err})
			return
		case !ok:
			emit(event{stray: true})
		default:
			emit(event{news: &n})
		}
	}
}

// end ends the link and waits for it.
func (l *link) end() {
	l.cancel()
	l.working.Wait()
}

// send does what writes to the stream. What fails shows where it is read from.
func (l *link) send(write func() error) {
	stop := time.AfterFunc(sendWait, l.cancel)
	defer stop.Stop()
	_ = write()
}

// explain says why a link ended and what may help.
func explain(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the control plane ended the stream")
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	text := told(s.Message())
	switch s.Code() {
	case codes.Unauthenticated, codes.PermissionDenied:
		return errors.New("the control plane does not let this process in (set token, or tls_cert and tls_key, in [xds]): " + text)
	case codes.Unimplemented:
		return errors.New("there is no aggregated discovery service (ADS) at this address (correct the URI): " + text)
	case codes.ResourceExhausted:
		return errors.New("a response is too large, or the control plane has too much to do: " + text)
	}
	return errors.New(text)
}
