package resp

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"sidecar"
)

// BenchmarkCalls is 50 clients on one shared connection to a real server, each
// with bursts of that many GETs of 100 bytes; per command.
func BenchmarkCalls(b *testing.B) {
	path := startRedis(b, false)
	dialRedis(b, path).do("SET", "key", fmt.Sprintf("%100d", 1))
	for _, burst := range []int{1, 16} {
		b.Run(fmt.Sprintf("P=%d", burst), func(b *testing.B) {
			l := newLab(b, DialSettings{})
			conn, err := l.Connect(b.Context(), "unix:"+path, RESP2)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			var left atomic.Int64
			left.Store(int64(b.N))
			b.ReportAllocs()
			b.ResetTimer()
			var clients sync.WaitGroup
			for range 50 {
				clients.Go(func() {
					a := newAsk(repeated(burst, []string{"get", "key"})...)
					a.call.Replies = new(idle)
					for left.Add(-int64(burst)) >= 0 {
						a.begin()
						if err := conn.Do(context.Background(), &a.x); err != nil {
							b.Error(sidecar.FaultOf(err))
						}
						a.x.End()
					}
				})
			}
			clients.Wait()
		})
	}
}
