package rediscluster

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Conn is a connection to a server, or to whatever speaks as one.
type Conn struct {
	c net.Conn
	r *bufio.Reader
}

// ServerError is an error that a server has answered.
type ServerError string

func (e ServerError) Error() string { return string(e) }

// Dial connects and says the password, if there is one.
func Dial(address, password string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", address, Patience)
	if err != nil {
		return nil, err
	}
	k := &Conn{c, bufio.NewReader(c)}
	if password != "" {
		if _, err := k.Do("AUTH", password); err != nil {
			c.Close()
			return nil, err
		}
	}
	return k, nil
}

// Close ends the connection.
func (k *Conn) Close() { k.c.Close() }

// Do sends one command and takes its reply: a string, an int64, []any, nil; an
// error of the server is a ServerError.
func (k *Conn) Do(args ...string) (any, error) {
	if err := k.Send(args...); err != nil {
		return nil, err
	}
	return k.Receive()
}

// Send sends one command and takes no reply.
func (k *Conn) Send(args ...string) error {
	_ = k.c.SetDeadline(time.Now().Add(Patience))
	b := fmt.Appendf(nil, "*%d\r\n", len(args))
	for _, a := range args {
		b = fmt.Appendf(b, "$%d\r\n%s\r\n", len(a), a)
	}
	_, err := k.c.Write(b)
	return err
}

// Receive takes the next reply, as Do.
func (k *Conn) Receive() (any, error) {
	line, err := k.r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	if line == "" {
		return nil, errors.New("an empty line")
	}
	switch kind, rest := line[0], line[1:]; kind {
	case '+':
		return rest, nil
	case '-':
		return nil, ServerError(rest)
	case ':':
		n, err := strconv.ParseInt(rest, 10, 64)
		return n, err
	case '$':
		return k.bulk(rest)
	case '*':
		return k.array(rest)
	}
	return nil, fmt.Errorf("no reply: %q", line)
}

func (k *Conn) bulk(length string) (any, error) {
	n, err := strconv.Atoi(length)
	if err != nil || n < 0 {
		return nil, err
	}
	b := make([]byte, n+2)
	_, err = io.ReadFull(k.r, b)
	return string(b[:n]), err
}

// array takes the elements; an error among them is one of them.
func (k *Conn) array(count string) (any, error) {
	n, err := strconv.Atoi(count)
	if err != nil || n < 0 {
		return nil, err
	}
	all := make([]any, n)
	for i := range all {
		v, err := k.Receive()
		var told ServerError
		switch {
		case errors.As(err, &told):
			v = told
		case err != nil:
			return nil, err
		}
		all[i] = v
	}
	return all, nil
}
