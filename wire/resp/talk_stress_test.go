package resp

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"sidecar/internal/peer"
)

// Clients with transactions, watched keys, subscriptions and commands that wait, in
// one burst or many, cut at random: no reply reaches another client, nothing is
// half done, and nothing that was pushed is lost but to clients that left while it
// was on its way.
func TestSessionsOfManyClientsStayApart(t *testing.T) {
	rounds := 40
	if os.Getenv("SIDECAR_CONFORMANCE") != "" {
		rounds = 2000
	}
	s := newStage(t)
	var all sync.WaitGroup
	for id := range 16 {
		all.Go(func() {
			m := &mixed{s: s, id: id, rnd: rand.New(rand.NewPCG(uint64(id), 11)), v: Version(2 + id%2)}
			for range rounds {
				m.life()
			}
		})
	}
	all.Wait()
	info := string(s.other.do("INFO", "clients"))
	if !strings.Contains(info, "blocked_clients:0\r\n") {
		t.Errorf("left behind: %s", info)
	}
}

// mixed is a client that does this and that.
type mixed struct {
	s   *stage
	c   *peer.Conn
	id  int
	rnd *rand.Rand
	v   Version
	n   int
}

// life is one connection's.
func (m *mixed) life() {
	m.c = m.s.dial(m.v)
	key := fmt.Sprintf("k%d-%d", m.id, m.n) // what an earlier life has sent may still be on its way
	for range 1 + m.rnd.IntN(6) {
		m.n++
		tag := fmt.Sprintf("v%d-%d", m.id, m.n)
		cut := m.rnd.IntN(12) == 0
		switch m.rnd.IntN(5) {
		case 0:
			m.steps(cut, ok, req("MULTI"), queued, req("SET", key, tag), queued, req("GET", key),
				"*2\r\n+OK\r\n"+string(AppendBulk(nil, tag)), req("EXEC"))
		case 1:
			m.steps(cut, ok, req("WATCH", key), ok, req("SET", key, tag), ok, req("MULTI"), queued, req("GET", key),
				map[Version]string{RESP2: "*-1\r\n", RESP3: "_\r\n"}[m.v], req("EXEC"))
		case 2:
			list := "l" + tag
			m.steps(cut, ":1\r\n", req("RPUSH", list, tag), string(AppendBulk(AppendBulk(AppendArray(nil, 2), list), tag)), req("BLPOP", list, "0"))
		case 3:
			m.subscription(cut, key, tag)
		case 4:
			m.steps(cut, ok, req("SET", key, tag), string(AppendBulk(nil, tag)), req("GET", key))
		}
		if cut {
			return
		}
	}
	m.c.Close()
}

// steps sends commands, each behind its reply, in as many pieces as chance has it.
func (m *mixed) steps(cut bool, pairs ...string) {
	var send, want string
	for i := 0; i < len(pairs); i += 2 {
		send += pairs[i+1]
		want += pairs[i]
		if m.rnd.IntN(2) == 0 && !cut {
			m.c.Send(send)
			m.c.Expect(want)
			send, want = "", ""
		}
	}
	if cut {
		m.c.TrySend(send[:m.rnd.IntN(len(send)+1)])
		m.c.Cut()
		return
	}
	m.c.Send(send)
	m.c.Expect(want)
}

func (m *mixed) subscription(cut bool, key, tag string) {
	h := map[Version]string{RESP2: "*", RESP3: ">"}[m.v]
	head := h + "3\r\n" + string(AppendBulk(nil, "subscribe")) + string(AppendBulk(nil, key)) + ":1\r\n"
	end := h + "3\r\n" + string(AppendBulk(nil, "unsubscribe")) + string(AppendBulk(nil, key)) + ":0\r\n"
	m.c.Send(req("SUBSCRIBE", key))
	m.c.Expect(head)
	if cut {
		m.c.Cut()
		return
	}
	for i := range 3 {
		one := fmt.Sprintf("%s-%d", tag, i)
		p := dialRedis(m.s.t, m.s.path)
		p.do("PUBLISH", key, one)
		p.c.Close()
		m.c.Expect(h + "3\r\n" + string(AppendBulk(nil, "message")) + string(AppendBulk(nil, key)) + string(AppendBulk(nil, one)))
	}
	m.steps(false, end, req("UNSUBSCRIBE"), ok, req("SET", key, tag), string(AppendBulk(nil, tag)), req("GET", key))
}
