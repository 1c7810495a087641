package announce

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"sidecar/wire/thrift"
)

// The kinds of Check.
const (
	CheckNone  = "none"  // the service is taken to be well while we run
	CheckTCP   = "tcp"   // it takes a connection
	CheckHTTP  = "http"  // it answers a GET with a status from 200 to 399
	CheckRedis = "redis" // it answers PING
)

// maxLine is how much of an answer is looked at, in bytes.
const maxLine = 1 << 10

// Check asks whether a service is well.
type Check struct {
	Kind    string
	Address string // "host:port" or "unix:/path"
	Path    string // of an HTTP request
	// Method is what CheckThrift calls, in Encoding: framed or unframed.
	Method   string
	Encoding thrift.Encoding
	Timeout  time.Duration
}

// Ask asks once; nil is a good answer.
func (c Check) Ask(ctx context.Context) error {
	if c.Kind == CheckNone {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	network, address := "tcp", c.Address
	if path, unix := strings.CutPrefix(address, "unix:"); unix {
		network, address = "unix", path
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	switch c.Kind {
	case CheckHTTP:
		return c.askHTTP(conn)
	case CheckRedis:
		return c.askRedis(conn)
	case CheckThrift:
		return c.askThrift(conn)
	}
	return nil
}

// askHTTP sends one request on a connection of its own and reads the status.
// net/http would bring its pools and goroutines for that.
func (c Check) askHTTP(conn net.Conn) error {
	host := c.Address
	if strings.HasPrefix(host, "unix:") {
		host = "localhost"
	}
	_, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sidecar-check\r\nConnection: close\r\n\r\n", c.Path, host)
	if err != nil {
		return err
	}
	line, err := line(conn)
	if err != nil {
		return err
	}
	status, err := parseStatus(line)
	switch {
	case err != nil:
		return err
	case status < 200 || status > 399:
		return fmt.Errorf("GET %s: status %d", c.Path, status)
	}
	return nil
}

// parseStatus reads the first line of an HTTP reply.
func parseStatus(line []byte) (int, error) {
	version, rest, _ := bytes.Cut(line, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status, err := strconv.ParseUint(string(code), 10, 16)
	if !bytes.HasPrefix(version, []byte("HTTP/1.")) || len(code) != 3 || err != nil {
		return 0, fmt.Errorf("not an HTTP reply: %q", line[:min(len(line), 40)])
	}
	return int(status), nil
}

// askRedis takes the refusal of a server that wants a password for an answer:
// it serves.
func (c Check) askRedis(conn net.Conn) error {
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	line, err := line(conn)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(line, []byte("+PONG")) || bytes.HasPrefix(line, []byte("-NOAUTH")) {
		return nil
	}
	return fmt.Errorf("PING: %q", line[:min(len(line), 80)])
}

// line reads up to the end of the first line.
func line(r io.Reader) ([]byte, error) {
	text, err := bufio.NewReaderSize(io.LimitReader(r, maxLine), maxLine).ReadBytes('\n')
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("closed before a line of answer: %q", text[:min(len(text), 40)])
		}
		return nil, err
	}
	return bytes.TrimRight(text, "\r\n"), nil
}
