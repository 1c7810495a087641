package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	kafkagoplain "github.com/segmentio/kafka-go/sasl/plain"
	kafkagoscram "github.com/segmentio/kafka-go/sasl/scram"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"sidecar"
	"sidecar/internal/brokers"
	"sidecar/internal/peer"
)

func logins(t testing.TB, mechanisms ...string) *Logins {
	l, err := NewLogins([]User{{"al,ice=", "pass,word="}, {"bob", "b"}}, mechanisms)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// said is a request as a client frames it.
func said(req kmsg.Request, id int32) []byte {
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("c")).AppendRequest(nil, req, id)
}

func shake(version int16, mechanism string) kmsg.Request {
	req := kmsg.NewPtrSASLHandshakeRequest()
	req.Version, req.Mechanism = version, mechanism
	return req
}

func words(version int16, b string) kmsg.Request {
	req := kmsg.NewPtrSASLAuthenticateRequest()
	req.Version, req.SASLAuthBytes = version, []byte(b)
	return req
}

// take gives t a request, and the code that it is answered with.
func (term *Terminal) take(t *testing.T, req kmsg.Request) (int16, *Problem) {
	t.Helper()
	b, p := term.Take([]byte("xy"), said(req, 77))
	if !bytes.HasPrefix(b, []byte("xy")) || int(binary.BigEndian.Uint32(b[2:])) != len(b)-6 || binary.BigEndian.Uint32(b[6:]) != 77 {
		t.Fatalf("answer %x", b)
	}
	res := req.ResponseKind()
	if req.GetVersion() > req.MaxVersion() {
		res.SetVersion(0)
	}
	body := b[10:]
	if res.IsFlexible() {
		body = body[1:]
	}
	if err := res.ReadFrom(body); err != nil {
		t.Fatal(err)
	}
	switch res := res.(type) {
	case *kmsg.SASLHandshakeResponse:
		return res.ErrorCode, p
	case *kmsg.SASLAuthenticateResponse:
		return res.ErrorCode, p
	}
	return 0, p
}

func TestLoginsOfClientsThatAreRefused(t *testing.T) {
	all := logins(t, MechanismPlain, MechanismScram256)
	none := logins(t)
	none.users = nil
	for _, c := range []struct {
		name string
		l    *Logins
		asks []kmsg.Request
		code int16
		want string
	}{
		{"without users", none, []kmsg.Request{shake(1, "PLAIN")}, 33, "no users"},
		{"an old handshake", all, []kmsg.Request{shake(0, "PLAIN")}, 35, "SaslHandshake 0"},
		{"a handshake of the future", all, []kmsg.Request{shake(9, "PLAIN")}, 35, "SaslHandshake in a version"},
		{"another mechanism", all, []kmsg.Request{shake(1, "SCRAM-SHA-512")}, 33, "mechanisms in [listener.kafka]"},
		{"nothing agreed upon", all, []kmsg.Request{words(2, "\x00bob\x00b")}, 34, "out of order"},
		{"two handshakes", all, []kmsg.Request{shake(1, "PLAIN"), shake(1, "PLAIN")}, 34, "out of order"},
		{"a wrong password", all, []kmsg.Request{shake(1, "PLAIN"), words(1, "\x00bob\x00c")}, 58, "wrong name or password"},
		{"an empty password", all, []kmsg.Request{shake(1, "PLAIN"), words(0, "\x00bob\x00")}, 58, "wrong name or password"},
		{"nobody", all, []kmsg.Request{shake(1, "PLAIN"), words(2, "\x00eve\x00b")}, 58, "wrong name or password"},
		{"on another's behalf", all, []kmsg.Request{shake(1, "PLAIN"), words(2, "root\x00bob\x00b")}, 58, "wrong name or password"},
		{"no words of PLAIN", all, []kmsg.Request{shake(1, "PLAIN"), words(2, "bob")}, 58, "wrong name or password"},
		{"no words of SCRAM", all, []kmsg.Request{shake(1, "SCRAM-SHA-256"), words(2, "bob")}, 58, "wrong name or password"},
		{"twice", all, []kmsg.Request{shake(1, "PLAIN"), words(2, "\x00bob\x00b"), words(2, "\x00bob\x00b")}, 34, "out of order"},
	} {
		t.Run(c.name, func(t *testing.T) {
			term := NewTerminal(c.l)
			for i, req := range c.asks {
				code, p := term.take(t, req)
				if i < len(c.asks)-1 {
					if code != 0 || p != nil {
						t.Fatalf("step %d: %d, %v", i, code, p)
					}
					continue
				}
				if code != c.code || p == nil || !strings.Contains(p.Error(), c.want) {
					t.Errorf("code %d, %v", code, p)
				}
			}
		})
	}
}

