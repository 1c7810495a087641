package http1

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRequestsAndRepliesPassThrough(t *testing.T) {
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Saw", fmt.Sprintf("%s %s %d via=%s xff=%s", r.Method, r.URL, len(body), r.Header.Get("Via"), r.Header.Get("X-Forwarded-For")))
		if r.Header.Get("X-Flush") != "" {
			w.(http.Flusher).Flush()
		}
		w.Write(body)
	}))
	defer back.Close()
	h := newHarness(t, strings.TrimPrefix(back.URL, "http://"))
	for _, size := range []int{0, 1, 100, 4000, 5000, 40_000, 70_000, 1 << 20, 5 << 20} {
		for _, chunked := range []bool{false, true} {
			for _, flush := range []string{"", "1"} {
				body := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
				var rd io.Reader = bytes.NewReader(body)
				if chunked {
					rd = io.MultiReader(rd)
				}
				req, _ := http.NewRequest("POST", "http://"+h.addr+"/p?q=1", rd)
				req.Header.Set("X-Flush", flush)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatalf("size %d chunked %v: %v", size, chunked, err)
				}
				got, err := io.ReadAll(res.Body)
				res.Body.Close()
				if err != nil || !bytes.Equal(got, body) {
					t.Fatalf("size %d chunked %v flush %q: got %d bytes, %v", size, chunked, flush, len(got), err)
				}
				want := fmt.Sprintf("POST /p?q=1 %d via=1.1 sidecar xff=127.0.0.1", size)
				if saw := res.Header.Get("X-Saw"); saw != want {
					t.Fatalf("backend saw %q, want %q", saw, want)
				}
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
}
