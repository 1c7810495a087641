package xds

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/anypb"

	"sidecar/internal/ads"
)

type sotwServer = grpc.BidiStreamingServer[discoveryv3.DiscoveryRequest, discoveryv3.DiscoveryResponse]

// scripted is a control plane that says what a test wants, in the older form
// only.
type scripted struct {
	discoveryv3.UnimplementedAggregatedDiscoveryServiceServer
	script func(stream sotwServer, n int) error

	mu      sync.Mutex
	streams int
}

func (s *scripted) StreamAggregatedResources(stream sotwServer) error {
	s.mu.Lock()
	s.streams++
	n := s.streams
	s.mu.Unlock()
	return s.script(stream, n)
}

// playing starts a scripted control plane; script is called with the stream and
// the how many-th it is.
func playing(t *testing.T, script func(stream sotwServer, n int) error, options ...grpc.ServerOption) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer(options...)
	discoveryv3.RegisterAggregatedDiscoveryServiceServer(s, &scripted{script: script})
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(ln) })
	t.Cleanup(func() {
		s.Stop()
		serving.Wait()
	})
	return ln.Addr().String()
}

// answers answers every first question well, and hands what else comes to more.
func answers(t *testing.T, stream sotwServer, address string, more func(*discoveryv3.DiscoveryRequest) error) error {
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.GetResponseNonce() != "" {
			if more != nil {
				err = more(r)
			}
		} else if r.GetTypeUrl() == clusters.typeURL() {
			err = stream.Send(response(clusters, "1", packed(t, ads.Cluster("web")).body))
		} else {
			err = stream.Send(response(loads, "1", packed(t, ads.Load(t, "web", address)).body))
		}
		if err != nil {
			return err
		}
	}
}

func response(k kind, version string, bodies ...*anypb.Any) *discoveryv3.DiscoveryResponse {
	return &discoveryv3.DiscoveryResponse{TypeUrl: k.typeURL(), VersionInfo: version, Nonce: "n" + version, Resources: bodies}
}

func TestOlderFormIsTakenWhereTheOtherIsNotKnown(t *testing.T) {
	at := playing(t, func(s sotwServer, _ int) error { return answers(t, s, "10.0.0.1:80", nil) })
	c := newClient(t, Settings{NodeID: "test"})
	c.follow(at, "web").wants("10.0.0.1")
	if s := c.all.States()[0]; s.Variant != SotW || s.Version != "1" {
		t.Errorf("got %+v", s)
	}
	newClient(t, Settings{Variant: Delta}).follow(at, "web").fails("there is no aggregated discovery service")
}

func TestGarbageOfAServerChangesNothing(t *testing.T) {
	heard := make(chan string, 100)
	at := playing(t, func(s sotwServer, _ int) error {
		begun := false
		return answers(t, s, "10.0.0.1:80", func(r *discoveryv3.DiscoveryRequest) error {
			if r.GetTypeUrl() != loads.typeURL() {
				return nil
			}
			if begun {
				heard <- r.GetVersionInfo() + " " + r.GetResponseNonce() + " " + r.GetErrorDetail().GetMessage()
				return nil
			}
			begun = true
			good := packed(t, ads.Load(t, "web", "10.0.0.9:80")).body
			for _, one := range []*discoveryv3.DiscoveryResponse{
				{TypeUrl: "type.googleapis.com/google.protobuf.Any", VersionInfo: "x", Nonce: "a"},
				{VersionInfo: "x", Nonce: "b", Resources: []*anypb.Any{good}},
				{TypeUrl: clusters.typeURL(), VersionInfo: "x", Nonce: "c", Resources: []*anypb.Any{good}},
				{TypeUrl: loads.typeURL(), VersionInfo: "2", Nonce: "d", Resources: []*anypb.Any{{TypeUrl: loads.typeURL(), Value: []byte("\xff\x01garbage")}}},
				{TypeUrl: loads.typeURL(), VersionInfo: "3", Nonce: "d", Resources: []*anypb.Any{nil, {}, {TypeUrl: wrapper, Value: []byte("\xff")}}},
			} {
				if err := s.Send(one); err != nil {
					return err
				}
			}
			return nil
		})
	})
	r := newClient(t, Settings{Variant: SotW}).follow(at, "web")
	r.wants("10.0.0.1")
	if got := <-heard; !strings.HasPrefix(got, "1 d resource 0") || !strings.Contains(got, "cannot be decoded") {
		t.Errorf("answered %q", got)
	}
	if got := <-heard; !strings.HasPrefix(got, "1 d resource 0") || !strings.Contains(got, "is of another type") {
		t.Errorf("answered %q", got)
	}
	r.wants("10.0.0.1")
}

