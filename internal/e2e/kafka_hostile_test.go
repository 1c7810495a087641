package e2e

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// oddBroker is a broker that takes each request for what the protocol says it is, and
// notes those that must not have come.
type oddBroker struct {
	t      *testing.T
	ln     net.Listener
	hidden map[int16]bool
	asked  atomic.Int64
	mu     sync.Mutex
	wrong  []string // guarded by mu
	work   sync.WaitGroup
	conns  map[net.Conn]bool // guarded by mu
	// say writes the answer to a request in place of the usual one; nil: never.
	say func(c net.Conn, r kmsg.Request, correlation int32) (done, end bool)
}

func newOddBroker(t *testing.T, hidden ...int16) *oddBroker {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &oddBroker{t: t, ln: ln, hidden: map[int16]bool{}, conns: map[net.Conn]bool{}}
	for _, key := range hidden {
		b.hidden[key] = true
	}
	b.work.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			b.mu.Lock()
			b.conns[c] = true
			b.mu.Unlock()
			b.work.Go(func() {
				b.serve(c)
				c.Close()
				b.mu.Lock()
				delete(b.conns, c)
				b.mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		ln.Close()
		b.mu.Lock()
		for c := range b.conns {
			c.Close()
		}
		b.mu.Unlock()
		b.work.Wait()
		for _, w := range b.wrong {
			t.Error(w)
		}
	})
	return b
}

func (b *oddBroker) serve(c net.Conn) {
	for {
		var word [4]byte
		if _, err := io.ReadFull(c, word[:]); err != nil {
			return
		}
		frame := make([]byte, binary.BigEndian.Uint32(word[:]))
		if _, err := io.ReadFull(c, frame); err != nil {
			return
		}
		if !b.answer(c, frame) {
			return
		}
	}
}

func (b *oddBroker) note(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.wrong) < 10 {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}

// answer answers a request; false ends the connection.
func (b *oddBroker) answer(c net.Conn, frame []byte) bool {
	b.asked.Add(1)
	key, version := int16(binary.BigEndian.Uint16(frame)), int16(binary.BigEndian.Uint16(frame[2:]))
	correlation := int32(binary.BigEndian.Uint32(frame[4:]))
	r := kmsg.RequestForKey(key)
	if r == nil || b.hidden[key] {
		b.note("the broker was asked key %d version %d", key, version)
		return false
	}
	if version > r.MaxVersion() {
		return false
	}
	r.SetVersion(version)
	rest := frame[8:]
	n := int(int16(binary.BigEndian.Uint16(rest)))
	if rest = rest[2:]; n > len(rest) {
		return false
	} else if n > 0 {
		rest = rest[n:]
	}
	if r.IsFlexible() {
		var bad bool
		if rest, bad = skipTags(rest); bad {
			return false
		}
	}
	if err := r.ReadFrom(rest); err != nil {
		return false
	}
	if p, ok := r.(*kmsg.ProduceRequest); ok && p.Acks == 0 {
		return true
	}
	if b.say != nil {
		if done, end := b.say(c, r, correlation); done || end {
			return !end
		}
	}
	_, err := c.Write(frameOf(correlation, b.usual(r)))
	return err == nil
}

// usual is what the broker answers by default.
func (b *oddBroker) usual(r kmsg.Request) kmsg.Response {
	host, port := "127.0.0.1", int32(b.ln.Addr().(*net.TCPAddr).Port)
	resp := r.ResponseKind()
	switch resp := resp.(type) {
	case *kmsg.ApiVersionsResponse:
		for key := range int16(95) {
			if q := kmsg.RequestForKey(key); q != nil {
				resp.ApiKeys = append(resp.ApiKeys, kmsg.ApiVersionsResponseApiKey{ApiKey: key, MaxVersion: q.MaxVersion()})
			}
		}
	case *kmsg.MetadataResponse:
		id := "odd"
		resp.ClusterID = &id
		resp.Brokers = append(resp.Brokers, kmsg.MetadataResponseBroker{NodeID: 1, Host: host, Port: port})
	case *kmsg.FindCoordinatorResponse:
		resp.NodeID, resp.Host, resp.Port = 1, host, port
	}
	return resp
}

