package daemon

import (
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The admin port lets in the address that it was reached by. Asked as
// "localhost" it refuses where it is bound to another address, and the daemon
// would never look ready.
func TestReadyAsksByTheAddressThatItReached(t *testing.T) {
	path := filepath.Join(t.TempDir(), "admin.sock")
	for _, row := range []struct{ network, bind, ask, host string }{
		{"tcp", "127.0.0.1:0", "127.0.0.1:PORT", "127.0.0.1:PORT"},
		{"tcp", "127.0.0.2:0", "127.0.0.2:PORT", "127.0.0.2:PORT"},
		{"tcp4", "0.0.0.0:0", "0.0.0.0:PORT", "127.0.0.1:PORT"},
		{"unix", path, "unix:" + path, "localhost"},
	} {
		ln, err := net.Listen(row.network, row.bind)
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(ln.Addr().String())
		srv := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, r.Host)
		})}
		var serving sync.WaitGroup
		serving.Go(func() { _ = srv.Serve(ln) })
		got, ok := askReady(strings.Replace(row.ask, "PORT", port, 1))
		if want := strings.Replace(row.host, "PORT", port, 1); !ok || got != want {
			t.Errorf("%s: asked as %q, want %q", row.ask, got, want)
		}
		srv.Close()
		serving.Wait()
	}
}