// A nonce is the server's: an odd one is repeated to it and means nothing here.
func TestNoncesAreRepeatedAsTheyCome(t *testing.T) {
	heard := make(chan string, 100)
	at := playing(t, func(s sotwServer, _ int) error {
		for i, nonce := range []string{"", "same", "same", strings.Repeat("x", 5000)} {
			r, err := s.Recv()
			if err != nil {
				return err
			}
			heard <- r.GetResponseNonce()
			if i == 0 {
				_ = s.Send(response(clusters, "1", packed(t, ads.Cluster("web")).body))
				for range 2 { // the answer, and the question for endpoints
					if _, err = s.Recv(); err != nil {
						return err
					}
				}
			}
			one := response(loads, "v"+itoa(i), packed(t, ads.Load(t, "web", "10.0.0."+itoa(i+1)+":80")).body)
			one.Nonce = nonce
			if err := s.Send(one); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	})
	newClient(t, Settings{Variant: SotW}).follow(at, "web").wants("10.0.0.4")
	for i, want := range []string{"", "", "same", "same"} {
		if got := <-heard; got != want {
			t.Errorf("request %d: nonce %q", i, got)
		}
	}
}

func TestStreamThatIsCutIsMadeAnew(t *testing.T) {
	at := playing(t, func(s sotwServer, n int) error {
		if n%2 == 1 { // within the conversation: the cluster is told, its endpoints are not
			if _, err := s.Recv(); err != nil {
				return err
			}
			_ = s.Send(response(clusters, "1", packed(t, ads.Cluster("web")).body))
			return errors.New("cut")
		}
		return answers(t, s, "10.0.0."+itoa(n)+":80", func(r *discoveryv3.DiscoveryRequest) error {
			if n == 2 && r.GetTypeUrl() == loads.typeURL() {
				return errors.New("cut")
			}
			return nil
		})
	})
	newClient(t, Settings{Variant: SotW}).follow(at, "web").wants("10.0.0.4")
}

func TestHugeResponseIsAnErrorAndTakesNothing(t *testing.T) {
	at := playing(t, func(s sotwServer, n int) error {
		return answers(t, s, "10.0.0.1:80", func(r *discoveryv3.DiscoveryRequest) error {
			if n > 1 || r.GetTypeUrl() != loads.typeURL() {
				return nil
			}
			return s.Send(response(loads, "2", &anypb.Any{TypeUrl: loads.typeURL(), Value: make([]byte, maxMessage)}))
		})
	})
	c := newClient(t, Settings{Variant: SotW})
	r := c.follow(at, "web")
	r.wants("10.0.0.1")
	ads.Await(t, "reason", func() bool { return strings.Contains(c.all.States()[0].Error, "too large") || r.told() > 1 })
	r.wants("10.0.0.1")
}

// What is not gRPC at all: a server that says something else, and one that says
// nothing and closes.
func TestServerOfAnotherProtocolIsToldAsSuch(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		serving.Wait()
	})
	newClient(t, Settings{}).follow(ln.Addr().String(), "web").fails("no stream with")
}

func TestSourceEndsWhileItConnects(t *testing.T) {
	// An address that answers nothing: the connection is under way for ever.
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c := newClient(t, Settings{})
	r := c.follow(ln.Addr().String(), "web")
	ads.Await(t, "stream under way", func() bool { return len(c.all.States()) == 1 })
	r.stop()
	if err := context.Cause(t.Context()); err != nil {
		t.Fatal(err)
	}
}
