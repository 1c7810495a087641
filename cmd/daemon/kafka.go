package daemon

import (
	"context"
	"fmt"

	"sidecar"
	"sidecar/config"
	"sidecar/listener"
	"sidecar/sock"
	"sidecar/wire/kafka"
)

// kafkaServer serves clients of Kafka.
type kafkaServer struct {
	*kafka.Server
	d *daemon
}

func (s kafkaServer) NewClient(c *sock.Conn) listener.Client { return s.Server.NewClient(c) }

// newKafkaServer makes the server of l for f, whose places there are.
func (d *daemon) newKafkaServer(f *front, l config.Listener, handler sidecar.Service) (server, error) {
	if l.Kafka.Mode == config.KafkaProducer {
		return d.newSingleServer(f, l, handler), nil
	}
	set, err := d.kafkaSettings(l)
	if err != nil {
		return nil, err
	}
	p, refusals := f.places, &kafkaRefusals{f: f}
	return kafkaServer{kafka.NewServer(kafka.Params{
		Handler: refusals.watch(handler), Places: p.Places, NodeAt: p.nodeAt, BrokerAt: p.cluster.brokerAt,
		Wheel: d.wheel, Buffers: d.bufs, Lot: d.lot, Room: d.room, Pipes: d.pipes, Refused: refusals.refused,
		Failed: func(x *sidecar.Exchange, f *sidecar.Fault) { p.ring.Add(x, f, sidecar.Now()) }, Stats: kafka.NewStats(d.registry, l.Name),
	}, set), d}, nil
}

func (s kafkaServer) set(l config.Listener) error {
	set, err := s.d.kafkaSettings(l)
	if err == nil {
		s.Set(set)
	}
	return err
}

// kafkaSettings are l's settings as its server takes them.
func (d *daemon) kafkaSettings(l config.Listener) (kafka.Settings, error) {
	hidden, err := hiddenAPIs(l)
	if err != nil {
		return kafka.Settings{}, err
	}
	s := kafka.Settings{
		MaxRequest: int(l.Kafka.MaxRequest), Held: int(l.Kafka.MaxHeld), HeaderTimeout: l.HeaderTimeout, IdleTimeout: l.IdleTimeout,
		ParkAfter: parkAfter, CancelOnFIN: l.HalfClose == config.HalfCloseCancel,
		Hints: kafkaHints(l.Kafka.Hints), Hidden: hidden, PassUnknown: l.Kafka.UnknownAPIs == config.KafkaPass,
	}
	if r := d.ups.get(l.Upstream); r != nil {
		s.StallTimeout = r.cfg.Load().StallTimeout
	}
	s.Logins, err = d.loginsOf(l)
	return s, err
}

// loginsOf are who may log in to l. Where the sidecar logs in to the brokers, it is
// it that clients' logins are for; else they are passed on to the broker.
func (d *daemon) loginsOf(l config.Listener) (*kafka.Logins, error) {
	r := d.ups.get(l.Upstream)
	if len(l.Kafka.Users) == 0 && (r == nil || r.cfg.Load().Kafka.Mechanism == "") {
		return nil, nil
	}
	var users []kafka.User
	for i, u := range l.Kafka.Users {
		password, err := readSecret(u.Password)
		if err != nil {
			return nil, fmt.Errorf("%s.kafka.user[%d].password: %w", l.Key, i, err)
		}
		users = append(users, kafka.User{Name: u.Name, Password: password})
	}
	logins, err := kafka.NewLogins(users, l.Kafka.Mechanisms)
	if err != nil {
		return nil, fmt.Errorf("%s.kafka: %w", l.Key, err)
	}
	return logins, nil
}

// kafkaHints is what becomes of hints, by its name.
func kafkaHints(name string) kafka.Hints {
	switch name {
	case config.KafkaStrip:
		return kafka.StripHints
	case config.KafkaCap:
		return kafka.CapVersions
	}
	return kafka.RewriteHints
}

// hiddenAPIs are the keys of the APIs that l hides.
func hiddenAPIs(l config.Listener) (keys []int16, err error) {
	for i, name := range l.Kafka.Hide {
		some := kafka.Named(name)
		if len(some) == 0 {
			return nil, fmt.Errorf("%s.kafka.hide[%d]: %s", l.Key, i, noAPI(name))
		}
		keys = append(keys, some...)
	}
	return keys, nil
}

func noAPI(name string) string {
	return fmt.Sprintf(`there is no API of Kafka named %q: expected a name as in its documentation, such as "DeleteTopics", or "read", "write", "admin"`, name)
}

// checkKafka is what is wrong with f's listeners of Kafka that only its package
// knows.
func checkKafka(f *config.File) (problems []config.Problem) {
	for _, l := range f.Listeners {
		for i, name := range l.Kafka.Hide {
			if len(kafka.Named(name)) == 0 {
				problems = append(problems, f.ProblemAt(fmt.Sprintf("%s.kafka.hide[%d]", l.Key, i), noAPI(name)))
			}
		}
	}
	return problems
}

// brokerAt is where a node is, after the brokers were asked if nobody knows.
func (b *kafkaBackend) brokerAt(ctx context.Context, node int32) string {
	return b.source.Load().Wait(ctx, node)
}
