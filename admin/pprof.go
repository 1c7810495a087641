package admin

import (
	"net/http"
	"net/http/pprof"
	"strings"
)

// profiles serves the profiles by name. Left out are cmdline, since arguments
// may hold what no answer may tell, and symbol, which go tool pprof no longer
// needs.
func profiles() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch name := strings.TrimPrefix(r.URL.Path, "/debug/pprof/"); name {
		case "profile":
			pprof.Profile(w, r)
		case "trace":
			pprof.Trace(w, r)
		case "cmdline", "symbol":
			tell(w, http.StatusNotFound, name+" is not served")
		default:
			pprof.Index(w, r)
		}
	})
}
