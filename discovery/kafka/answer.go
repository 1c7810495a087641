package kafka

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar/discovery"
)

// errNoBrokers is told of brokers that have not heard from their cluster yet.
var errNoBrokers = errors.New("it knows of no broker, not even of itself: it is just starting, or cut off from the controllers")

// question asks for the brokers and for no topic.
func question() kmsg.Request {
	q := kmsg.NewPtrMetadataRequest()
	q.Topics = []kmsg.MetadataRequestTopic{} // nil is all of them
	q.AllowAutoTopicCreation = false
	return q
}

// answer is what a broker has said of its cluster.
type answer struct {
	cluster string // its id, "" from brokers that do not tell
	nodes   []Node
	wrong   []error // with brokers that are not among nodes
	err     error
}

// read takes the answer to question. refused tells what else is wrong with a node;
// the error says that none can be used.
func read(response kmsg.Response, refused func(Node) error) (a answer, err error) {
	m, ok := response.(*kmsg.MetadataResponse)
	switch {
	case !ok || m == nil:
		return a, errors.New("an answer to something else")
	case m.ErrorCode != 0:
		return a, fmt.Errorf("it refuses to say who is where (error code %d)", m.ErrorCode)
	case len(m.Brokers) > MaxNodes:
		return a, fmt.Errorf("%d brokers: expected at most %d", len(m.Brokers), MaxNodes)
	case len(m.Brokers) == 0:
		return a, errNoBrokers
	}
	if m.ClusterID != nil && len(*m.ClusterID) <= maxText {
		a.cluster = *m.ClusterID
	}
	for i := range m.Brokers {
		b := &m.Brokers[i]
		n, err := node(b.NodeID, b.Host, b.Port)
		if err == nil {
			err = refused(n)
		}
		if err != nil {
			a.wrong = append(a.wrong, err)
			continue
		}
		if b.Rack != nil && len(*b.Rack) <= maxText {
			n.Rack = *b.Rack
		}
		a.nodes = append(a.nodes, n)
	}
	if len(a.nodes) == 0 {
		return a, fmt.Errorf("none of the %d brokers that it tells of can be used", len(a.wrong))
	}
	return a, nil
}

// maxText is the longest rack, and id of a cluster, that is taken, in bytes.
const maxText = 1024

// node checks what somebody says of a broker.
func node(id int32, host string, port int32) (Node, error) {
	if id < 0 {
		return Node{}, fmt.Errorf("broker %d: ids are 0 and above", id)
	}
	address, err := discovery.ParseAddress(net.JoinHostPort(host, strconv.Itoa(int(port))))
	if err == nil && unspecified(host) {
		err = fmt.Errorf("%s is where it listens and leads nowhere: set advertised.listeners of the broker to an address of its own", address)
	}
	if err != nil {
		return Node{}, fmt.Errorf("broker %d: %w", id, err)
	}
	return Node{ID: id, Host: host, Port: port, Address: address}, nil
}

// unspecified tells whether host means every address of a machine, which dialled
// is the machine that dials.
func unspecified(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsUnspecified()
}
