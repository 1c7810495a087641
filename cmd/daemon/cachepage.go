package daemon

import (
	"fmt"
	"io"
	"net/url"

	"sidecar/admin"
	"sidecar/wire/http"
)

// cachePage shows what each listener's cache holds and what became of requests.
func (d *daemon) cachePage(w io.Writer, q url.Values) error {
	type row struct {
		Listener string `json:"listener"`
		Mode     string `json:"mode"`
		http.CacheState
	}
	list := []row{}
	for _, f := range d.fronts {
		cfg := f.cfg.Load()
		if f.between.cache == nil {
			continue // its protocol has none
		}
		if name := q.Get("listener"); name == "" || name == cfg.Name {
			list = append(list, row{cfg.Name, cfg.Cache.Mode, f.between.cache.State()})
		}
	}
	return writeJSON(w, list)
}

// cachePost forgets what a listener's cache holds, or all of them.
func (d *daemon) cachePost(q url.Values) (string, error) {
	listeners, targets := 0, 0
	for _, f := range d.fronts {
		if name := q.Get("listener"); f.between.cache != nil && (name == "" || name == f.name()) {
			listeners++
			targets += f.between.cache.Clear()
		}
	}
	if listeners == 0 {
		return "", admin.BadRequest(fmt.Sprintf("there is no listener %q with a cache", q.Get("listener")))
	}
	d.log.Info("cache cleared", "by", "admin", "listener", q.Get("listener"), "targets", targets)
	return fmt.Sprintf("forgot the answers of %d targets", targets), nil
}