func frameOf(correlation int32, r kmsg.Response) []byte {
	b := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, uint32(correlation))
	if r.IsFlexible() && r.Key() != 18 {
		b = append(b, 0)
	}
	b = r.AppendTo(b)
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func skipTags(b []byte) (rest []byte, bad bool) {
	n, w := binary.Uvarint(b)
	if w <= 0 {
		return nil, true
	}
	for b = b[w:]; n > 0; n-- {
		_, w := binary.Uvarint(b)
		if w <= 0 {
			return nil, true
		}
		size, k := binary.Uvarint(b[w:])
		if k <= 0 || size > uint64(len(b)-w-k) {
			return nil, true
		}
		b = b[w+k+int(size):]
	}
	return b, false
}

// asks is a request of a client.
func asks(r kmsg.Request, version int16, correlation int32) []byte {
	r.SetVersion(version)
	return kmsg.NewRequestFormatter(kmsg.FormatterClientID("hostile")).AppendRequest(nil, r, correlation)
}

// quietly waits until the process holds as many descriptors as it did before.
func (p *proc) quietly(descriptors int) {
	p.t.Helper()
	await(p.t, "an end of sessions", func() bool { return p.descriptors() <= descriptors+4 })
	if text := p.log.String(); strings.Contains(text, "DATA RACE") || strings.Contains(text, "panic:") {
		p.t.Error(text)
	}
	if p.over() {
		p.t.Fatalf("the sidecar ended:\n%s", p.log.String())
	}
}

func (p *proc) descriptors() int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	return len(list)
}

// conversation is what a client may say, hidden and unknown things among it.
func conversation(r *rand.Rand) []byte {
	var b []byte
	for i := range int32(1 + r.IntN(12)) {
		key := int16(r.IntN(100) - 2)
		if r.IntN(3) == 0 {
			key = []int16{0, 0, 1, 3, 10, 18, 17, 36}[r.IntN(8)]
		}
		q := kmsg.RequestForKey(key)
		if q == nil {
			q = kmsg.RequestForKey(3)
		}
		version := int16(r.IntN(int(q.MaxVersion()) + 2))
		if p, ok := q.(*kmsg.ProduceRequest); ok {
			p.Acks = int16(r.IntN(3) - 1)
			if r.IntN(2) == 0 {
				id := strings.Repeat("t", r.IntN(300))
				p.TransactionID = &id
			}
			p.Topics = append(p.Topics, kmsg.ProduceRequestTopic{Topic: "<script>\x00\n\"}", Partitions: []kmsg.ProduceRequestTopicPartition{{Records: make([]byte, r.IntN(100_000))}}})
		}
		at := len(b)
		b = append(b, asks(q, min(version, q.MaxVersion()), i)...)
		binary.BigEndian.PutUint16(b[at+4:], uint16(key))
		binary.BigEndian.PutUint16(b[at+6:], uint16(version))
		if r.IntN(4) == 0 { // something is not as it should be
			b[at+r.IntN(min(len(b)-at, 40))] = byte(r.Uint32())
		}
	}
	return b
}

// Whatever clients say, brokers get requests that are allowed, and nothing is left of
// who said it.
func TestKafkaHostileClients(t *testing.T) {
	hidden := []int16{4, 5, 6, 7, 20, 52, 53, 54, 56, 58, 59, 62, 63, 67, 70, 73, 82, 83, 84, 85, 86, 87}
	b := newOddBroker(t, hidden...)
	p := start(t, "", conf{protocol: "kafka", discover: "tcp://" + b.ln.Addr().String(), listener: "[listener.kafka]\nhide = [\"DeleteTopics\"]\nmax_request = \"1MiB\"\n", upstream: "stall_timeout = \"2s\"\n"})
	await(t, "nodes", func() bool { return p.admin.sum("sidecar.kafka.nodes", "") > 0 })
	before := p.descriptors()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	var clients sync.WaitGroup
	for i := range uint64(8) {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(seed, i))
			for range 150 {
				c, err := net.Dial("tcp", p.port)
				if err != nil {
					t.Error(err)
					return
				}
				speak(c, r)
			}
		})
	}
	clients.Wait()
	p.quietly(before)
	if b.asked.Load() < 100 {
		t.Errorf("the broker was asked %d times", b.asked.Load())
	}
	_, page := p.admin.get("/metrics")
	if strings.Contains(page, "<script>\x00") {
		t.Error("a topic's name stands in the metrics as it came")
	}
}

