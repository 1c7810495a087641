// Package sidecar is the vocabulary that every part of the daemon shares: an
// Exchange travels through Services, made of Layers, to an endpoint and back;
// a Fault says why it could not; a Status says whether an endpoint may be
// picked. It holds facts and the two rules that every protocol obeys (Commit
// and Interrupt), no policy, and imports the standard library only.
//
// It is not a place for helpers: what two packages share and a third need not
// know belongs in one of them.
package sidecar

import "time"

// base makes Now monotonic: wall clock steps must not fire or stop a timeout.
var base = time.Now()

// Now is the process's monotonic time in nanoseconds. Every time in an
// Exchange is read from it; zero means "not yet" and is never returned.
func Now() int64 { return int64(time.Since(base)) + 1 }

// Wall turns a time of Now into wall-clock time, for people to read.
func Wall(now int64) time.Time { return base.Add(time.Duration(now - 1)) }
