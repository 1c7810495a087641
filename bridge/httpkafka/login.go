package httpkafka

import (
	"context"
	"errors"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/oauth"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"sidecar/wire/kafka"
)

var errNoToken = errors.New("no token is configured")

// mechanism logs in by the way of that name, with what login gives at each login;
// nil for a way that there is not.
func mechanism(name string, login func() kafka.DialSettings) sasl.Mechanism {
	scrams := func(context.Context) (scram.Auth, error) {
		s := login()
		return scram.Auth{User: s.Username, Pass: s.Password}, nil
	}
	switch name {
	case "PLAIN":
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			s := login()
			return plain.Auth{User: s.Username, Pass: s.Password}, nil
		})
	case "SCRAM-SHA-256":
		return scram.Sha256(scrams)
	case "SCRAM-SHA-512":
		return scram.Sha512(scrams)
	case "OAUTHBEARER":
		return oauth.Oauth(func(ctx context.Context) (oauth.Auth, error) {
			s := login()
			if s.Token == nil {
				return oauth.Auth{}, errNoToken
			}
			token, err := s.Token(ctx)
			return oauth.Auth{Token: token}, err
		})
	}
	return nil
}
