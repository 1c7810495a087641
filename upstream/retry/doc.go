// Package retry is the one place that decides whether an exchange is tried
// again. It concludes from the facts of the Fault, the message, the time left
// and a budget; it picks no endpoint and knows no protocol.
//
// A try that provably reached nobody is repeated for free at another endpoint.
// Every other repetition is paid for from the budget of the upstream, so that
// retries cannot multiply the load of an upstream that is failing.
package retry
