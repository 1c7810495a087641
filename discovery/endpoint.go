package discovery

import "maps"

// Endpoint is one place where a service was announced to run. It is a value:
// whoever holds one must not change its Labels.
type Endpoint struct {
	// Address is "host:port", IPv6 in brackets, as ParseAddress gives it. It
	// identifies the endpoint within a set.
	Address string
	// Weight is its share of the load, 1 is normal. What is not a positive
	// finite number, like the zero value, is taken for 1.
	Weight   float64
	Zone     string // where it stands, "" if unknown
	Priority int    // endpoints of priority 0 are used first
	Name     string // within the announcement (a named port, a member), may be ""
	TLSName  string // the name its certificate must have, "" for the host's
	Labels   map[string]string
}

func (e *Endpoint) equal(o *Endpoint) bool {
	return e.Address == o.Address && e.Weight == o.Weight && e.Zone == o.Zone &&
		e.Priority == o.Priority && e.Name == o.Name && e.TLSName == o.TLSName &&
		maps.Equal(e.Labels, o.Labels)
}
