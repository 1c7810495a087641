package zoo

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

const (
	// passwordLen is the length of a session's password in bytes.
	passwordLen = 16
	// opClose is the request that ends a session.
	opClose = -11
)

// session is what whoever knows it may take over.
type session struct {
	id       int64
	password [passwordLen]byte
}

// greeted takes the session from a server's first answer: its length, the
// protocol's version, the time the session lasts, its number, its password.
func greeted(p []byte) (s session, ok bool) {
	const number, secret = 12, 24
	if len(p) < secret+passwordLen || binary.BigEndian.Uint32(p[secret-4:]) != passwordLen {
		return s, false
	}
	s.id = int64(binary.BigEndian.Uint64(p[number:]))
	copy(s.password[:], p[secret:])
	return s, s.id != 0
}

// end takes the session over from whoever has it, as a client does that moves
// to another server, and closes it: for its owner it has expired.
func (s session) end(address string) error {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(Patience))
	hello := make([]byte, 16, 64) // version 0, no transaction seen
	binary.BigEndian.PutUint32(hello[12:], 10_000)
	hello = binary.BigEndian.AppendUint64(hello, uint64(s.id))
	hello = binary.BigEndian.AppendUint32(hello, passwordLen)
	hello = append(append(hello, s.password[:]...), 0) // not read only
	if err := send(c, hello); err != nil {
		return err
	}
	answer := make([]byte, 256)
	n, err := io.ReadAtLeast(c, answer, 40)
	if err != nil {
		return fmt.Errorf("no greeting: %w", err)
	}
	if _, ok := greeted(answer[:n]); !ok {
		return errors.New("the session is not there any more")
	}
	bye := binary.BigEndian.AppendUint32(nil, 1) // the request's number
	operation := int32(opClose)
	if err := send(c, binary.BigEndian.AppendUint32(bye, uint32(operation))); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, c) // until the server has hung up
	return err
}

// send writes a packet with its length before it.
func send(c net.Conn, packet []byte) error {
	_, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(packet))), packet...))
	return err
}
