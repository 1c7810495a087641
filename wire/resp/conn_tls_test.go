package resp

import (
	"context"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"

	"sidecar"
)

func TestConnectionsThroughTLSAreCleanedAndUsedAgain(t *testing.T) {
	certified := httptest.NewUnstartedServer(nil)
	certified.StartTLS()
	defer certified.Close()
	l := newLab(t, DialSettings{})
	l.params.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		d := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // the test's server is the only one there
		return d.DialContext(ctx, network, address)
	}
	r := &resets{told: make(chan string, 20)}
	address := l.serve(func(nc net.Conn) { server(r.reply)(tls.Server(nc, certified.TLS)) })
	conn := l.openAlone(address)
	for _, v := range []Version{RESP2, RESP3, RESP3} {
		if f := talkOver(conn, v, &relay{words: [][]string{{"watch", "k"}}, replies: 1}); f != nil {
			t.Fatal(f)
		}
		<-r.told
		if s := conn.Status(true); s != sidecar.Open {
			t.Fatalf("it is %v", s)
		}
		for range 2 {
			if got, f := newAsk([]string{"get", "b"}).over(conn); f != nil || got != "$1\r\nb\r\n" {
				t.Fatalf("got %q, %v", got, f)
			}
			if s := conn.Status(true); s != sidecar.Open {
				t.Fatalf("then it is %v", s)
			}
		}
	}
	if got, f := newAsk([]string{"get", "a"}, []string{"get", "b"}).over(l.open(address)); f != nil || got != "$1\r\na\r\n$1\r\nb\r\n" {
		t.Errorf("a shared one: %q, %v", got, f)
	}
}
