package sim

// actor does what is due at its time.
type actor interface{ act(now int64) }

// event is one thing to come. Those of the same time happen in the order in
// which they were filed, or two runs would differ.
type event struct {
	at    int64
	order uint64
	who   actor
}

// events is the queue, a binary heap. The standard one allocates for each
// event, of which there are some ten million in a run.
type events struct {
	heap  []event
	filed uint64
}

func (e event) before(o event) bool { return e.at < o.at || e.at == o.at && e.order < o.order }

// file puts what who does at the time at into the queue.
func (q *events) file(at int64, who actor) {
	q.filed++
	q.heap = append(q.heap, event{at, q.filed, who})
	h := q.heap
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h[i].before(h[parent]) {
			return
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

// next takes the first event out; false if there is none before end.
func (q *events) next(end int64) (event, bool) {
	if len(q.heap) == 0 || q.heap[0].at >= end {
		return event{}, false
	}
	h := q.heap
	first, last := h[0], len(h)-1
	h[0], h[last] = h[last], event{}
	h = h[:last]
	q.heap = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first, true
		}
		if child+1 < last && h[child+1].before(h[child]) {
			child++
		}
		if !h[child].before(h[i]) {
			return first, true
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}
