package kafka

import (
	"fmt"
	"strings"
	"time"

	"sidecar/discovery"
)

// Meet takes up what an answer to a client says: that the cluster has node at host
// and port. When it returns the node's endpoint is given out. It does nothing, and
// takes no memory, where that is known; any goroutine may call it. The bytes are
// not kept.
func (s *Source) Meet(id int32, host []byte, port int32) {
	if e, known := s.Nodes().At(id); known && e.Port == port && e.Host == string(host) {
		return
	}
	if id < 0 || len(host) == 0 {
		return // nobody, as Kafka says that
	}
	n, err := node(id, string(host), port)
	if err == nil {
		err = s.ours(n)
	}
	if err != nil {
		s.refuse(err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publish == nil {
		return // Run does not run
	}
	// Whatever comes of it: the cluster's own word counts.
	defer s.Look()
	if s.table.meet(n, time.Now()) {
		s.moved([]Node{n}, "an answer to a client")
		s.change()
	}
}

// take takes up the cluster's answer.
func (s *Source) take(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.table.cluster; before != "" && a.cluster != "" && a.cluster != before {
		s.log.Warn("kafka: the seeds lead to another cluster now", "before", before, "now", a.cluster)
	}
	s.moved(s.table.take(a, s.needed, time.Now()), "the cluster")
	s.change()
}

// foreign tells what is wrong with an answer of another cluster, whose broker has
// the address now that one of ours had. Seeds may lead to another one: there the
// cluster was made anew.
func (s *Source) foreign(address, cluster string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.table.cluster
	if before == "" || cluster == "" || cluster == before || s.table.isSeed(address) {
		return nil
	}
	return fmt.Errorf("a broker of the cluster %s is there now, not one of %s", cluster, before)
}

// ours tells what is wrong with a node that is this process.
func (s *Source) ours(n Node) error {
	if s.p.Own == nil || !s.p.Own(n.Address) {
		return nil
	}
	return fmt.Errorf("broker %d: it says that it is at %s, where this sidecar listens: set advertised.listeners of the broker to an address that others reach it by, or say by the upstream's dial where that leads", n.ID, n.Address)
}

// change makes the table's nodes those that are known; with the lock held. Their
// endpoints are given out before they are told.
func (s *Source) change() {
	before := s.now.Load()
	next := s.table.snapshot()
	s.give(next)
	s.now.Store(next)
	s.stat.nodes.Set(int64(len(next.list)))
	s.rounds.tell(false)
	if same(before, next) {
		return
	}
	s.stat.changes.Inc()
	if s.p.Changed != nil {
		s.p.Changed(next)
	}
}

// same tells whether both say the same of who is where.
func same(a, b *Nodes) bool {
	if len(a.All()) != len(b.list) {
		return false
	}
	for i := range b.list {
		if a.list[i].ID != b.list[i].ID || a.list[i].Address != b.list[i].Address {
			return false
		}
	}
	return true
}

// toldNodes is how many nodes one line of the log names.
const toldNodes = 12

// moved tells of nodes that are new or elsewhere.
func (s *Source) moved(list []Node, by string) {
	if len(list) == 0 {
		return
	}
	var text []string
	for i, n := range list {
		if i == toldNodes {
			text = append(text, "...")
			break
		}
		text = append(text, fmt.Sprintf("%d=%s", n.ID, n.Address))
	}
	s.log.Debug("kafka: brokers are new or elsewhere", "count", len(list), "nodes", strings.Join(text, " "), "told_by", by)
}

// give gives out the endpoints; with the lock held.
func (s *Source) give(nodes *Nodes) {
	if s.publish == nil {
		return
	}
	set := s.table.endpoints(nodes, s.needed)
	out := make(map[string]struct{}, len(set))
	for i := range set {
		out[set[i].Address] = struct{}{}
	}
	// What goes has been said to be gone by brokers that know, and is no loss of a
	// registry's to be held.
	var retired []string
	for address := range s.out {
		if _, stays := out[address]; !stays {
			retired = append(retired, address)
		}
	}
	s.out = out
	s.publish(discovery.Update{Endpoints: set, Retired: retired})
}

// tell gives out an error.
func (s *Source) tell(u discovery.Update) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.publish != nil {
		s.publish(u)
	}
}

// expire forgets what has had its time, and says how long it is until there is
// something.
func (s *Source) expire() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	gone, next := s.table.expire(time.Now())
	if gone {
		s.change()
	}
	return next
}

// maxRefused is how much of what is wrong with brokers is told, once each.
const maxRefused = 100

// refuse tells of a broker that cannot be used.
func (s *Source) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := err.Error()
	if _, before := s.refused[text]; before || len(s.refused) >= maxRefused {
		return
	}
	s.refused[text] = struct{}{}
	s.log.Warn("kafka: a broker cannot be used", "err", err)
}