func TestWhoIsNotKnownIsRefusedAsAWrongPassword(t *testing.T) {
	l := logins(t, MechanismScram256)
	salts := map[string]string{}
	for range 2 {
		for _, name := range []string{"bob", "eve", "mallory"} {
			term := NewTerminal(l)
			term.take(t, shake(1, MechanismScram256))
			b, p := term.Take(nil, said(words(1, "n,,n="+name+",r=abc"), 1))
			_, salt, _ := strings.Cut(string(b), "s=")
			salt, _, _ = strings.Cut(salt, ",")
			if p != nil || salt == "" || salts[name] != "" && salts[name] != salt {
				t.Errorf("%s: salt %q after %q, %v", name, salt, salts[name], p)
			}
			salts[name] = salt
		}
	}
	if salts["eve"] == salts["mallory"] {
		t.Error("all who are not known have the same salt")
	}
}

func TestBeforeALoginClientsMayAskForVersionsOnly(t *testing.T) {
	term := NewTerminal(logins(t, MechanismPlain))
	if !term.Waits() || term.Bars(KeyAPIVersions) != nil || term.Bars(KeyMetadata) == nil || !strings.Contains(term.Bars(KeyMetadata).Error(), "Metadata") {
		t.Error("before the login")
	}
	term.take(t, shake(1, MechanismPlain))
	if code, p := term.take(t, words(2, "bob\x00bob\x00b")); code != 0 || p != nil || term.Waits() || term.Bars(KeyMetadata) != nil || term.User() != "bob" {
		t.Errorf("after it: %d, %v", code, p)
	}
	open := NewTerminal(nil)
	if open.Owns(KeySASLHandshake) || open.Waits() || open.Bars(KeyMetadata) != nil {
		t.Error("without logins")
	}
}

// What brokers allow before a login is not a way to have them read anything at all.
func TestWhoHasNotLoggedInSendsNothingLarge(t *testing.T) {
	b := peer.Listen(t, func(c *peer.Conn) { c.Gone() })
	s := newStage(t, b.Addr())
	s.set(func(set *Settings) { set.Logins = logins(t, MechanismPlain) })
	c := s.client()
	c.Send(ask(KeyAPIVersions, 3, 1, filler(maxStranger))[:100_000])
	c.Gone()
	if f := s.ended(); f == nil || f.Reason != sidecar.BadRequest || f.Err != errLongStranger {
		t.Errorf("it ended with %v", f)
	}
	if n := b.Received(); n != 0 {
		t.Errorf("the broker got %d bytes", n)
	}
}

