package daemon

import (
	"io"
	"net/url"
	"time"
)

// nodeRow is a broker as /kafka tells it.
type nodeRow struct {
	Node    int32             `json:"node"`
	Broker  string            `json:"broker"` // where it says that it is
	Dialled string            `json:"dialled,omitempty"`
	Rack    string            `json:"rack,omitempty"`
	Seen    float64           `json:"seen_ms"`                // ago, by an answer to the sidecar's own question
	Leaves  float64           `json:"forgotten_ms,omitempty"` // from now: the cluster does not tell of it
	Clients map[string]string `json:"clients_find_it_at"`     // by listener
}

// kafkaPage tells which broker is where, and where clients find it.
func (d *daemon) kafkaPage(w io.Writer, q url.Values) error {
	type page struct {
		Upstream  string    `json:"upstream"`
		Bootstrap []string  `json:"bootstrap"` // where clients begin
		Nodes     []nodeRow `json:"nodes"`
	}
	list := []page{}
	for _, r := range d.ups.sorted() {
		b := r.speaker.kafka
		if name := q.Get("upstream"); b == nil || name != "" && name != r.name {
			continue
		}
		p := page{Upstream: r.name, Bootstrap: []string{}, Nodes: b.rows()}
		for _, f := range d.fronts {
			if f.places != nil && f.places.cluster == b {
				p.Bootstrap = append(p.Bootstrap, f.ln.Addr().String())
			}
		}
		list = append(list, p)
	}
	return writeJSON(w, list)
}

// rows are b's nodes.
func (b *kafkaBackend) rows() []nodeRow {
	list := []nodeRow{}
	for _, n := range b.source.Load().Nodes().All() {
		r := nodeRow{Node: n.ID, Broker: n.Address, Rack: n.Rack, Seen: ms(time.Since(n.Seen)), Clients: map[string]string{}}
		if to := b.sockets.way(n.Address); to != n.Address {
			r.Dialled = to
		}
		if !n.Until.IsZero() {
			r.Leaves = ms(time.Until(n.Until))
		}
		for _, f := range b.d.fronts {
			if f.places != nil && f.places.cluster == b {
				r.Clients[f.name()] = f.places.told(n.ID)
			}
		}
		list = append(list, r)
	}
	return list
}
