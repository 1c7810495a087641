package daemon

import (
	"context"
	"fmt"
	"net"

	"sidecar/config"
)

// elsewhere is dial, but for connections that come out at a listener which leads to
// b: each session would begin another, and none would come to a broker. What the
// address says is not enough to know (see own): names and the host's own addresses
// lead here, too, and seeds are given by whoever writes the configuration.
func (b *kafkaBackend) elsewhere(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		if f := b.leadsTo(c); f != nil {
			c.Close()
			return nil, errSelf{f.name()}
		}
		return c, nil
	}
}

// leadsTo is the listener of b's clients that c has been made to, nil if that is
// none of this process.
func (b *kafkaBackend) leadsTo(c net.Conn) *front {
	to, isTCP := c.RemoteAddr().(*net.TCPAddr)
	from, _ := c.LocalAddr().(*net.TCPAddr)
	if !isTCP || from == nil || !to.IP.IsLoopback() && !to.IP.Equal(from.IP) {
		return nil // it has left this host
	}
	for _, f := range b.d.fronts {
		if f.places != nil && f.places.cluster == b && f.places.at(to, f.ln.Addr()) {
			return f
		}
	}
	return nil
}

// at tells whether clients are listened for at to, an address of this host; bound is
// where they bootstrap.
func (p *kafkaPlaces) at(to *net.TCPAddr, bound net.Addr) bool {
	at, ok := bound.(*net.TCPAddr)
	switch {
	case !ok:
		return false
	case p.mode == config.KafkaLoopback: // at every address of the loopback
		return to.Port == at.Port && to.IP.IsLoopback()
	case !at.IP.IsUnspecified() && !at.IP.Equal(to.IP):
		return false
	}
	return to.Port == at.Port || p.ports != nil && p.ports.Has(to.Port)
}

// errSelf is a broker's address that leads back to the named listener.
type errSelf struct{ listener string }

func (e errSelf) Error() string {
	return fmt.Sprintf("this is the sidecar's own listener %q and no broker: set discover, advertised.listeners of the brokers, or dial in [upstream.X.kafka], to where the brokers themselves listen", e.listener)
}
