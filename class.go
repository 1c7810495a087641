package sidecar

// Class is what a finished reply meant, in the terms that layers act on. The
// protocol's message says which of its replies is which.
type Class uint8

const (
	// NoClass: there is no reply yet.
	NoClass Class = iota
	// Success: the peer did what was asked.
	Success
	// ClientError: the request itself was at fault (HTTP 4xx); says nothing
	// about the endpoint.
	ClientError
	// Failure: the peer failed at it and another would likely too (HTTP 500,
	// 501 and the 5xx that are not Unavailable).
	Failure
	// Unavailable: the peer or something behind it could not be reached or was
	// out of time (HTTP 502, 503, 504); another endpoint may do better.
	Unavailable
	// Overload: the peer is healthy and asks for less (HTTP 429); another
	// endpoint would likely ask for the same.
	Overload
	// Shed: the peer turned the request away for its own load (HTTP 503 with
	// Retry-After, a Mux nack); another endpoint may take it.
	Shed
	classes
)

var classNames = [classes]string{"none", "success", "client_error", "failure", "unavailable", "overload", "shed"}

func (c Class) String() string { return nameOf(classNames[:], c) }

// Failed tells whether the class counts against the endpoint that sent it.
func (c Class) Failed() bool { return c == Failure || c == Unavailable }

// ClassSet is a set of classes, for Exchange.Hold.
type ClassSet uint16

// Classes makes a set.
func Classes(cs ...Class) ClassSet {
	var s ClassSet
	for _, c := range cs {
		s |= 1 << c
	}
	return s
}

// Has tells whether c is in the set.
func (s ClassSet) Has(c Class) bool { return s&(1<<c) != 0 }
