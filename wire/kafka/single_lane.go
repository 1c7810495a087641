package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"sidecar"
	"sidecar/sock"
	"sidecar/wire/patience"
)

// job is a request for one broker, and what came of it.
type job struct {
	frame       []byte
	node        int32 // to whom: -1 any
	correlation int32
	silent      bool          // nobody answers it
	patience    time.Duration // with the broker
	own         bool          // frame was made for it
	started     int64
	of          *pending

	answer []byte // whole; nil: there is none
	fault  *sidecar.Fault
}

// laneJobs is how many requests may wait for one broker: a client's pending ones,
// those that are being taken and answered, and two of our own.
const laneJobs = maxPending + 4

// lane is the way of one client to one broker: a connection while there is something
// to do, and requests one after another. So do brokers take them: one that came
// before another is answered would only wait there.
type lane struct {
	cl     *SingleClient
	node   int32
	jobs   chan *job
	bell   bell
	stops  atomic.Bool
	x      sidecar.Exchange
	alarms sock.Alarms
	talk   Talk
	job    *job // not sent yet
	tries  int  // of it
	silent bool // the last one was not answered: an end is an error
}

// laneTries is how often a request is tried that found its connection ended before
// a byte of it was sent.
const laneTries = 3

func (cl *SingleClient) newLane(node int32) *lane {
	l := &lane{cl: cl, node: node, jobs: make(chan *job, laneJobs), bell: make(bell, 1)}
	l.alarms.Init(cl.srv.params.Wheel, &l.x)
	l.talk = Talk{Node: node, Client: cl.ip, Relay: l}
	return l
}

// submit gives the lane a job. It never waits: there is room for all there can be.
func (l *lane) submit(j *job) {
	j.started = sidecar.Now()
	l.jobs <- j
	l.bell.Wake()
}

// stop ends what is under way, and what comes later.
func (l *lane) stop() {
	l.stops.Store(true)
	l.x.Interrupt(l.x.Gen(), sidecar.ClientGone)
	l.bell.Wake()
}

// run performs jobs until there are to be no more.
func (l *lane) run(ctx context.Context) {
	for j := range l.jobs {
		l.job, l.tries = j, 0
		for l.job != nil {
			if f := l.connect(ctx); l.job != nil {
				l.fail(f)
			}
		}
	}
}

// connect has a session performed that sends the job and what comes behind it.
// After a fault the job could not be sent; without one, and the job still there, it
// is to be tried again.
func (l *lane) connect(ctx context.Context) *sidecar.Fault {
	now := sidecar.Now()
	l.silent = false
	l.x.Begin(&l.talk, &l.alarms, now)
	l.x.Kind = sidecar.Session
	if l.node >= 0 {
		if l.x.Endpoint = l.whereIs(ctx); l.x.Endpoint == "" {
			return noBroker(l.node)
		}
	}
	if l.stops.Load() {
		return sidecar.ClientGone.Fault(sidecar.StageDial)
	}
	l.x.RequestDone(now)
	err := l.cl.srv.params.Handler.Do(ctx, &l.x)
	l.x.End()
	l.tries++
	switch f := sidecar.FaultOf(err); {
	case f != nil:
		return f
	case l.job != nil && l.tries >= laneTries:
		return brokerEnded(sidecar.StageWrite, errUnsteady)
	}
	return nil
}

var errUnsteady = errors.New("the broker closes each connection at once")

// laneAsk is how long a request waits for where its broker is, if nobody knows.
const laneAsk = 5 * time.Second

func (l *lane) whereIs(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, laneAsk)
	defer cancel()
	return l.cl.srv.params.BrokerAt(ctx, l.node)
}

// fail ends the job, and those behind it: each would wait as long in vain. Without
// a fault it does nothing.
func (l *lane) fail(f *sidecar.Fault) {
	if f == nil {
		return
	}
	// Counted before the client is told of the first: what it asks for upon that is
	// tried.
	behind := len(l.jobs)
	l.finish(l.job, f)
	l.job = nil
	for range behind {
		l.finish(<-l.jobs, f)
	}
}

// finish hands a job back.
func (l *lane) finish(j *job, f *sidecar.Fault) {
	j.fault = f
	j.of.finished()
}

// Relay sends jobs over c and takes their answers until there have been none for a
// while, see Relay.
func (l *lane) Relay(x *sidecar.Exchange, c *Conn) *sidecar.Fault {
	if !x.Commit(sidecar.Success) {
		return &sidecar.Fault{Stage: sidecar.StageWrite, Flags: sidecar.Unsent, Reason: sidecar.HedgeLost}
	}
	for l.job != nil || l.next(x) {
		if !c.Sock.Look() {
			if l.silent { // the broker's only word for what it could not write
				return l.done(x, nil, brokerEnded(sidecar.StageWrite, errSilent))
			}
			return nil // with the job
		}
		if f := l.ask(x, c.Sock); f != nil {
			return f
		}
	}
	return nil
}

var errSilent = errors.New("the broker has closed the connection behind a request with acks=0")

