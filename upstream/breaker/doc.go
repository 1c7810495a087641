// Package breaker takes one endpoint out of use while it fails and finds out
// when it may come back. It sees the outcomes of exchanges with the endpoint
// and the time, and nothing else: it dials nothing, knows no other endpoint and
// asks its owner whether the endpoint may be spared.
//
// There are two ways out and back. An endpoint that cannot be connected to is
// dialled again by the owner in the background, and no client's request is
// spent on it. One that fails requests gets exactly one after a while, the
// probe, and is closed to all others until that is over.
package breaker
