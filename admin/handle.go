package admin

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is how large a request's body may be: a form of a few words.
const maxBody = 64 << 10

// mux serves the routes, each by exactly the methods that it has.
func mux(routes []route) http.Handler {
	m := http.NewServeMux()
	paths, list := make([]string, len(routes)), "/ and /help list those there are"
	for i, r := range routes {
		paths[i] = r.path
	}
	if !slices.Contains(paths, "/help") {
		list = "there are " + strings.Join(paths, ", ")
	}
	for _, r := range routes {
		pattern := r.path
		if pattern == "/" {
			pattern = "/{$}" // "/" alone would answer every path
		}
		m.Handle(pattern, r)
	}
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		tell(w, http.StatusNotFound, "no page "+strconv.Quote(r.URL.Path)+" here; "+list)
	})
	return m
}

// ServeHTTP serves the route by method.
func (r route) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	h, allow := http.Handler(nil), make([]string, 0, 3)
	if r.get != nil {
		allow = append(allow, http.MethodGet, http.MethodHead)
	}
	if r.post != nil {
		allow = append(allow, http.MethodPost)
	}
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		h = r.get
	case http.MethodPost:
		h = r.post
	}
	if h == nil {
		list := strings.Join(allow, ", ")
		w.Header().Set("Allow", list)
		tell(w, http.StatusMethodNotAllowed, req.Method+" is not for "+r.path+": use "+list)
		return
	}
	h.ServeHTTP(w, req)
}

// headers sets what every answer has, errors too, and bounds the body.
func (a *Admin) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Content-Security-Policy", a.csp)
		if r.ContentLength > maxBody {
			h.Set("Connection", "close") // or the server reads on to keep the connection
			tell(w, http.StatusRequestEntityTooLarge, "a body may have "+strconv.Itoa(maxBody)+" bytes at most")
			return
		}
		if r.ContentLength != 0 {
			// Not every ResponseWriter can; those of a socket do.
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		}
		next.ServeHTTP(w, r)
	})
}

// show serves a page's Get. The page is made whole before its first byte goes
// out, so that an error half-way is told as an error.
func (a *Admin) show(p Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		query := r.URL.Query()
		p.name(query, r)
		if err := p.Get(&b, query); err != nil {
			fail(w, p.Kind, err)
			return
		}
		w.Header().Set("Content-Type", p.Kind.contentType())
		w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
		w.Write(b.Bytes()) // an error here is the reader's leaving
	})
}

// act serves a page's Post.
func (a *Admin) act(p Page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if why := a.refused(p, r); why != "" {
			answer(w, p.Kind, http.StatusForbidden, "error", why)
			return
		}
		if err := r.ParseForm(); err != nil {
			if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
				answer(w, p.Kind, http.StatusRequestEntityTooLarge, "error", "a body may have "+strconv.Itoa(maxBody)+" bytes at most")
				return
			}
			fail(w, p.Kind, BadRequest("form: "+err.Error()))
			return
		}
		p.name(r.Form, r)
		done, err := p.Post(r.Form)
		if err != nil {
			fail(w, p.Kind, err)
			return
		}
		a.p.Log.Info("admin: action", "path", r.URL.Path, "from", r.RemoteAddr, "done", done)
		answer(w, p.Kind, http.StatusOK, "done", done)
	})
}

// name sets the parts of the path that have names, over what the query says.
func (p Page) name(values url.Values, r *http.Request) {
	for rest := p.Path; ; {
		_, part, found := strings.Cut(rest, "{")
		if !found {
			return
		}
		part, rest, _ = strings.Cut(part, "}")
		part = strings.TrimSuffix(part, "...")
		values.Set(part, r.PathValue(part))
	}
}

// refused says why an action is not allowed, "" if it is.
func (a *Admin) refused(p Page, r *http.Request) string {
	switch {
	case a.p.Actions:
		return ""
	case p.Steers:
		return "actions that steer traffic are off: set actions = true in [admin]"
	case !ofThisMachine(localAddr(r)):
		return "the admin port is bound to more than this machine, where actions are off: set actions = true in [admin]"
	default:
		return ""
	}
}

// localAddr is the address of ours that r came in by, nil if unknown.
func localAddr(r *http.Request) net.Addr {
	a, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return a
}

// fail tells a page's error.
func fail(w http.ResponseWriter, k Kind, err error) {
	code := http.StatusInternalServerError
	if bad := BadRequest(""); errors.As(err, &bad) {
		code = http.StatusBadRequest
	}
	answer(w, k, code, "error", err.Error())
}

// answer is a short answer in the page's own type: an object with the text in
// key for JSON pages, else the text.
func answer(w http.ResponseWriter, k Kind, code int, key, text string) {
	if k != JSON {
		tell(w, code, text)
		return
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{key: text})
}

// tell answers with one line of text.
func tell(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", textType)
	w.WriteHeader(code)
	w.Write([]byte(text + "\n"))
}
