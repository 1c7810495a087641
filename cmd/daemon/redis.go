package daemon

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"sidecar"
	"sidecar/config"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/varz"
	"sidecar/wire/resp"
)

// redisServer serves clients of Redis.
type redisServer struct {
	*resp.Server
	routes *redisRoutes
	local  resp.LocalSettings // what does not change
}

func (s redisServer) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }

// newRedisServer makes the server of l for f, whose routes there are.
func (d *daemon) newRedisServer(f *front, l config.Listener, handler sidecar.Service) (server, error) {
	s := redisServer{routes: f.redis, local: resp.LocalSettings{
		Version: Version, ID: runID(), Started: time.Now(),
		Clients: func() int {
			return int(d.registry.Gauge(varz.ListenerConnections, varz.Source{Listener: l.Name}).Value())
		},
	}}
	set, err := s.settings(l)
	if err != nil {
		return nil, err
	}
	s.Server = resp.NewServer(resp.Params{
		Handler: handler, Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Room: d.room,
		Stats: resp.NewStats(d.registry, l.Name), Refused: f.refused,
	}, set)
	return s, nil
}

// runID is what INFO tells as the server's: another in each process.
func runID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (s redisServer) set(l config.Listener) error {
	set, err := s.settings(l)
	if err != nil {
		return err
	}
	s.Set(set)
	return nil
}

// settings are l's settings as its server takes them.
func (s redisServer) settings(l config.Listener) (resp.Settings, error) {
	local := s.local
	local.NoRESP3 = !l.Redis.RESP3
	routes := s.routes.now.Load()
	local.Database = routes.database
	users, err := redisUsers(l)
	if err != nil {
		return resp.Settings{}, err
	}
	local.Users = users
	if local.Policy, err = resp.NewPolicy(redisRules(l)); err != nil {
		return resp.Settings{}, fmt.Errorf("%s.redis: %w", l.Key, err)
	}
	return resp.Settings{
		Route: routes.find, MaxRequest: int(l.Redis.MaxRequest), HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout, ParkAfter: parkAfter,
		ExposeBackends: l.ExposeBackends, CancelOnFIN: l.HalfClose == config.HalfCloseCancel, Local: local,
	}, nil
}

// redisRules are which commands and keys l's clients may use.
func redisRules(l config.Listener) resp.Rules {
	return resp.Rules{Allow: l.Redis.Allow, Deny: l.Redis.Deny, AllowKeys: l.Redis.AllowKeys, DenyKeys: l.Redis.DenyKeys}
}

// redisUsers are those whom l knows, nil if nobody needs a password.
func redisUsers(l config.Listener) (*resp.Users, error) {
	if l.Redis.Password == (config.Secret{}) {
		return nil, nil
	}
	password, err := readSecret(l.Redis.Password)
	if err != nil {
		return nil, fmt.Errorf("%s.redis.password: %w", l.Key, err)
	}
	users := []resp.User{{Password: password}}
	if l.Redis.Username != "" {
		users = append(users, resp.User{Name: l.Redis.Username, Password: password})
	}
	return resp.NewUsers(users...), nil
}
