package config

import (
	"fmt"
	"net"
	"strconv"
)

// maxPeers is as many as an aperture can be laid among.
const maxPeers = 100_000

// Peers says how the process learns its place among its peers: the processes
// that call the same service. The zero value is that it does not.
type Peers struct {
	Total   int  // of the peers; 0 if Discover tells, or nobody
	Index   int  // from 0 to Total-1, unless Ordinal
	Ordinal bool // the index is the number at the end of the host's name
	// Discover is a URI of the process's own service, of which only the scheme
	// has been checked. Self is the process's own address there; "" is the one
	// that is of this machine.
	Discover, Self string
}

// peers reads the key of that name, which may be a URI, a table or "" for none.
// If it is not set, usual stands, the setting named origin.
func peers(t *table, usual Peers, origin string) Peers {
	f := t.at("peers")
	var p Peers
	switch {
	case !f.set:
		t.field("peers")
		p = usual
	case isTable(f.value):
		sub := t.table("peers")
		sub.silent = true
		p = peersTable(sub)
	default:
		t.field("peers")
		p.Discover = f.peersURI()
	}
	f.settle(p.literal(), origin)
	return p
}

func isTable(v any) bool {
	_, ok := v.(map[string]any)
	return ok
}

func (f field) peersURI() string {
	uri, ok := f.value.(string)
	if !ok {
		f.expected(`a URI such as "file:///etc/own-service.toml", a table such as { index = 3, total = 10 }, or ""`)
		return ""
	}
	if uri != "" {
		if err := checkSource(uri); err != nil {
			f.fail("%v", err)
		}
	}
	return uri
}

func peersTable(t *table) Peers {
	defer t.done()
	none := -1 // which nobody can write
	p := Peers{
		Index:    t.count("index", none, 0, maxPeers-1),
		Total:    t.count("total", 0, 1, maxPeers),
		Discover: t.text("discover", "", checkSource),
		Self:     t.text("self", "", checkSelf),
	}
	index, total, discover, self := t.at("index"), t.at("total"), t.at("discover"), t.at("self")
	switch {
	case len(t.bad) > 0:
	case discover.set && (index.set || total.set):
		discover.fail("expected either discover or total, not both: the place is what the one says or the other")
	case self.set && !discover.set:
		self.fail("has a meaning only beside discover")
	case !discover.set && !total.set:
		index.fail("missing: expected total, with index or without it, or discover")
	case total.set && p.Index >= p.Total:
		index.fail("expected an index below total (%d), since the first is 0, got %d", p.Total, p.Index)
	}
	if total.set && !index.set {
		p.Ordinal = true
	}
	p.Index = max(p.Index, 0)
	return p
}

// checkSelf is for an address as discovery announces it.
func checkSelf(s string) error {
	host, port, err := net.SplitHostPort(s)
	n, bad := strconv.ParseUint(port, 10, 16)
	if err != nil || bad != nil || n == 0 || !isHost(host) {
		return complain(`expected the address under which this process is announced, such as "10.0.0.1:8080", got %s`, shown(s))
	}
	return nil
}

// literal is what one would write.
func (p Peers) literal() string {
	switch {
	case p.Self != "":
		return fmt.Sprintf("{ discover = %s, self = %s }", quote(p.Discover), quote(p.Self))
	case p.Ordinal:
		return fmt.Sprintf("{ total = %d }", p.Total)
	case p.Total > 0:
		return fmt.Sprintf("{ index = %d, total = %d }", p.Index, p.Total)
	}
	return quote(p.Discover)
}

// notePeers tells of settings that are without effect beside each other.
func notePeers(t *table, b Balance) {
	f, size := t.at("peers"), t.at("max_size")
	switch {
	case b.Peers == (Peers{}):
	case b.Policy != PolicyAperture && f.set:
		t.r.note(f.line, f.key, "has no effect: only policy = \""+PolicyAperture+"\" goes by the place among the peers")
	case b.Policy == PolicyAperture && size.set && b.MaxSize > 0:
		t.r.note(size.line, size.key, "has no effect while the place among the peers is known: the size follows from the numbers of peers and endpoints")
	}
}
