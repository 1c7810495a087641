// Package hedge is the layer that sends a request a second time when its reply
// is late by the measure of its own operation, and lets the first answer go
// out. It is for slow moments of single endpoints (a collection of garbage, a
// full queue); what fails is the business of retry, which it stands outside of.
//
// The first sender runs on its owner's goroutine as it would without a hedge.
// The second begins only when the wheel says that it is time: an exchange that
// is answered earlier has cost neither a goroutine nor a timer of the runtime.
// It is one try, at an endpoint that the first has not tried; it is never tried
// again, so a request is sent at most once more than retry alone would send it.
//
// It knows no protocol: a message that can have a second sender is a
// sidecar.Forker.
package hedge
