package discovery

import "maps"

// MaxPriority is the largest priority of an endpoint, whatever announces it:
// that of xDS. A record with a larger one would not be taken up.
const MaxPriority = 128

// Endpoint is one place where a service was announced to run. It is a value:
// whoever holds one must not change its Labels.
type Endpoint struct {
	// Address is "host:port", IPv6 in brackets, as ParseAddress gives it. It
	// identifies the endpoint within a set.
	Address string `json:"address"`
	// Weight is its share of the load, 1 is normal. What is not a positive
	// finite number, like the zero value, is taken for 1.
	Weight   float64 `json:"weight,omitempty"`
	Zone     string  `json:"zone,omitempty"`     // where it stands, "" if unknown
	Priority int     `json:"priority,omitempty"` // endpoints of priority 0 are used first
	Name     string  `json:"name,omitempty"`     // within the announcement (a named port, a member), may be ""
	TLSName  string  `json:"tls_name,omitempty"` // the name its certificate must have, "" for the host's
	// Identity is what runs there (a shard, a pod), if the source tells; the
	// same address under another one is another endpoint.
	Identity string            `json:"identity,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
}

func (e *Endpoint) equal(o *Endpoint) bool {
	return e.Address == o.Address && e.Weight == o.Weight && e.Zone == o.Zone &&
		e.Priority == o.Priority && e.Name == o.Name && e.TLSName == o.TLSName && e.Identity == o.Identity &&
		maps.Equal(e.Labels, o.Labels)
}
