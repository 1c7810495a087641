// Package sock is the only package that touches raw sockets. It reads and
// writes without waiting where it can, waits in the runtime's poller without a
// buffer of its own, can be woken out of a wait, and keeps the one deadline
// wheel and the pooled buffers of the data path. On systems and connections
// where raw calls are not to be had it does the same through net.Conn.
//
// It knows no protocol and no exchange: whoever waits publishes how to wake it
// (Conn is such a waker) and resets the connection afterwards with Rearm.
package sock
