package sidecar

// maxTries is how many attempts an exchange remembers.
const maxTries = 8

// Try is the record of one attempt. Times are of Now; bytes are of the
// backend's connection.
type Try struct {
	Endpoint   string
	ID         uint64 // the endpoint's number in this process
	Start, End int64
	Connected  int64 // when it had its connection, 0 if it got none
	ConnAge    int64 // nanoseconds since the connection was made, 0 for a new one
	Out, In    int64
	After      int64 // how long the peer asked to be left alone (Retry-After), in nanoseconds, else 0
	Stage      Stage
	Flags      Flags
	Reason     Reason
	Class      Class
	Code       int
	Number     int // from 1
}

// Tries are the attempts of an exchange, the first and the latest ones kept:
// beyond maxTries the middle is overwritten and only counted.
type Tries struct {
	list [maxTries]Try
	n    int
}

func (t *Tries) next(endpoint string, id uint64, now int64) *Try {
	t.n++
	i := t.slot(t.n)
	t.list[i] = Try{Endpoint: endpoint, ID: id, Start: now, Number: t.n}
	return &t.list[i]
}

// slot is the place of the number-th attempt: the first half stays, the rest
// go round in the second half.
func (t *Tries) slot(number int) int {
	if number <= maxTries {
		return number - 1
	}
	return maxTries/2 + (number-1)%(maxTries/2)
}

// Len is how many attempts were made, kept or not.
func (t *Tries) Len() int { return t.n }

// Last is the latest attempt, nil before the first.
func (t *Tries) Last() *Try {
	if t.n == 0 {
		return nil
	}
	return &t.list[t.slot(t.n)]
}

// Tried tells whether a kept attempt went to the endpoint of that number.
func (t *Tries) Tried(id uint64) bool {
	for i := range min(t.n, maxTries) {
		if t.list[i].ID == id {
			return true
		}
	}
	return false
}

// Kept appends the kept attempts to dst in the order they were made.
func (t *Tries) Kept(dst []Try) []Try {
	for number := 1; number <= t.n; number++ {
		if kept := &t.list[t.slot(number)]; kept.Number == number {
			dst = append(dst, *kept)
		}
	}
	return dst
}