// next waits for a job; false if there is none for the session.
func (l *lane) next(x *sidecar.Exchange) bool {
	x.SetStall(int64(l.cl.set.IdleTimeout))
	x.Moved(x.Now())
	for !l.stops.Load() {
		select {
		case j, ok := <-l.jobs:
			l.job, l.tries = j, 0
			return ok
		default:
		}
		if x.Block(l.bell) {
			<-l.bell
		}
		switch x.Unblock() {
		case sidecar.NoCause:
		case sidecar.Stalled:
			x.Forget(sidecar.Stalled)
			return false
		default:
			return false
		}
	}
	return false
}

// ask sends the job and takes its answer.
func (l *lane) ask(x *sidecar.Exchange, c *sock.Conn) *sidecar.Fault {
	j := l.job
	x.SetStall(int64(j.patience))
	if f := l.send(x, c, j.frame); f != nil {
		return l.done(x, nil, f)
	}
	l.silent = j.silent
	if j.silent {
		return l.done(x, nil, nil)
	}
	answer, f := l.receive(x, c)
	if f == nil {
		if _, id, _ := ParseAnswerHead(answer); id != j.correlation {
			f = badAnswer(errOrder)
		}
	}
	return l.done(x, answer, f)
}

var errOrder = &Problem{text: "the broker answers another request than the one that was sent"}

// done ends the job that was sent, at least in part. It returns f.
func (l *lane) done(x *sidecar.Exchange, answer []byte, f *sidecar.Fault) *sidecar.Fault {
	x.Settled()
	j := l.job
	l.job = nil
	o := sidecar.Outcome{Class: sidecar.Success, Duration: x.Now() - j.started, Out: int64(len(j.frame)), In: int64(len(answer))}
	if f != nil {
		o.Class, o.Reason = sidecar.NoClass, f.Reason
	}
	x.Observe(x.Op, o)
	j.answer = answer
	l.finish(j, f)
	return f
}

func (l *lane) send(x *sidecar.Exchange, c *sock.Conn, b []byte) *sidecar.Fault {
	for len(b) > 0 {
		x.Moved(x.Now())
		var n int
		var err error
		ready := x.Block(c)
		if ready {
			n, err = c.Write(b[:min(len(b), patience.MaxPiece)], nil)
		}
		cause := l.unblock(x, c)
		switch {
		case cause != sidecar.NoCause && cause != sidecar.Draining:
			return cause.Fault(sidecar.StageWrite)
		case err != nil && cause == sidecar.NoCause:
			return brokerEnded(sidecar.StageWrite, err)
		}
		b = b[n:]
	}
	x.Moved(x.Now())
	return nil
}

// unblock ends a wait. A drain, which a session is told once, is for between two
// jobs: the wait goes on.
func (l *lane) unblock(x *sidecar.Exchange, c *sock.Conn) sidecar.Cause {
	cause := x.Unblock()
	if cause != sidecar.NoCause {
		c.Rearm()
	}
	return cause
}

// receive takes the answer, whole.
func (l *lane) receive(x *sidecar.Exchange, c *sock.Conn) ([]byte, *sidecar.Fault) {
	srv := l.cl.srv
	b := srv.take(sock.LargeBuffer)
	if b == nil {
		return nil, noSpace()
	}
	for n, total := 0, 0; ; {
		if total == 0 {
			size, _, p := ParseAnswerHead(b[:n])
			switch {
			case p == nil && size > l.cl.set.Held:
				return b, &sidecar.Fault{Stage: sidecar.StageRead, Reason: sidecar.TooLarge, Err: errLongAnswer}
			case p == nil:
				total = SizeLen + size
				if b = srv.grown(b, n, total); b == nil {
					return nil, noSpace()
				}
			case p != More:
				return b, badAnswer(p)
			}
		}
		switch {
		case total != 0 && n > total:
			return b, badAnswer(errOrder)
		case total != 0 && n == total:
			return b[:total], nil
		}
		m, f := l.read(x, c, b[n:])
		if f != nil {
			return b, f
		}
		n += m
	}
}

var errLongAnswer = &Problem{text: "the broker's answer is longer than max_held allows"}

// grown is b, or a longer buffer with the first n bytes of it.
func (s *Single) grown(b []byte, n, size int) []byte {
	if size <= len(b) {
		return b
	}
	longer := s.take(size)
	copy(longer, b[:n])
	s.give(b)
	return longer
}

func (l *lane) read(x *sidecar.Exchange, c *sock.Conn, b []byte) (int, *sidecar.Fault) {
	for {
		var n int
		var err error
		ready := x.Block(c)
		if ready {
			n, err = c.Read(b)
		}
		cause := l.unblock(x, c)
		switch {
		case cause != sidecar.NoCause && cause != sidecar.Draining:
			return 0, cause.Fault(sidecar.StageRead)
		case n == 0 && err != nil && cause == sidecar.NoCause:
			return 0, brokerEnded(sidecar.StageRead, err)
		case n > 0:
			x.Moved(x.Now())
			return n, nil
		}
	}
}
