package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
)

// maxAsked is the bytes of an answer to a question of the sidecar's own: Metadata
// of some 100,000 partitions.
const maxAsked = 16 << 20

// Ask asks the broker at address one thing, over a connection made for it, and
// gives the answer. The request is sent in the highest version that both know.
func (d *Dialer) Ask(ctx context.Context, address string, req kmsg.Request) (kmsg.Response, error) {
	s, err := d.dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	c := &Conn{Sock: s, dialer: d, account: d.account.Load()}
	var answer kmsg.Response
	err = d.converse(ctx, s, func(t *conversation) error {
		answer, err = c.inquire(ctx, t, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// inquire asks on a connection that was just made.
func (c *Conn) inquire(ctx context.Context, t *conversation, req kmsg.Request) (kmsg.Response, error) {
	keys, err := t.sound()
	if err != nil {
		return nil, err
	}
	if c.account.Mechanism != "" {
		if err := c.login(ctx, t, versionOf(keys, KeySASLAuthenticate)); err != nil {
			return nil, err
		}
	}
	most := versionOf(keys, req.Key())
	if most < 0 {
		t.key = req.Key()
		return nil, t.failed(sidecar.ConnectFailed, "the broker does not have it", nil)
	}
	req.SetVersion(min(most, req.MaxVersion()))
	t.most = maxAsked
	return t.ask(req)
}
