package kafka

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"sidecar"
)

func TestALoginThatFailsSaysWhatToDo(t *testing.T) {
	shake := func(code int16, has ...string) func(*talker) {
		return func(k *talker) {
			if k.greeted() == nil {
				return
			}
			answer := kmsg.NewPtrSASLHandshakeResponse()
			answer.ErrorCode, answer.SupportedMechanisms = code, has
			k.say(answer)
			io.Copy(io.Discard, k)
		}
	}
	refuse := func(code int16, text *string) func(*talker) {
		return func(k *talker) {
			if k.greeted() == nil {
				return
			}
			k.say(kmsg.NewPtrSASLHandshakeResponse())
			answer := k.hear().(*kmsg.SASLAuthenticateRequest).ResponseKind().(*kmsg.SASLAuthenticateResponse)
			answer.ErrorCode, answer.ErrorMessage = code, text
			k.say(answer)
			io.Copy(io.Discard, k)
		}
	}
	raw := func(b string) func(*talker) {
		return func(k *talker) {
			k.hear()
			k.Write([]byte(b))
			k.Conn.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, k)
		}
	}
	for _, c := range []struct {
		name   string
		broker func(*talker)
		reason sidecar.Reason
		text   string
	}{
		{"wrong password", refuse(58, kmsg.StringPtr("Authentication failed: Invalid username or password")), sidecar.ConnectFailed,
			"SaslAuthenticate: the broker answers: Authentication failed: Invalid username or password; see username and password in [upstream.X.kafka]"},
		{"the password in the broker's words", refuse(58, kmsg.StringPtr("s3cret\nis wrong")), sidecar.ConnectFailed, "answers: *** is wrong;"},
		{"an error without words", refuse(58, nil), sidecar.ConnectFailed, "answers: SASL_AUTHENTICATION_FAILED; see username"},
		{"wrong mechanism", shake(33, "SCRAM-SHA-512", "GSSAPI"), sidecar.ConnectFailed, "the broker has no PLAIN at this port, it has: GSSAPI, SCRAM-SHA-512; see mechanism"},
		{"a port without logins", shake(34), sidecar.ConnectFailed, "the broker has no logins at this port: leave mechanism in [upstream.X.kafka] out"},
		{"an alert of TLS", raw("\x15\x03\x03\x00\x02\x02\x46"), sidecar.BadReply, "the broker speaks TLS on this port: give the upstream [upstream.X.tls]"},
		{"HTTP", raw("HTTP/1.1 400 Bad Request\r\n\r\n"), sidecar.BadReply, "the broker's port is one of HTTP"},
		{"a length that none has", raw("\x7f\xff\xff\xff\x00\x00\x00\x00"), sidecar.BadReply, "a length that none can have; is it a Kafka broker?"},
		{"a negative length", raw("\xff\xff\xff\xff"), sidecar.BadReply, "a length that no message has"},
		{"another's answer", raw("\x00\x00\x00\x06\x00\x00\x00\x07\x00\x00"), sidecar.BadReply, "answers another request"},
		{"an answer that ends early", raw("\x00\x00\x00\x05\x40\x00\x00\x01\x00"), sidecar.BadReply, "cannot be read"},
		{"more than was asked", raw("\x00\x00\x00\x04\x40\x00\x00\x01\x00"), sidecar.BadReply, "more than it was asked"},
		{"half an answer", raw("\x00\x00\x00\x30\x40\x00\x00\x01"), sidecar.PeerClosed, "the connection was closed"},
		{"the end at once", func(*talker) {}, 0, "does the broker speak TLS at this port ([upstream.X.tls]), and is it a Kafka broker?"},
		{"the end in the handshake", func(k *talker) { k.greeted() }, 0, "SaslHandshake: the connection was closed: does the broker have logins at this port?"},
		{"the end in the login", func(k *talker) { k.greeted(); k.say(kmsg.NewPtrSASLHandshakeResponse()); k.hear() }, 0, "see username, password and mechanism"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDials(t, DialSettings{Mechanism: MechanismPlain, Username: "u", Password: "s3cret"})
			_, err := d.Connect(t.Context(), scripted(t, c.broker))
			f := sidecar.FaultOf(err)
			if f == nil || c.reason != 0 && f.Reason != c.reason || f.Stage != sidecar.StageDial || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
			if c.reason == 0 && f.Reason != sidecar.PeerClosed && f.Reason != sidecar.PeerReset {
				t.Errorf("reason is %v", f.Reason)
			}
			if err != nil && strings.Contains(err.Error(), "s3cret") {
				t.Error("the password is told")
			}
		})
	}
}

func TestABrokerThatSaysNothingIsGivenUpInTime(t *testing.T) {
	d := newDials(t, DialSettings{})
	address := scripted(t, func(k *talker) { io.Copy(io.Discard, k) })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := d.Connect(ctx, address)
	f := sidecar.FaultOf(err)
	if f == nil || f.Reason != sidecar.ConnectTimeout || !f.Has(sidecar.Timeout) || !strings.Contains(err.Error(), "ApiVersions: no answer in time: does the broker speak TLS") {
		t.Errorf("got %v", err)
	}
}

func TestABrokerIsSoundedOutOnce(t *testing.T) {
	asked := make(chan int16, 10)
	address := scripted(t, func(k *talker) {
		for req := k.hear(); req != nil; req = k.hear() {
			asked <- req.Key()
			k.versions(nil)
		}
		asked <- -1
	})
	d := newDials(t, DialSettings{})
	// A client is given a connection on which nobody asked: brokers with SASL take the
	// question once.
	for _, want := range [][]int16{{KeyAPIVersions, -1, -1}, {-1}, {KeyAPIVersions, -1, -1}} {
		c, err := d.Connect(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		if !c.Sock.Look() || c.Status(true) != sidecar.Open {
			t.Error("the connection is not fresh")
		}
		c.Close()
		for _, key := range want {
			if got := <-asked; got != key {
				t.Errorf("asked %d, want %d", got, key)
			}
		}
		if len(want) == 1 {
			d.Forget(address)
		}
	}
}

func TestSoundingsAreBounded(t *testing.T) {
	var s soundings
	for i := range 3 * maxSounded {
		s.put(string(rune(i)), 1)
	}
	if len(s.auth) > maxSounded {
		t.Errorf("%d are remembered", len(s.auth))
	}
}

func FuzzAnswersToGreetings(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x0a\x40\x00\x00\x01\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x15\x03\x03\x00\x02\x02\x46"))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = bearable(b)
		if s := shownText(string(b), "xyzzy"); len(s) > maxShown+3 || strings.Contains(s, "xyzzy") && !strings.Contains("***", "xyzzy") {
			t.Errorf("shown: %q", s)
		}
		c := conversation{most: 1 << 10, key: KeySASLAuthenticate}
		for _, req := range []kmsg.Request{kmsg.NewPtrApiVersionsRequest(), kmsg.NewPtrSASLHandshakeRequest(), kmsg.NewPtrSASLAuthenticateRequest()} {
			for v := range req.MaxVersion() + 1 {
				req.SetVersion(v)
				_, _ = c.decode(req, b)
			}
		}
		if len(b) >= SizeLen {
			if n, err := c.length(b); err == nil && (n != 0 && n < AnswerHead || n > c.most) {
				t.Errorf("length %d", n)
			}
		}
	})
}