// speak says something, in pieces, and ends somehow.
func speak(c net.Conn, r *rand.Rand) {
	defer c.Close()
	b := conversation(r)
	if r.IntN(3) == 0 {
		b = b[:r.IntN(len(b)+1)]
	}
	_ = c.SetDeadline(time.Now().Add(4 * time.Second))
	for len(b) > 0 {
		n := len(b)
		if r.IntN(2) == 0 {
			n = 1 + r.IntN(min(n, 5000))
		}
		if _, err := c.Write(b[:n]); err != nil {
			break
		}
		b = b[n:]
	}
	switch r.IntN(4) {
	case 0:
	case 1:
		_ = c.(*net.TCPConn).SetLinger(0)
	case 2:
		_ = c.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, c)
	default:
		_, _ = c.Read(make([]byte, 1+r.IntN(100)))
	}
}

// leaky makes an answer with addresses in every place that there is for them, cut
// or changed somewhere.
func leaky(r *rand.Rand, q kmsg.Request, correlation int32) []byte {
	resp := q.ResponseKind()
	host := "leak.example"
	pad := strings.Repeat("p", r.IntN(40_000))
	switch resp := resp.(type) {
	case *kmsg.MetadataResponse:
		for i := range int32(r.IntN(5)) {
			resp.Brokers = append(resp.Brokers, kmsg.MetadataResponseBroker{NodeID: i - 1, Host: host, Port: 6666})
		}
	case *kmsg.ProduceResponse:
		resp.Topics = append(resp.Topics, kmsg.ProduceResponseTopic{Topic: "t", Partitions: []kmsg.ProduceResponseTopicPartition{{ErrorCode: 6, ErrorMessage: &pad}}})
		resp.Brokers = append(resp.Brokers, kmsg.ProduceResponseBroker{NodeID: 3, Host: host, Port: 6666})
	case *kmsg.FetchResponse:
		for range r.IntN(4) {
			resp.Topics = append(resp.Topics, kmsg.FetchResponseTopic{Topic: "t", Partitions: []kmsg.FetchResponseTopicPartition{{RecordBatches: []byte(pad)}}})
		}
		resp.Brokers = append(resp.Brokers, kmsg.FetchResponseBroker{NodeID: 3, Host: host, Port: 6666})
	case *kmsg.ShareFetchResponse:
		for range r.IntN(4) {
			resp.Topics = append(resp.Topics, kmsg.ShareFetchResponseTopic{Partitions: []kmsg.ShareFetchResponseTopicPartition{{Records: []byte(pad)}}})
		}
		resp.NodeEndpoints = append(resp.NodeEndpoints, kmsg.ShareFetchResponseNodeEndpoint{NodeID: 3, Host: host, Port: 6666})
	case *kmsg.ShareAcknowledgeResponse:
		resp.NodeEndpoints = append(resp.NodeEndpoints, kmsg.ShareAcknowledgeResponseNodeEndpoint{NodeID: 3, Host: host, Port: 6666})
	case *kmsg.FindCoordinatorResponse:
		resp.NodeID, resp.Host, resp.Port = 3, host, 6666
		resp.Coordinators = append(resp.Coordinators, kmsg.FindCoordinatorResponseCoordinator{NodeID: 3, Host: host, Port: 6666})
	case *kmsg.DescribeClusterResponse:
		resp.Brokers = append(resp.Brokers, kmsg.DescribeClusterResponseBroker{NodeID: 3, Host: host, Port: 6666})
	}
	b := frameOf(correlation, resp)
	switch r.IntN(8) {
	case 0:
		b = b[:r.IntN(len(b)+1)]
	case 1:
		b[r.IntN(len(b))] = byte(r.Uint32())
	case 2:
		b[r.IntN(min(len(b), 40))] = byte(r.Uint32())
	case 3:
		b[len(b)-1-r.IntN(min(len(b), 60))] = byte(r.Uint32())
	case 4:
		b = append(b, frameOf(correlation+100, resp)...) // nobody asked
	}
	return b
}

