package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	apache "github.com/apache/thrift/lib/go/thrift"
)

// Apache Thrift's library at both ends, in its JSON protocol over HTTP: the
// sidecar has HTTP on both sides, and knows the calls by their methods.
func TestThriftOverHTTPIsCountedByMethod(t *testing.T) {
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	protocols := apache.NewTJSONProtocolFactory()
	server := httptest.NewServer(http.HandlerFunc(apache.NewThriftHandlerFunc(&logger{log: log}, protocols, protocols)))
	defer server.Close()
	p := start(t, "", conf{discover: server.Listener.Addr().String()})
	transport, err := apache.NewTHttpClient("http://" + p.port + "/thrift")
	if err != nil {
		t.Fatal(err)
	}
	defer transport.Close()
	client := apache.NewTStandardClient(protocols.GetProtocol(transport), protocols.GetProtocol(transport))
	const calls = 3
	for range calls {
		arg, answer := textStruct{1, "a"}, textStruct{}
		if _, err := client.Call(context.Background(), "get", &arg, &answer); err != nil || len(answer.text) != 1<<10 {
			t.Fatalf("got %d bytes, %v", len(answer.text), err)
		}
	}
	if n := p.admin.scraped("sidecar_requests_total", `operation="get"`); n != calls {
		t.Errorf("%v calls counted by their method, want %d", n, calls)
	}
}
