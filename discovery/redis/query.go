package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
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
	who     Login
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
	return &peer{address, who, c, context.AfterFunc(ctx, func() { _ = c.Close() })}
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
		return nil, fmt.Errorf("%s: %v %v: %w", p.address, command[0], command[min(1, len(command)-1)], p.who.hide(err))
	}
	return a, nil
}

// hide is err without the password, which a server may repeat that does not know
// AUTH: it names the command's arguments, cut somewhere.
func (l Login) hide(err error) error {
	text, _, cut := strings.Cut(err.Error(), ", with args beginning with")
	if l.Password != "" && strings.Contains(text, l.Password) {
		text, cut = strings.ReplaceAll(text, l.Password, "***"), true
	}
	if !cut {
		return err
	}
	return &hidden{text, err}
}

// hidden is an error of which a part is told.
type hidden struct {
	text string
	err  error
}

func (h *hidden) Error() string { return h.text }

// Unwrap is the whole of it, for who asks what it is.
func (h *hidden) Unwrap() error { return h.err }

// told tells whether err is an error that the server has answered.
func told(err error) bool {
	var e goredis.Error
	return errors.As(err, &e)
}