// Whatever a broker answers, no address of it comes to a client whose answer is well
// formed to it, and nothing is left of it.
func TestKafkaHostileBrokers(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	b := newOddBroker(t)
	var hostile atomic.Bool
	var turn atomic.Uint64
	b.say = func(c net.Conn, q kmsg.Request, correlation int32) (done, end bool) {
		if q.Key() == 18 || correlation >= 1<<30 || !hostile.Load() {
			return false, false
		}
		r := rand.New(rand.NewPCG(seed, turn.Add(1)))
		_, err := c.Write(leaky(r, q, correlation))
		if r.IntN(10) == 0 {
			_ = c.(*net.TCPConn).SetLinger(0)
			return true, true
		}
		return true, err != nil
	}
	p := start(t, "", conf{protocol: "kafka", discover: "tcp://" + b.ln.Addr().String(), listener: "idle_timeout = \"2s\"\n", upstream: "stall_timeout = \"1s\"\n"})
	await(t, "nodes", func() bool { return p.admin.sum("sidecar.kafka.nodes", "") > 0 })
	before := p.descriptors()
	hostile.Store(true)
	var clients sync.WaitGroup
	for i := range uint64(8) {
		clients.Go(func() {
			r := rand.New(rand.NewPCG(seed, 1<<40+i))
			for range 200 {
				key := []int16{0, 1, 1, 3, 10, 60, 78, 78, 79}[r.IntN(9)]
				q := kmsg.RequestForKey(key)
				if pr, ok := q.(*kmsg.ProduceRequest); ok {
					pr.Acks = 1
				}
				version := int16(r.IntN(int(q.MaxVersion()) + 1))
				leaks(t, p.port, q, version)
			}
		})
	}
	clients.Wait()
	p.quietly(before)
}

// leaks asks once, and looks for addresses in what comes.
func leaks(t *testing.T, address string, q kmsg.Request, version int16) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	if _, err := c.Write(asks(q, version, 1)); err != nil {
		return
	}
	_ = c.(*net.TCPConn).CloseWrite()
	got, _ := io.ReadAll(c)
	if !bytes.Contains(got, []byte("leak.exam")) || len(got) < 9 {
		return
	}
	// It may stand where no client looks for one: behind a list that is said to be
	// empty, in a field that nobody knows.
	resp, body := q.ResponseKind(), got[8:]
	if resp.SetVersion(version); resp.IsFlexible() {
		var bad bool
		if body, bad = skipTags(body); bad {
			return
		}
	}
	if resp.ReadFrom(body) == nil && tellsHosts(reflect.ValueOf(resp)) {
		t.Errorf("key %d version %d: an address came to the client: %.300q", q.Key(), version, got)
	}
}

// tellsHosts tells whether a broker's host in v is one that clients must not be told.
func tellsHosts(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && tellsHosts(v.Elem())
	case reflect.Slice:
		for i := range v.Len() {
			if v.Type().Elem().Kind() == reflect.Struct && tellsHosts(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		if host := v.FieldByName("Host"); host.IsValid() && strings.Contains(host.String(), "leak.exam") {
			return true
		}
		for i := range v.NumField() {
			if k := v.Field(i).Kind(); k == reflect.Slice && tellsHosts(v.Field(i)) {
				return true
			}
		}
	}
	return false
}
