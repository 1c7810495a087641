package sidecar

// Forker is a Message that can have a second sender, for hedging. Its owner is
// the goroutine of its exchange.
type Forker interface {
	// Share readies the request of x to be sent by two at once: from here to
	// the end of x's Do it is only read. False if it is not all held. Called by
	// the owner before the first try.
	Share(x *Exchange) bool
	// Fork makes the second sender: an exchange that has begun, with a message
	// of its own that has replies and buffers of its own. Called at most once
	// after Share, by any goroutine, while the owner's Do runs.
	Fork() *Exchange
	// Join takes over the outcome of the fork if its reply was committed, and
	// ends it. Called by the owner once both have returned, before the exchange
	// is used in any other way.
	Join(fork *Exchange)
}

// Hedge is the one word on which the senders of a request commit. Both their
// exchanges have it in Exchange.Hedge; each is called by its own goroutine.
type Hedge interface {
	// Wins tells whether the reply of x, of class c, goes out. It is false when
	// the other has won, and for a failure while the other still runs, so that
	// the last one goes out. Who wins has the other interrupted (Lost).
	Wins(x *Exchange, c Class) bool
	// Trying tells that x begins a try at the endpoint of that number.
	Trying(x *Exchange, id uint64)
}
