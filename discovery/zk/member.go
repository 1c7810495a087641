package zk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"

	"sidecar/discovery"
)

const (
	// maxMember is the largest data of a member in bytes. Real ones have some
	// hundred; the bound keeps a node of ZooKeeper's full megabyte out of
	// memory.
	maxMember = 64 << 10
	// maxParts bounds the additional endpoints and the labels of one member.
	maxParts = 64
	// maxText is the longest text in bytes that a member may carry.
	maxText = 1024

	// What a member says of itself. Twitter's announcers know DEAD, STARTING and
	// WARNING besides, none of which is used either.
	alive    = "ALIVE"
	stopping = "STOPPING"
	stopped  = "STOPPED"
)

// Member is what the data of one member says, whichever of the formats it has.
type Member struct {
	Service    string            // "host:port"; of a broker "" if it has several and none is plain
	Additional map[string]string // name -> "host:port"
	Status     string            // "ALIVE" in a format that has none
	Zone       string            // a broker's rack
	Shard      string            // "" if it has none
	Name       string            // nerve's name of the instance
	Weight     float64           // 1 if it has none; 0 means: no traffic
	Labels     map[string]string // nerve's
}

// wire is a member of any format: a serverset has serviceEndpoint, nerve host and
// port at the top, a broker endpoints.
type wire struct {
	Service    *hostPort                  `json:"serviceEndpoint"`
	Additional map[string]json.RawMessage `json:"additionalEndpoints"`
	Status     *string                    `json:"status"`
	Shard      json.RawMessage            `json:"shard"`

	Host   *string                    `json:"host"`
	Port   json.RawMessage            `json:"port"`
	Name   json.RawMessage            `json:"name"`
	Weight json.RawMessage            `json:"weight"`
	Labels map[string]json.RawMessage `json:"labels"`

	Endpoints json.RawMessage   `json:"endpoints"`
	Protocols map[string]string `json:"listener_security_protocol_map"`
	Rack      json.RawMessage   `json:"rack"`
}

type hostPort struct {
	Host string          `json:"host"`
	Port json.RawMessage `json:"port"`
}

// DecodeMember reads the data of a member. What it does not know it ignores,
// as other readers do; an additional endpoint that is broken is left out, so
// that it harms only those who ask for it.
func DecodeMember(data []byte) (Member, error) {
	m := Member{Status: alive, Weight: 1}
	if len(data) > maxMember {
		return m, fmt.Errorf("%d bytes of data: expected at most %d", len(data), maxMember)
	}
	var w wire
	if err := json.Unmarshal(data, &w); err != nil {
		return m, fmt.Errorf("not the JSON of a member: %w", err)
	}
	switch {
	case w.Service != nil:
		return m, m.serverset(&w)
	case len(w.Endpoints) > 0:
		return m, m.broker(&w)
	case w.Host != nil:
		return m, m.nerve(&w)
	}
	return m, errors.New(`neither "serviceEndpoint" (a serverset) nor "host" and "port" (nerve) nor "endpoints" (a Kafka broker)`)
}

func (m *Member) serverset(w *wire) (err error) {
	if m.Service, err = address(w.Service.Host, w.Service.Port); err != nil {
		return fmt.Errorf("serviceEndpoint: %w", err)
	}
	if w.Status == nil {
		return errors.New(`no "status": expected "ALIVE" or another`)
	}
	if m.Status = *w.Status; len(m.Status) > maxText {
		return errors.New("status: too long")
	}
	if len(w.Additional) > maxParts {
		return fmt.Errorf("%d additional endpoints: expected at most %d", len(w.Additional), maxParts)
	}
	for name, raw := range w.Additional {
		var hp hostPort
		if json.Unmarshal(raw, &hp) != nil || len(name) > maxText {
			continue
		}
		if a, err := address(hp.Host, hp.Port); err == nil {
			if m.Additional == nil {
				m.Additional = map[string]string{}
			}
			m.Additional[name] = a
		}
	}
	// A shard that is no number is none, as in scales.
	if n, err := strconv.ParseInt(plain(w.Shard), 10, 32); err == nil {
		m.Shard = strconv.FormatInt(n, 10)
	}
	return nil
}

