package kafka

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
	"sidecar/sock"
)

// dials is a dialer with what it takes, and scripted brokers for it.
type dials struct {
	*Dialer
	t    testing.TB
	tls  *tls.Config // nil: plain
	bufs *sock.Buffers
	now  func() int64
}

func newDials(t testing.TB, s DialSettings) *dials {
	d := &dials{t: t, bufs: sock.NewBuffers(), now: sidecar.Now}
	d.Dialer = NewDialer(DialParams{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil || d.tls == nil {
				return nc, err
			}
			c := tls.Client(nc, d.tls)
			if err := c.HandshakeContext(ctx); err != nil {
				nc.Close()
				return nil, err
			}
			return c, nil
		},
		Buffers: d.bufs, Now: func() int64 { return d.now() },
	}, s)
	t.Cleanup(func() {
		if n := d.bufs.Out(); n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
	return d
}

// open connects; the test's end closes.
func (d *dials) open(address string) *Conn {
	d.t.Helper()
	c, err := d.Connect(d.t.Context(), address)
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(c.Close)
	return c
}

// scripted is a broker that gives each connection to serve, and closes it behind
// that.
func scripted(t testing.TB, serve func(*talker)) (address string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer nc.Close()
				serve(&talker{Conn: nc})
			})
		}
	})
	t.Cleanup(func() { ln.Close(); work.Wait() })
	return ln.Addr().String()
}

// talker is a broker's end of a connection.
type talker struct {
	net.Conn
	id int32
}

// hear reads a request, nil at the end.
func (k *talker) hear() kmsg.Request {
	frame := make([]byte, 4)
	if _, err := io.ReadFull(k, frame); err != nil {
		return nil
	}
	frame = make([]byte, binary.BigEndian.Uint32(frame))
	if _, err := io.ReadFull(k, frame); err != nil {
		return nil
	}
	req := kmsg.RequestForKey(int16(binary.BigEndian.Uint16(frame)))
	req.SetVersion(int16(binary.BigEndian.Uint16(frame[2:])))
	k.id = int32(binary.BigEndian.Uint32(frame[4:]))
	body := frame[8:]
	body = body[2+max(0, int(int16(binary.BigEndian.Uint16(body)))):]
	if req.IsFlexible() {
		body = body[1:]
	}
	if req.ReadFrom(body) != nil {
		return nil
	}
	return req
}

// say answers what was heard last.
func (k *talker) say(answer kmsg.Response) {
	b := binary.BigEndian.AppendUint32(make([]byte, 4), uint32(k.id))
	if answer.IsFlexible() && answer.Key() != KeyAPIVersions {
		b = append(b, 1, 0x7e, 2, 'h', 'i') // a tag that nobody knows
	}
	b = answer.AppendTo(b)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	k.Write(b)
}

// versions answers ApiVersions with these.
func (k *talker) versions(of map[int16]int16) {
	answer := kmsg.NewPtrApiVersionsResponse()
	for key, most := range of {
		v := kmsg.NewApiVersionsResponseApiKey()
		v.ApiKey, v.MaxVersion = key, most
		answer.ApiKeys = append(answer.ApiKeys, v)
	}
	k.say(answer)
}

// greeted serves ApiVersions as a broker of Kafka 2.2 or newer does, and gives the
// next request.
func (k *talker) greeted() kmsg.Request {
	for {
		req := k.hear()
		if _, ask := req.(*kmsg.ApiVersionsRequest); !ask {
			return req
		}
		k.versions(map[int16]int16{KeyMetadata: 13, KeySASLHandshake: 1, KeyAPIVersions: 4, KeySASLAuthenticate: 2})
	}
}
