// Package sock is the only package that touches raw sockets. It reads and
// writes without waiting where it can, waits in the runtime's poller without a
// buffer of its own, can be woken out of a wait, and keeps the one deadline
// wheel and the pooled buffers of the data path. On systems and connections
// where raw calls are not to be had it does the same through net.Conn.
//
// Between two TCP connections of Linux it can also move bytes by reference
// (CanSplice, Pipes, SpliceIn, SpliceOut): from MinSplice on that takes 0.5 to
// 0.85 of the CPU of copying, while whoever reads at the far end pays a little
// more, since nobody has brought the bytes into a cache for it. A caller asks
// both connections and takes a pipe; where any of that fails, and after
// ErrNoSplice from the first SpliceIn, no byte has moved and it copies.
//
// It knows no protocol and no exchange: whoever waits publishes how to wake it
// (Conn is such a waker) and resets the connection afterwards with Rearm.
package sock
