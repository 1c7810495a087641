package shared

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sidecar"
)

// Every value is tagged by its client: whatever is cut, timed out or cancelled,
// nobody gets another's.
func TestRandomCutsAndCancelsMixUpNobody(t *testing.T) {
	for _, c := range []struct {
		name string
		wrap func(net.Conn) net.Conn
		cuts bool
	}{
		{"raw", func(nc net.Conn) net.Conn { return nc }, false},
		{"raw with cuts", func(nc net.Conn) net.Conn { return nc }, true},
		{"net.Conn with cuts", func(nc net.Conn) net.Conn { return struct{ net.Conn }{nc} }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			var now atomic.Pointer[line]
			var servers sync.WaitGroup
			var lines []*line
			connect := func(seed uint64) {
				here, there := pair(t)
				l := r.start(c.wrap(here))
				lines = append(lines, l)
				now.Store(l)
				servers.Go(func() { echo(there, seed) })
			}
			connect(0)
			var answered, failed atomic.Int64
			var clients sync.WaitGroup
			for client := range 24 {
				clients.Go(func() { useAtRandom(t, &now, client, &answered, &failed) })
			}
			over := make(chan struct{})
			go func() { clients.Wait(); close(over) }()
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for seed, going := uint64(1), true; going; seed++ {
				select {
				case <-over:
					going = false
				case <-tick.C:
					if c.cuts {
						old := now.Load()
						connect(seed)
						old.params.Sock.Abort()
					}
				}
			}
			for _, l := range lines {
				l.Close()
				if used, _ := l.Load(); used != 0 {
					t.Errorf("%d slots left in use", used)
				}
				if l.strays.Load() != 0 {
					t.Error("an answer came for nobody")
				}
			}
			servers.Wait()
			if n := r.bufs.Out(); n != 0 {
				t.Errorf("%d buffers were not given back", n)
			}
			if answered.Load() == 0 {
				t.Error("nothing was answered")
			}
			t.Logf("%d answered, %d failed, %d connections", answered.Load(), failed.Load(), len(lines))
		})
	}
}

// useAtRandom performs exchanges on whatever connection there is and interrupts
// some of them.
func useAtRandom(t *testing.T, now *atomic.Pointer[line], client int, answered, failed *atomic.Int64) {
	random := rand.New(rand.NewPCG(7, uint64(client)))
	x := new(sidecar.Exchange)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	for i := range 400 {
		x.Begin(message{}, nil, sidecar.Now())
		gen := x.Gen()
		if random.IntN(3) == 0 {
			delay, cause := time.Duration(random.IntN(300))*time.Microsecond, []sidecar.Cause{sidecar.ClientGone, sidecar.DeadlineCause, sidecar.AttemptDeadline}[random.IntN(3)]
			helpers.Go(func() {
				timer := time.NewTimer(delay)
				defer timer.Stop()
				<-timer.C
				x.Interrupt(gen, cause)
			})
		}
		texts := make([][]byte, 1+random.IntN(3)/2)
		for k := range texts {
			texts[k] = bytes.Repeat([]byte{byte(client), byte(i), byte(k)}, random.IntN(2000))
		}
		got, f := now.Load().ask(x, client, texts...)
		x.End()
		if f != nil {
			failed.Add(1)
			continue
		}
		answered.Add(1)
		want := binary.BigEndian.AppendUint32(nil, uint32(client))
		want = append(want, bytes.Join(texts, nil)...)
		if !bytes.Equal(got, want) {
			t.Errorf("client %d got %.20x of %d bytes, want %.20x of %d", client, got, len(got), want, len(want))
			return
		}
	}
}
