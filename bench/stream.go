package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// The ways of records, as a client's name begins.
const (
	streamProduce = "produce"
	streamConsume = "consume"
)

// stream is the generator of records: this program (streamer.go), pinned beside the
// broker. What it counts are whole MiB that passed on its connections, both ways and
// with all that is not records: so what was under way when it ended counts too.
func stream(ctx context.Context, w workload, at aim, length time.Duration) (load, error) {
	if w.rate != 0 || w.upload > 0 || w.fresh || w.to != anyUpstream {
		return load{}, errors.New("stream: it has clients, batches and acks")
	}
	self, err := executable()
	if err != nil {
		return load{}, err
	}
	order, err := json.Marshal(streamErrand{
		Address: at.address, Way: w.path, Clients: w.conns, Record: w.body, Batch: w.depth, Acks: w.acks, Length: length,
	})
	if err != nil {
		return load{}, err
	}
	cmd := pinned(ctx, clientCPU, []string{self, "stream", string(order)})
	var failed strings.Builder
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		return load{}, fmt.Errorf("stream: %w: %s", err, strings.TrimSpace(failed.String()))
	}
	l, err := parseCaller(out)
	l.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	return l, err
}

// streamErrand is what the generator's process is told.
type streamErrand struct {
	Address, Way  string
	Clients       int
	Record, Batch int // bytes
	Acks          int
	Length        time.Duration
}

// askKafka asks which APIs there are, in the oldest way, which every broker knows.
func askKafka(ctx context.Context, _ workload, at aim) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", at.address)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(readyWithin)); err != nil {
		return err
	}
	const correlation = 7
	request := binary.BigEndian.AppendUint32(nil, 10)
	request = binary.BigEndian.AppendUint32(request, 18<<16) // ApiVersions, version 0
	request = binary.BigEndian.AppendUint32(request, correlation)
	request = binary.BigEndian.AppendUint16(request, 0xffff) // no client id
	if _, err := c.Write(request); err != nil {
		return err
	}
	var head [4 + 4 + 2]byte // length, correlation, error
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return err
	}
	if id, code := binary.BigEndian.Uint32(head[4:]), binary.BigEndian.Uint16(head[8:]); id != correlation || code != 0 {
		return fmt.Errorf("got correlation %d and error %d, want %d and none", id, code, correlation)
	}
	return nil
}
