package sock

import (
	"io"
	"runtime"
	"syscall"
	"testing"
)

// Signals interrupt system calls: none may be told as an error or lose bytes.
func TestSignalsDisturbNothing(t *testing.T) {
	const rounds, signals = 500, 2000
	onEach(t, func(t *testing.T, p path) {
		c, far := p.pair(t)
		small(t, c, far)
		atOnce(t, c, func() { _, _ = io.Copy(far, far) }) // ends with the connection
		defer func() { _ = c.Close() }()
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			for range signals { // SIGURG is the runtime's own, harmless to all else
				if err := syscall.Kill(syscall.Getpid(), syscall.SIGURG); err != nil {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		}()
		text := pattern(3000)
		in := make([]byte, 4096)
		for i := range rounds {
			wrote, n, err := c.Roundtrip(text[:1000], text[1000:], in)
			if err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			if _, err := c.Write(text[wrote:], nil); err != nil {
				t.Fatalf("round %d: %v", i, err)
			}
			if string(in[:n]) != string(text[:n]) {
				t.Fatalf("round %d: other bytes", i)
			}
			expect(t, c, text[n:])
		}
		<-sent
	})
}
