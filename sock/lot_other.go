//go:build !linux || !(amd64 || arm64)

package sock

import "time"

// Lot parks nothing on this system: idle connections keep their goroutine.
type Lot struct{}

// NewLot makes a lot that takes nothing.
func NewLot(func() int64) (*Lot, error) { return &Lot{}, nil }

// Close does nothing.
func (l *Lot) Close() {}

// Park takes nothing.
func (l *Lot) Park(*Conn, Parked, *Spot, time.Duration) bool { return false }

// Watch takes nothing.
func (l *Lot) Watch(*Conn, Watcher, uint64, *Spot) bool { return false }

// Unpark has nothing to take out.
func (l *Lot) Unpark(*Spot) bool { return false }

// Unwatch has nothing to end.
func (l *Lot) Unwatch(*Spot) {}

// Parked is zero.
func (l *Lot) Parked() int { return 0 }
