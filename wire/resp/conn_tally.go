package resp

// tally goes through the replies to one call as they come, and counts those that
// are errors.
type tally struct {
	walker Walker
	limit  int
	left   int // replies that have not come whole
	errors int
	inside bool // one has begun
}

// maxPassed is the longest reply in bytes that a connection reads past where it
// is longer than what a call may have. Beyond it the connection ends: all who
// wait behind it would wait for too long.
const maxPassed = 1 << 30

// begin readies t for that many replies, each of limit bytes at most.
func (t *tally) begin(replies, limit int) {
	t.limit, t.left, t.errors, t.inside = limit, replies, 0, false
}

// take goes through b, which begins where it stopped: so many bytes are through
// and may be forgotten, and with done they end the last reply. After a problem
// the connection is of no use. Hot.
func (t *tally) take(b []byte) (used int, done bool, problem *Problem) {
	for t.left > 0 {
		if !t.inside {
			t.walker.Start(t.limit)
			t.inside = true
		}
		end, p := t.walker.Walk(b[used:])
		if p == More {
			n := min(t.walker.Walked(), len(b)-used)
			t.walker.Forget(n)
			return used + n, false, nil
		}
		if p != nil {
			return used, false, p
		}
		switch t.walker.Kind() {
		case '-', '!':
			t.errors++
		case '>':
			return used, false, errReplyPush
		}
		used += end
		t.left--
		t.inside = false
	}
	return used, true, nil
}
