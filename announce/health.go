package announce

// health judges a service by its last checks. It is pure.
type health struct {
	rise, fall int  // checks in a row that change the judgement
	well       bool // the judgement; not well before the first rise
	run        int  // checks in a row that speak against it
}

// take takes up the outcome of a check and tells whether the judgement has
// changed.
func (h *health) take(ok bool) bool {
	if ok == h.well {
		h.run = 0
		return false
	}
	h.run++
	need := h.rise
	if h.well {
		need = h.fall
	}
	if h.run < need {
		return false
	}
	h.well, h.run = ok, 0
	return true
}
