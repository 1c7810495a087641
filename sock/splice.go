package sock

import "net"

// CanSplice tells whether the connection can be an end of a splice. Ask both
// before the first SpliceIn: what is in a pipe can only be spliced out.
func (c *Conn) CanSplice() bool {
	if c.raw == nil {
		return false
	}
	_, tcp := c.nc.(*net.TCPConn)
	return tcp
}

// SpliceIn waits until there are bytes or the end (io.EOF), as Read does, and
// moves at most n bytes into the pipe, and no more than one call takes. The
// pipe must be empty: the system says the same of a full pipe as of a silent
// connection, and a wait for bytes that are there already would not end.
// ErrNoSplice says that nothing has been moved: the bytes can still be read.
func (c *Conn) SpliceIn(p *Pipe, n int) (int, error) {
	if p.held != 0 {
		panic("sock: SpliceIn into a pipe that is not empty")
	}
	if !c.CanSplice() {
		return 0, ErrNoSplice
	}
	if n <= 0 {
		return 0, nil
	}
	return c.in.splice(c.raw, p, n)
}

// SpliceOut writes all that is in the pipe, waiting as needed. After an error
// the rest is still there: the pipe's Held says how much, a later call goes on
// with it.
func (c *Conn) SpliceOut(p *Pipe) (int, error) {
	if !c.CanSplice() {
		return 0, ErrNoSplice
	}
	return c.out.splice(c.raw, p, true)
}

// TrySpliceOut writes what is in the pipe as far as the socket takes it without
// waiting: ErrAgain with the count if that was not all.
func (c *Conn) TrySpliceOut(p *Pipe) (int, error) {
	if !c.CanSplice() {
		return 0, ErrNoSplice
	}
	return c.out.splice(c.raw, p, false)
}
