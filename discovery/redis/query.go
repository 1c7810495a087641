package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// patience is how long a server may take for one answer, and for the connection
// before it: one that is silent must not hold up what the others know.
const patience = 2 * time.Second

// Login is whom servers are told that we are; an empty password is nobody.
type Login struct{ Username, Password string }

// DialFunc connects, and greets in TLS where that is configured.
type DialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// peer is a connection to one server for as long as it is asked.
type peer struct {
	address string
	c       *goredis.Client
	stop    func() bool
}

// connect makes a peer; the connection comes with its first use. The end of ctx
// ends it, in the midst of an answer too: the library looks at ctx between
// answers only.
func connect(ctx context.Context, address string, who Login, dial DialFunc) *peer {
	// The library writes to the standard error by itself; its errors say the same.
	goredis.SetLogger(&logging.VoidLogger{})
	c := goredis.NewClient(&goredis.Options{
		Addr: address, Dialer: dial, Username: who.Username, Password: who.Password, Protocol: 2,
		PoolSize: 1, MaxRetries: -1, DialerRetries: 1, DialTimeout: patience, ReadTimeout: patience, WriteTimeout: patience,
		ContextTimeoutEnabled: true, DisableIdentity: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	return &peer{address, c, context.AfterFunc(ctx, func() { _ = c.Close() })}
}

func (p *peer) close() {
	p.stop()
	_ = p.c.Close()
}

// do sends one command and returns its answer as the library decodes it.
func (p *peer) do(ctx context.Context, command ...any) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	a, err := p.c.Do(ctx, command...).Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, fmt.Errorf("%s: %v %v: %w", p.address, command[0], command[min(1, len(command)-1)], err)
	}
	return a, nil
}

// told tells whether err is an error that the server has answered.
func told(err error) bool {
	var e goredis.Error
	return errors.As(err, &e)
}