func (m *Member) nerve(w *wire) (err error) {
	if m.Service, err = address(*w.Host, w.Port); err != nil {
		return err
	}
	if m.Name = plain(w.Name); len(m.Name) > maxText {
		return errors.New("name: too long")
	}
	if text := plain(w.Weight); text != "" {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || f < 0 || f > maxWeight {
			return fmt.Errorf("weight: expected a number from 0 to %v", maxWeight)
		}
		m.Weight = f
	}
	if len(w.Labels) > maxParts {
		return fmt.Errorf("%d labels: expected at most %d", len(w.Labels), maxParts)
	}
	for k, raw := range w.Labels {
		v := plain(raw)
		if len(k) > maxText || len(v) > maxText {
			return errors.New("labels: one is too long")
		}
		if m.Labels == nil {
			m.Labels = map[string]string{}
		}
		m.Labels[k] = v
	}
	return nil
}

// maxWeight is the largest weight that is taken, as in lists of addresses.
const maxWeight = 1e6

// address joins a host and a port, which may be a number or a text.
func address(host string, port json.RawMessage) (string, error) {
	if host == "" {
		return "", errors.New("no host")
	}
	text := plain(port)
	if text == "" {
		return "", errors.New("no port")
	}
	return discovery.ParseAddress(net.JoinHostPort(strings.Trim(host, "[]"), text))
}

// plain is a number, a text, true or false as text; "" for anything else.
func plain(raw json.RawMessage) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return ""
	}
	switch raw[0] {
	case '"':
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return ""
		}
		return s
	case '{', '[', 'n':
		return ""
	}
	return string(raw)
}

// endpoint is the endpoint of that name, an error if the member has none.
func (m *Member) endpoint(name string) (discovery.Endpoint, error) {
	// What runs there is told by the shard, or nerve's name of the instance.
	// The name of the node tells less: it is another after each lost session.
	e := discovery.Endpoint{Address: m.Service, Weight: m.Weight, Zone: m.Zone, Name: m.Name, Identity: m.Name, Labels: m.Labels}
	if m.Shard != "" {
		e.Identity, e.Labels = "shard "+m.Shard, map[string]string{"shard": m.Shard}
	}
	has := "it has none"
	if len(m.Additional) > 0 {
		has = "it has " + strings.Join(slices.Sorted(maps.Keys(m.Additional)), ", ")
	}
	switch {
	case name == "" && m.Service == "":
		return e, fmt.Errorf("several endpoints, none of which is plain: %s; name one behind the path, as in #%s", has, slices.Min(slices.Collect(maps.Keys(m.Additional))))
	case name == "":
		return e, nil
	}
	address, ok := m.Additional[name]
	if !ok {
		return e, fmt.Errorf("no additional endpoint %q: %s", name, has)
	}
	e.Address, e.Name = address, name
	return e, nil
}

// Announcement is a serverset member to be written.
type Announcement struct {
	Service    string            // "host:port"
	Additional map[string]string // name -> "host:port"
	Shard      int               // negative: none
}

// Encode gives the JSON that Finagle, Aurora and scales read. The additional
// endpoints are there even if they are none: scales refuses a member without.
func (a Announcement) Encode() ([]byte, error) {
	type hp struct {
		Host string `json:"host"`
		Port int    `json:"port"`
	}
	part := func(address string) (hp, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return hp{}, fmt.Errorf("zk: announced address: %w", err)
		}
		n, err := strconv.Atoi(port)
		if err != nil {
			return hp{}, fmt.Errorf("zk: announced address: %w", err)
		}
		return hp{host, n}, nil
	}
	var out struct {
		Service    hp            `json:"serviceEndpoint"`
		Additional map[string]hp `json:"additionalEndpoints"`
		Status     string        `json:"status"`
		Shard      *int          `json:"shard,omitempty"`
	}
	var err error
	if out.Service, err = part(a.Service); err != nil {
		return nil, err
	}
	out.Additional = map[string]hp{}
	for name, address := range a.Additional {
		if out.Additional[name], err = part(address); err != nil {
			return nil, err
		}
	}
	if out.Status = alive; a.Shard >= 0 {
		out.Shard = &a.Shard
	}
	return json.Marshal(out)
}
