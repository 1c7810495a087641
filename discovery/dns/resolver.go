package dns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	mdns "github.com/miekg/dns"
)

const (
	// systemConfig names the servers and search domains of the host.
	systemConfig = "/etc/resolv.conf"
	// udpSize is the size of replies that is announced: what fits into one
	// packet on any path (RFC 9715, section 3.2).
	udpSize = 1232
	// maxTimeout and maxAttempts bound what resolv.conf asks for, as libc does.
	maxTimeout  = 30 * time.Second
	maxAttempts = 5
	// maxSearch is how many names one name may become by search domains.
	maxSearch = 33
)

// resolver asks the servers that a URI or resolv.conf names.
type resolver struct {
	fixed  []string // of the URI
	config string   // path of resolv.conf
	hosts  *hosts
	known  string // the full name that answered last; of who searches, one at a time

	mu     sync.Mutex // guards what follows
	system *mdns.ClientConfig
	mod    time.Time
}

func newResolver(fixed []string) *resolver {
	return &resolver{fixed: fixed, config: systemConfig, hosts: &hosts{path: systemHosts}}
}

// settings are the host's, read again when the file has changed, with the
// URI's servers in place of its own.
func (r *resolver) settings() (*mdns.ClientConfig, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	info, err := os.Stat(r.config)
	switch {
	case errors.Is(err, fs.ErrNotExist): // as resolv.conf(5) has it
		r.system = &mdns.ClientConfig{Servers: []string{"127.0.0.1"}, Port: "53", Ndots: 1, Timeout: 5, Attempts: 2}
	case err != nil:
		return nil, fmt.Errorf("dns: %w: let the user that the sidecar runs as read it, or name servers with ?resolver=", err)
	case r.system == nil || !info.ModTime().Equal(r.mod):
		c, err := mdns.ClientConfigFromFile(r.config)
		if err != nil {
			return nil, fmt.Errorf("dns: %s: %w: correct it, or name servers with ?resolver=", r.config, err)
		}
		if len(c.Servers) == 0 {
			c.Servers = []string{"127.0.0.1"}
		}
		r.system, r.mod = c, info.ModTime()
	}
	return r.system, nil
}

// names are those that name may stand for, the likeliest first.
func (r *resolver) names(name string) ([]string, error) {
	c, err := r.settings()
	if err != nil {
		return nil, err
	}
	list := c.NameList(name)
	return list[:min(len(list), maxSearch)], nil
}

// ask asks for the records of that type of one full name: the servers in
// order, each as often as configured. A reply that says that there is nothing
// is an answer; what is no reply, or one of a server that could not say, is an
// error.
func (r *resolver) ask(ctx context.Context, name string, kind uint16) (answer, error) {
	c, err := r.settings()
	if err != nil {
		return answer{}, err
	}
	servers := r.fixed
	if len(servers) == 0 {
		for _, s := range c.Servers {
			servers = append(servers, joined(s, c.Port))
		}
	}
	q := new(mdns.Msg)
	q.SetQuestion(name, kind)
	q.SetEdns0(udpSize, false)
	e := exchange{timeout: min(max(time.Duration(c.Timeout)*time.Second, time.Second), maxTimeout), question: q}
tries:
	for range min(max(c.Attempts, 1), maxAttempts) {
		for _, s := range servers {
			var m *mdns.Msg
			if m, err = e.with(ctx, s); err == nil {
				return read(m, name, kind), nil
			}
			if ctx.Err() != nil {
				break tries // the error says what it was about
			}
		}
	}
	return answer{}, fmt.Errorf("dns: %s: %w", strings.TrimSuffix(name, "."), err)
}

// joined is server with port; servers of resolv.conf are IP addresses.
func joined(server, port string) string {
	if strings.Contains(server, ":") {
		server = "[" + server + "]"
	}
	return server + ":" + port
}

// exchange is one question, however often it is asked.
type exchange struct {
	question *mdns.Msg
	timeout  time.Duration // of one try
}

// bare is err without the addresses of the connection: the local one has another
// port each time, and what is logged once an error would be logged at each try.
func bare(err error) error {
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Err
	}
	return err
}

// with asks one server: by UDP; again by TCP if the reply did not fit; again
// without EDNS if the server does not know that.
func (e *exchange) with(ctx context.Context, server string) (*mdns.Msg, error) {
	m, err := e.by(ctx, "udp", server, e.question)
	if err == nil && m.Truncated {
		m, err = e.by(ctx, "tcp", server, e.question)
	}
	if err == nil && m.Rcode == mdns.RcodeFormatError {
		plain := e.question.Copy()
		plain.Extra = nil
		if m, err = e.by(ctx, "udp", server, plain); err == nil && m.Truncated {
			m, err = e.by(ctx, "tcp", server, plain)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", server, bare(err))
	}
	switch {
	case m.Truncated:
		return nil, fmt.Errorf("server %s: the reply is cut off by TCP too", server)
	case m.Rcode != mdns.RcodeSuccess && m.Rcode != mdns.RcodeNameError:
		return nil, fmt.Errorf("server %s answers %s", server, cmp.Or(mdns.RcodeToString[m.Rcode], "RCODE "+strconv.Itoa(m.Rcode)))
	}
	return m, nil
}

func (e *exchange) by(ctx context.Context, network, server string, q *mdns.Msg) (*mdns.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	q = q.Copy()
	q.Id = mdns.Id()
	client := mdns.Client{Net: network, Timeout: e.timeout, UDPSize: udpSize}
	conn, err := client.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	// The library heeds the end of a context's time, but not that it is called off.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	m, _, err := client.ExchangeWithConnContext(ctx, q, conn)
	if err != nil {
		// A datagram that holds a part of a reply may not parse, and says that
		// it is a part.
		if network == "udp" && m != nil && m.Truncated {
			return m, nil
		}
		if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
			err = os.ErrDeadlineExceeded // closed by us, a moment before it would have said so itself
		}
		return nil, err
	}
	if !m.Response || len(m.Question) != 1 || m.Question[0].Qtype != q.Question[0].Qtype ||
		!strings.EqualFold(m.Question[0].Name, q.Question[0].Name) {
		return nil, errors.New("the reply is to another question")
	}
	return m, nil
}
