package resp

import (
	"bytes"
	"strconv"

	"sidecar"
	"sidecar/sock"
)

// due are replies that a server owes for the cleaning of a connection, or for
// its change to the other version. They are read when it is used next, so that
// nobody waits a round trip for them.
type due struct {
	steps   []step
	at      int // of steps, the next
	skipped int // bytes of messages that came before the first
	why     error
	secret  string // a password that was sent
}

func (d *due) open() bool { return d.at < len(d.steps) }

// maxSkipped is how many bytes of messages are read past that were on their way
// when a connection was cleaned.
const maxSkipped = 1 << 20

// token ends the cleaning of a server that has no RESET. It is asked for on one
// connection at a time, by us, so it need not be a secret.
var token = []byte("sidecar-is-done") // never changed

// clean asks the server to forget what a talk has left (a transaction, watched
// keys, subscriptions) and greets it anew, in one write.
func (c *Exclusive) clean(x *sidecar.Exchange) {
	if !c.sock.Looks() {
		return // it is not used again
	}
	var g greeting
	if c.dialer.noReset.Load() {
		g = oldReset(c.set)
	} else {
		g = c.reset()
	}
	if c.sock.Raw() {
		if n, err := c.sock.TryWrite(g.text, nil); err != nil || n < len(g.text) {
			return
		}
	} else if c.write(x, g.text) != nil {
		return
	}
	c.due = due{steps: g.steps, secret: g.password}
	c.dead = false
}

// reset is the cleaning with RESET. It is made once, as each transaction asks
// for it.
func (c *Exclusive) reset() greeting {
	if len(c.anew.text) == 0 || c.anewOf != c.version {
		var g greeting
		g.say(stepReset, "RESET")
		anew := c.set.greeting(c.version)
		g.text = append(g.text, anew.text...)
		g.steps, g.password = append(g.steps, anew.steps...), anew.password
		c.anew, c.anewOf = g, c.version
	}
	return c.anew
}

// oldReset is what undoes a talk at servers before Redis 6.2, as far as talks
// can do something. How many replies UNSUBSCRIBE has depends on what was
// subscribed, so all is read past up to the token's.
func oldReset(s *DialSettings) greeting {
	var g greeting
	for _, name := range []string{"UNSUBSCRIBE", "PUNSUBSCRIBE", "DISCARD", "UNWATCH"} {
		g.text = AppendCommand(g.text, name)
	}
	g.text = AppendCommand(g.text, "SELECT", strconv.Itoa(s.Database))
	g.say(stepToken, "ECHO", string(token))
	return g
}

// heard reads the answers to the cleaning as far as they are there: false if one
// is not right. It does not wait.
func (c *Exclusive) heard() bool {
	c.hold()
	defer func() {
		if c.n == 0 {
			c.free()
		}
	}()
	for {
		if !c.tick() {
			return false
		}
		if c.n == len(c.in) {
			return false
		}
		n, err := c.sock.TryRead(c.in[c.n:])
		if err == sock.ErrAgain {
			return true
		}
		if err != nil || !c.due.open() {
			return false
		}
		c.n += n
	}
}

// tick ticks off the due replies that have come whole: false if one is not
// right, or something comes behind the last.
func (c *Exclusive) tick() bool {
	for c.n > 0 {
		if !c.due.open() {
			return false
		}
		var w Walker
		w.Start(maxPassed)
		end, p := w.Walk(c.in[:c.n])
		if p == More {
			return true
		}
		if p != nil || !c.due.take(c.in[:end], w.Kind(), c.dialer) {
			return false
		}
		c.use(end)
	}
	return true
}

// take takes a reply: false if the connection is of no use.
func (d *due) take(reply []byte, kind byte, owner *Dialer) bool {
	reply = bare(reply)
	text := ErrorText(reply)
	switch s := d.steps[d.at]; {
	case s == stepReset && string(reply) == "+RESET\r\n", s == stepToken && kind == '$' && bytes.Contains(reply, token):
		d.at++
		return true
	case s == stepReset && bytes.HasPrefix(text, []byte("ERR unknown command")):
		owner.noReset.Store(true)
		return false
	case s == stepReset && kind != '*' && kind != '>', s == stepToken && CodeOf(text) == NoPerm:
		return false // nothing else will come in its place
	case s != stepReset && s != stepToken:
		d.at++
		d.why = s.check(reply, d.secret)
		return d.why == nil && kind != '>'
	}
	d.skipped += len(reply) // a message that was on its way, or the answer to what was not needed
	return d.skipped <= maxSkipped
}

// ready waits for the answers that are due, and sees that the server speaks
// version v. Nothing of x is sent before.
func (c *Exclusive) ready(x *sidecar.Exchange, v Version) *sidecar.Fault {
	if f := c.settle(x); f != nil {
		return f
	}
	if c.version == v {
		return nil
	}
	var g greeting
	if v == RESP3 {
		g.say(stepHello, "HELLO", "3")
	} else {
		g.say(stepHello, "HELLO", "2")
	}
	if !c.sock.Look() {
		return c.stale(0)
	}
	c.due, c.version = due{steps: g.steps}, v
	if f := c.write(x, g.text); f != nil {
		return c.unready(f)
	}
	return c.settle(x)
}

// settle waits for what is due.
func (c *Exclusive) settle(x *sidecar.Exchange) *sidecar.Fault {
	if !c.due.open() {
		return nil
	}
	c.hold()
	for c.tick() {
		if !c.due.open() {
			return nil
		}
		if c.n == len(c.in) {
			break
		}
		if f := c.read(x); f != nil {
			return c.unready(f)
		}
	}
	c.unclean()
	f := c.stale(0)
	if r, ok := c.due.why.(*refusal); ok && r.step == stepHello {
		return noRESP3(r)
	}
	return f
}

// unclean notes that what is due did not come as it should.
func (c *Exclusive) unclean() {
	c.dead = true
	c.dialer.params.Stats.unclean.Inc()
}

// unready is f of an exchange of which no byte was sent.
func (c *Exclusive) unready(f *sidecar.Fault) *sidecar.Fault {
	if f.Reason == sidecar.PeerClosed || f.Reason == sidecar.PeerReset {
		return c.stale(0)
	}
	f.Stage = sidecar.StageWrite
	f.Flags |= sidecar.Unsent
	return f
}
