package listener

import "time"

// tellEvery is how often refused connections are told in the log: a client
// that tries again at once would fill it.
const tellEvery = 10 * time.Second

// refusals counts refused connections between two lines of the log.
type refusals struct {
	told  int64 // when the last line was written, 0 for never
	since int   // those that no line has told
}

// add takes note of one, and is how many are to be told now; mostly 0.
func (r *refusals) add(now int64) int {
	r.since++
	if r.told != 0 && now-r.told < int64(tellEvery) {
		return 0
	}
	n := r.since
	r.told, r.since = now, 0
	return n
}
