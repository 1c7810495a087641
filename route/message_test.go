package route

import (
	"context"
	"strings"

	"sidecar"
)

// message is a request in the words of rules.
type message struct {
	host, path, method string
	headers            map[string]string
	asked              int
}

const (
	attrHost = sidecar.AttrProtocol + iota
	attrPath
	attrMethod
	attrHeader
)

func (m *message) Attr(sel sidecar.Selector) ([]byte, bool) {
	m.asked++
	s := ""
	switch sel.Attr {
	case attrHost:
		s = m.host
	case attrPath:
		s = m.path
	case attrMethod:
		s = m.method
	case attrHeader:
		v, ok := m.headers[sel.Name]
		return []byte(v), ok
	}
	return []byte(s), s != ""
}

func (m *message) Rewind() bool         { return true }
func (m *message) Class() sidecar.Class { return sidecar.NoClass }

func selector(name string) (sidecar.Selector, bool) {
	switch name {
	case "host":
		return sidecar.Selector{Attr: attrHost}, true
	case "path":
		return sidecar.Selector{Attr: attrPath}, true
	case "method":
		return sidecar.Selector{Attr: attrMethod}, true
	}
	field, ok := strings.CutPrefix(name, "header:")
	return sidecar.Selector{Attr: attrHeader, Name: strings.ToLower(field)}, ok && field != ""
}

// taken is a service that ends every exchange well.
func taken(context.Context, *sidecar.Exchange) error { return nil }

// upstreams are services of these names.
func upstreams(names ...string) map[string]sidecar.Service {
	all := map[string]sidecar.Service{}
	for _, n := range names {
		all[n] = sidecar.ServiceFunc(taken)
	}
	return all
}
