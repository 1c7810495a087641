package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	mdns "github.com/miekg/dns"
)

// evil answers each datagram with what reply makes of the question.
func evil(t *testing.T, reply func(q *mdns.Msg) [][]byte) *resolver {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			q := new(mdns.Msg)
			if q.Unpack(b[:n]) != nil {
				continue
			}
			for _, one := range reply(q) {
				_, _ = c.WriteTo(one, from)
			}
		}
	})
	t.Cleanup(func() {
		_ = c.Close()
		serving.Wait()
	})
	r := newResolver([]string{c.LocalAddr().String()})
	r.system = &mdns.ClientConfig{Port: "53", Ndots: 1, Timeout: 1, Attempts: 1}
	r.config = "/nonexistent"
	return r
}

// packed is a good answer to q, changed and packed.
func packed(t *testing.T, q *mdns.Msg, change func(*mdns.Msg), records ...string) []byte {
	m := reply(t, mdns.RcodeSuccess, records...)
	m.Id, m.Question = q.Id, q.Question
	if change != nil {
		change(m)
	}
	b, err := m.Pack()
	if err != nil {
		t.Error(err)
	}
	return b
}

func TestServerWithEvilInMindIsNotBelieved(t *testing.T) {
	const good = "a. 30 A 10.0.0.1"
	one := func(b ...[]byte) [][]byte { return b }
	for name, c := range map[string]struct {
		reply func(t *testing.T, q *mdns.Msg) [][]byte
		want  string // an address, or what the error says
	}{
		"another's number before the answer": {func(t *testing.T, q *mdns.Msg) [][]byte {
			forged := func(m *mdns.Msg) { m.Id++ }
			return one(packed(t, q, forged, "a. 30 A 10.6.6.6"), packed(t, q, nil, good))
		}, "10.0.0.1"},
		"only others' numbers": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Id++ }, good))
		}, "timeout"},
		"another question": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Question = []mdns.Question{{Name: "b.", Qtype: mdns.TypeA, Qclass: 1}} }, good))
		}, "another question"},
		"no question": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Question = nil }, good))
		}, "another question"},
		"a question instead of an answer": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Response = false }, good))
		}, "another question"},
		"a name that leads to itself": {func(t *testing.T, q *mdns.Msg) [][]byte {
			b := packed(t, q, func(m *mdns.Msg) { m.Answer = nil })
			b[7] = 1 // one answer: a pointer to its own place
			return one(append(b, 0xc0, byte(len(b)), 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 6, 6, 6))
		}, "compression"},
		"more answers than there are": {func(t *testing.T, q *mdns.Msg) [][]byte {
			b := packed(t, q, nil, good)
			b[6], b[7] = 0xff, 0xff
			return one(b)
		}, "10.0.0.1"}, // the library takes what there is
		"an address of a byte": {func(t *testing.T, q *mdns.Msg) [][]byte {
			b := packed(t, q, nil)
			b[7] = 1
			return one(append(b, 1, 'a', 0, 0, 1, 0, 1, 0, 0, 0, 30, 0, 1, 10))
		}, "overflow"},
		"a code that nobody knows": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Rcode = 15 }, good))
		}, "answers RCODE 15"},
		"no such name, with addresses": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Rcode = mdns.RcodeNameError }, good))
		}, "10.0.0.1"},
		"cut off, and nobody at TCP": {func(t *testing.T, q *mdns.Msg) [][]byte {
			return one(packed(t, q, func(m *mdns.Msg) { m.Truncated = true }, good))
		}, "refused"},
		"nothing that is DNS": {func(*testing.T, *mdns.Msg) [][]byte { return one([]byte("HTTP/1.1 400\r\n\r\n")) }, "server "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := evil(t, func(q *mdns.Msg) [][]byte { return c.reply(t, q) })
			a, err := r.ask(t.Context(), "a.", mdns.TypeA)
			got := fmt.Sprint(a.addresses)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestQuestionThatIsCalledOffIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := evil(t, func(*mdns.Msg) [][]byte { cancel(); return nil })
	r.system = &mdns.ClientConfig{Port: "53", Ndots: 1, Timeout: 3600, Attempts: 5}
	began := time.Now()
	if _, err := r.ask(ctx, "a.", mdns.TypeA); err == nil {
		t.Error("an answer without one")
	}
	t.Logf("called off after %s", time.Since(began))
}

// slow answers nobody until the question is called off.
type slow struct{ zone }

func (s *slow) host(ctx context.Context, name string, _ family) (answer, error) {
	<-ctx.Done()
	return answer{}, errors.New("dns: " + name + ": no answer")
}

func TestRoundThatLastsTooLongIsToldAsAFailure(t *testing.T) {
	watchOver(t, "dns://a:80", new(slow), func(r *rig) {
		r.wants(maxRound - 1)
		r.wants(1, "dns: a: not resolved within 1m0s: dns: a: no answer")
	})
}

func TestTargetsWithTooManyAddressesAreRefused(t *testing.T) {
	many := answer{ttl: time.Minute, addresses: make([]netip.Addr, 4000)}
	for i := range many.addresses {
		many.addresses[i] = netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
	}
	z := &zone{srv: answer{ttl: time.Minute}, names: map[string]answer{"t.": many}}
	for port := range uint16(1000) {
		z.srv.services = append(z.srv.services, &mdns.SRV{Target: "t.", Port: port + 1})
	}
	watch(t, "srv://_a._tcp.b", z, func(r *rig) { r.wants(0, "dns: _a._tcp.b has more than 10000 endpoints") })
}