func TestClientsLogInToTheSidecar(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "127.0.0.99", kfake.SeedTopics(1, "orders"), kfake.EnableSASL(), kfake.Superuser(MechanismScram512, "up", "stream"))
	s := newStage(t, cluster.ListenAddrs()[0])
	s.dialer.Set(DialSettings{Mechanism: MechanismScram512, Username: "up", Password: "stream"})
	s.set(func(set *Settings) { set.Logins = logins(t, MechanismPlain, MechanismScram256, MechanismScram512) })
	ctx := context.Background()
	for _, m := range []sasl.Mechanism{
		plain.Auth{User: "al,ice=", Pass: "pass,word="}.AsMechanism(),
		scram.Auth{User: "al,ice=", Pass: "pass,word="}.AsSha256Mechanism(),
		scram.Auth{User: "bob", Pass: "b"}.AsSha512Mechanism(),
	} {
		cl, err := kgo.NewClient(kgo.SeedBrokers(s.addr), kgo.SASL(m), kgo.DefaultProduceTopic("orders"))
		if err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(ctx, kgo.StringRecord("v")).FirstErr(); err != nil {
			t.Errorf("%s: %v", m.Name(), err)
		}
		cl.Close()
	}
	mechanism, err := kafkagoscram.Mechanism(kafkagoscram.SHA256, "bob", "b")
	if err != nil {
		t.Fatal(err)
	}
	w := &kafkago.Writer{Addr: kafkago.TCP(s.addr), Topic: "orders", BatchSize: 1, Transport: &kafkago.Transport{SASL: mechanism}}
	if err := w.WriteMessages(ctx, kafkago.Message{Value: []byte("v")}); err != nil {
		t.Error(err)
	}
	w.Close()
	w.Transport.(*kafkago.Transport).CloseIdleConnections()
	d := kafkago.Dialer{SASLMechanism: kafkagoplain.Mechanism{Username: "bob", Password: "wrong"}}
	if _, err := d.DialContext(ctx, "tcp", s.addr); err == nil || !strings.Contains(err.Error(), "SASL Authentication Failed") {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestWhoDoesNotLogInIsPartedFrom(t *testing.T) {
	for _, c := range []struct {
		name, want string
		limit      time.Duration
		says       kmsg.Request
	}{
		{"a question before the login", "asks for Metadata and has not logged in", time.Minute, kmsg.NewPtrMetadataRequest()},
		{"too long", "not logged in soon enough", 20 * time.Millisecond, kmsg.NewPtrApiVersionsRequest()},
	} {
		t.Run(c.name, func(t *testing.T) {
			cluster, _ := brokers.Fake(t, 1, "")
			s := newStage(t, cluster.ListenAddrs()[0])
			s.set(func(set *Settings) { set.Logins, set.HeaderTimeout = logins(t, MechanismPlain), c.limit })
			cl := s.client()
			cl.Send(string(said(c.says, 1)))
			if err := <-s.over; err == nil || !strings.Contains(err.Error(), c.want) || !sidecar.FaultOf(err).Has(sidecar.FromClient) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

func TestALoginWhereNobodyCanIsAnsweredByTheSidecar(t *testing.T) {
	cluster, _ := brokers.Fake(t, 1, "")
	s := newStage(t, cluster.ListenAddrs()[0])
	none, err := NewLogins(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.set(func(set *Settings) { set.Logins = none })
	cl := s.client()
	cl.Send(string(said(shake(1, "PLAIN"), 5)))
	cl.Expect("\x00\x00\x00\x0a\x00\x00\x00\x05\x00\x21\x00\x00\x00\x00")
	if err := <-s.over; err == nil || !strings.Contains(err.Error(), "the sidecar logs in to the brokers itself") {
		t.Errorf("ended with %v", err)
	}
}

func FuzzTerminal(f *testing.F) {
	f.Add(said(shake(1, "PLAIN"), 1), said(words(2, "\x00bob\x00b"), 2))
	f.Add(said(shake(1, "SCRAM-SHA-256"), 1), said(words(2, "n,,n=bob,r=abc"), 2))
	f.Add(said(shake(0, "PLAIN"), 1), []byte("\x00\x00\x00\x05bob"))
	l := logins(f, MechanismPlain, MechanismScram256)
	f.Fuzz(func(t *testing.T, one, two []byte) {
		term := NewTerminal(l)
		for _, frame := range [][]byte{one, two, two} {
			h, p := ParseHead(frame, len(frame))
			if p != nil || h.Size != len(frame)-SizeLen || !term.Owns(h.Key) {
				return
			}
			b, p := term.Take(nil, frame)
			if p == nil && (len(b) < AnswerHead || int(binary.BigEndian.Uint32(b)) != len(b)-SizeLen || int32(binary.BigEndian.Uint32(b[4:])) != h.Correlation) {
				t.Fatalf("answer %x", b)
			}
			if !term.Waits() && term.User() != "bob" && term.User() != "al,ice=" {
				t.Fatalf("logged in as %q", term.User())
			}
			if p != nil {
				return
			}
		}
	})
}
