package mux

import (
	"context"
	"errors"
	"fmt"

	"sidecar"
	"sidecar/sock"
)

// handshake is what a client says before its first dispatch (Handshake and
// MuxClientNegotiatingSession of Finagle): an Rerr with a text that a server
// which knows Tinit echoes, then a Tinit, which it answers. A server that
// answers otherwise knows neither it nor fragments, and that is all.
type handshake struct {
	c          *sock.Conn
	buf        []byte
	n          int // bytes in buf that were read and not used
	window     int // that we ask for
	peerWindow int // that it asks for; 0 if it knows no fragments
}

// run talks to the server until ctx is over.
func (h *handshake) run(ctx context.Context) (err error) {
	stop := context.AfterFunc(ctx, h.c.Wake)
	defer func() {
		if !stop() { // the wake may still be under way
			err = fmt.Errorf("mux handshake: %w", ctx.Err())
		}
	}()
	f, size, err := h.ask(appendError(nil, controlTag, initCheck))
	if err != nil {
		return err
	}
	if f.kind != rerr || string(f.body) != initCheck {
		if f.kind == rerr {
			h.use(size)
		}
		return nil // another message is the session's
	}
	h.use(size)
	if f, size, err = h.ask(appendInit(nil, tinit, controlTag, h.window)); err != nil {
		return err
	}
	if f.kind == rerr {
		return fmt.Errorf("mux handshake: the server refuses it: %.200q", f.body)
	}
	if f.kind != rinit {
		return errGreeting
	}
	g, bad := readInit(f.body)
	if bad != nil {
		return bad
	}
	if g.version != initVersion {
		return fmt.Errorf("mux handshake: the server speaks version %d", g.version)
	}
	h.peerWindow = g.window
	h.use(size)
	return nil
}

// errGreeting is of a server that answers the greeting with something else.
var errGreeting = errors.New("mux handshake: the server answers it with another message")

// ask writes and reads the answer, which is in place and has size bytes.
func (h *handshake) ask(b []byte) (f frame, size int, err error) {
	if _, err = h.c.Write(b, nil); err != nil {
		return f, 0, notMux(err)
	}
	for {
		f, size, bad := readFrame(h.buf[:h.n], len(h.buf)-lengthSize)
		if bad != nil {
			return f, 0, &sidecar.Fault{Reason: sidecar.BadReply, Err: fmt.Errorf("mux handshake: %w; is it a ThriftMux server?", bad)}
		}
		if size > 0 {
			return f, size, nil
		}
		n, err := h.c.Read(h.buf[h.n:])
		h.n += n
		if err != nil {
			return f, 0, notMux(err)
		}
	}
}

// use takes the first bytes out of the buffer.
func (h *handshake) use(size int) { h.n = copy(h.buf, h.buf[size:h.n]) }

// notMux is the failure of a connection that ended during the handshake: what a
// server of another protocol does with it.
func notMux(err error) error {
	f := &sidecar.Fault{Reason: sidecar.PeerClosed, Err: &unmet{err}}
	if sock.IsReset(err) {
		f.Reason = sidecar.PeerReset
	}
	return f
}

// unmet is the end of a connection in its handshake.
type unmet struct{ err error }

func (u *unmet) Error() string {
	return "mux handshake: " + u.err.Error() + "; is it a ThriftMux server?"
}

// Unwrap is how the connection ended.
func (u *unmet) Unwrap() error { return u.err }

// Told is for clients: it names no backend.
func (u *unmet) Told() string {
	return "the backend ended the connection during the Mux handshake: is it a ThriftMux server, as protocol of the upstream says?"
}
