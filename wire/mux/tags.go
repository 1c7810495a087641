package mux

// tags finds the request of a client that is in flight by its tag.
type tags struct {
	small []*flight
	large map[uint32]*flight
	n     int
}

func (t *tags) find(tag uint32) *flight {
	if int(tag) < len(t.small) {
		return t.small[tag]
	}
	return t.large[tag]
}

func (t *tags) put(f *flight) {
	t.n++
	if f.key >= smallTags {
		if t.large == nil {
			t.large = map[uint32]*flight{}
		}
		t.large[f.key] = f
		return
	}
	for int(f.key) >= len(t.small) {
		t.small = append(t.small, nil)
	}
	t.small[f.key] = f
}

// remove takes f out if it is in.
func (t *tags) remove(f *flight) {
	if t.find(f.key) != f {
		return
	}
	t.n--
	if f.key >= smallTags {
		delete(t.large, f.key)
		return
	}
	t.small[f.key] = nil
}

// each calls do with every one.
func (t *tags) each(do func(*flight)) {
	for _, f := range t.small {
		if f != nil {
			do(f)
		}
	}
	for _, f := range t.large {
		do(f)
	}
}
