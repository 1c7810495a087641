// Package upstream makes a Cluster of what the packages below it do alone: it
// learns from discovery where a service runs, has a balancer pick, keeps for
// each endpoint a pool and a breaker, and tries again where that is safe. The
// order in which an exchange meets all this stands in stack.go.
//
// It knows no protocol: connections come from a function it is given. It
// decides about no single failure: packages breaker and retry do.
package upstream
