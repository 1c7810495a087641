// Package limit holds what keeps an upstream's callers from waiting for it in
// vain, and it from more than it can bear: a circuit that refuses at once while
// too many of them fail, a bulkhead that bounds how many are under way, and a
// fallback that answers in the upstream's place.
//
// They see logical exchanges, as their callers do: what a retry has mended does
// not count. Which endpoint failed is package breaker's business. Nothing here
// waits, and no protocol is known: a message that can be answered says how.
package limit
