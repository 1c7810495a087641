package sim

import "sidecar"

// flight is a request on its way through a sidecar. It is the exchange, its
// message and the event of its present try's end in one, and is used again.
type flight struct {
	exchange sidecar.Exchange
	client   *client
	node     *node
	result   outcome // of the present try
	balanced bool    // the balancer picked it and is to be told of its end
	waits    bool    // it is between two tries
	started  int64   // of the present try
	paid     int     // tries that the budget paid for
	began    int64
	deadline int64
}

// Attr, Rewind and Class make it the message of its exchange.
func (f *flight) Attr(sidecar.Selector) ([]byte, bool) { return nil, false }

// Rewind always can: nothing is ever streamed here.
func (f *flight) Rewind() bool { return true }

// Class is that of the reply to the present try.
func (f *flight) Class() sidecar.Class { return f.result.class() }

// act ends the present try, or the wait before the next one.
func (f *flight) act(now int64) {
	if f.waits {
		f.waits = false
		f.client.try(f, now)
		return
	}
	f.client.landed(f, now)
}
