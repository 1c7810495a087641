package zk

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"sidecar/discovery"
)

// broker reads what a Kafka broker says of itself in /brokers/ids: its listeners,
// each by its name, as "NAME://host:port". Each can be asked for by that name, or
// by the security protocol that it speaks ("SASL_SSL"), which are the same where
// the names were not configured. Host and port at the top tell of the listener that
// is called PLAINTEXT, and are null where there is none.
func (m *Member) broker(w *wire) error {
	var listeners []string
	if err := json.Unmarshal(w.Endpoints, &listeners); err != nil {
		return errors.New(`endpoints: expected a list such as ["PLAINTEXT://host:9092"]`)
	}
	if len(listeners) == 0 || len(listeners) > maxParts {
		return fmt.Errorf("%d endpoints: expected 1 to %d", len(listeners), maxParts)
	}
	m.Additional = map[string]string{}
	var names []string
	var wrong error
	for _, l := range listeners {
		name, address, err := brokerListener(l)
		if err != nil {
			wrong = err // who asks for it is told that it is not there
			continue
		}
		m.Additional[name] = address
		names = append(names, name)
	}
	if len(names) == 0 {
		return wrong
	}
	for _, name := range names { // in their order: the first that speaks a protocol counts
		if p := w.Protocols[name]; p != "" && len(p) <= maxText && !slices.Contains(names, p) && m.Additional[p] == "" {
			m.Additional[p] = m.Additional[name]
		}
	}
	if m.Service = m.Additional["PLAINTEXT"]; len(names) == 1 {
		m.Service = m.Additional[names[0]]
	}
	if m.Zone = plain(w.Rack); len(m.Zone) > maxText {
		return errors.New("rack: too long")
	}
	return nil
}

// brokerListener parts "NAME://host:port".
func brokerListener(text string) (name, address string, err error) {
	name, rest, ok := strings.Cut(text, "://")
	if !ok || name == "" || len(name) > maxText || hasControl(name) {
		return "", "", errors.New("an endpoint that is no NAME://host:port")
	}
	host, port, err := net.SplitHostPort(rest)
	if err != nil {
		return "", "", fmt.Errorf("endpoint %s: expected host:port behind it", name)
	}
	if address, err = discovery.ParseAddress(net.JoinHostPort(host, port)); err != nil {
		return "", "", fmt.Errorf("endpoint %s: %w", name, err)
	}
	return name, address, nil
}
