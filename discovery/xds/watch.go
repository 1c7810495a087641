package xds

import "sync"

// watch is the interest of one source in one cluster, and where it is told of
// it.
type watch struct {
	all     *Planes
	plane   *plane
	cluster string
	wake    chan struct{} // there is a new verdict, perhaps

	mu     sync.Mutex
	latest verdict
}

// Leave ends the interest; the last one on a plane ends that and waits for it.
func (w *watch) leave() { w.all.leave(w) }

// tell is called by the plane's goroutine and does not wait: what the source
// has not come to yet is replaced.
func (w *watch) tell(v verdict) {
	w.mu.Lock()
	old := w.latest
	w.latest = v
	w.mu.Unlock()
	if old.changes == v.changes && old.trouble == v.trouble {
		return
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *watch) take() verdict {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.latest
}
