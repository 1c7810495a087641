// Package varz counts: counters, gauges and latency histograms, the registry
// that names them, and sums over the registry by service, endpoint or
// operation. An increment inlines to one atomic instruction; everything else
// (making a series, reading, summing) is off the hot path and takes a lock.
//
// It is a leaf: it imports the standard library only, knows no exposition
// format and starts no goroutine. Whoever owns the Registry calls Rotate.
package varz
