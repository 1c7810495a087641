package kafka

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// echo is a broker that answers each request with what it says, as many at a time as
// come, and now and then cuts.
func (s *stage) echo(c net.Conn, cuts bool) {
	defer c.Close()
	var head [RequestHead + 2]byte
	for {
		if _, err := io.ReadFull(c, head[:]); err != nil {
			return
		}
		size := int(binary.BigEndian.Uint32(head[:])) - len(head) + SizeLen
		b := binary.BigEndian.AppendUint32(nil, uint32(AnswerHead-SizeLen+size))
		b = append(b, head[8:12]...)
		b = append(b, make([]byte, size)...)
		if _, err := io.ReadFull(c, b[AnswerHead:]); err != nil {
			return
		}
		if cuts && rand.IntN(60) == 0 {
			_, _ = c.Write(b[:rand.IntN(len(b))])
			_ = c.(*net.TCPConn).SetLinger(rand.IntN(2))
			return
		}
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

// talkative is a client that keeps some requests under way until it is cut, or cuts
// itself. Each says whose it is and which: it is an error to get another's.
func (s *stage) talkative(number int) error {
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		return err
	}
	defer c.Close()
	rounds := 1 + rand.IntN(60)
	type owed struct {
		correlation int32
		body        string
	}
	waits := make(chan owed, 40)
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() {
		defer close(waits)
		for i := range rounds {
			size := rand.IntN(200)
			if rand.IntN(8) == 0 {
				size = rand.IntN(300_000)
			}
			body := fmt.Sprintf("%d/%d/", number, i) + filler(size)
			o := owed{rand.Int32(), body}
			waits <- o
			b := []byte(beat(o.correlation, body))
			if rand.IntN(200) == 0 {
				_, _ = c.Write(b[:rand.IntN(len(b))])
				_ = c.(*net.TCPConn).SetLinger(rand.IntN(2))
				c.Close()
				return
			}
			if _, err := c.Write(b); err != nil {
				return
			}
		}
	})
	defer func() {
		c.Close()
		for range waits { // the writer may wait for room
		}
	}()
	for o := range waits {
		want := tell(o.correlation, o.body)
		got := make([]byte, len(want))
		n, err := io.ReadFull(c, got)
		if string(got[:n]) != want[:n] {
			return fmt.Errorf("client %d got %.60q, want %.60q", number, got[:n], want)
		}
		if err != nil {
			return nil // it was cut
		}
	}
	return nil
}

// Cuts at random places with many clients: nobody gets another's bytes, or its own
// out of order, and nothing is left behind.
func TestNobodyGetsWhatIsAnothers(t *testing.T) {
	paths(t, func(t *testing.T, newStage func(string) *stage) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		s := newStage(ln.Addr().String())
		var brokers, clients sync.WaitGroup
		brokers.Go(func() {
			for {
				c, err := ln.Accept()
				if errors.Is(err, net.ErrClosed) {
					return
				}
				brokers.Go(func() { s.echo(c, true) })
			}
		})
		var number atomic.Int64
		for range 12 {
			clients.Go(func() {
				for n := number.Add(1); n <= 150; n = number.Add(1) {
					if err := s.talkative(int(n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		clients.Wait()
		ln.Close()
		brokers.Wait()
	})
}
