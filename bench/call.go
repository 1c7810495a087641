package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// The call of Thrift workloads: framed, strict binary, echo(1: string) with so
// many bytes. testdata/caller.c makes the same.
const (
	callStrict   = 0x80010001 // version 1, CALL
	replyStrict  = 0x80010002
	callSequence = 7
	callMethod   = "echo"
)

// callFrame is a call, or with replyStrict and field 0 its reply.
func callFrame(kind uint32, field uint16, body int) []byte {
	b := make([]byte, 4, 64+body)
	b = binary.BigEndian.AppendUint32(b, kind)
	b = binary.BigEndian.AppendUint32(b, uint32(len(callMethod)))
	b = append(b, callMethod...)
	b = binary.BigEndian.AppendUint32(b, callSequence)
	b = append(b, 11) // a string
	b = binary.BigEndian.AppendUint16(b, field)
	b = binary.BigEndian.AppendUint32(b, uint32(body))
	b = append(b, bytes.Repeat([]byte("a"), body)...)
	b = append(b, 0) // no more fields
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// askCall puts one call.
func askCall(ctx context.Context, w workload, at aim) error {
	got, err := talk(ctx, at.address, callFrame(callStrict, 1, w.body))
	if err != nil {
		return err
	}
	if want := callFrame(replyStrict, 0, w.body); !bytes.Equal(got, want) {
		return fmt.Errorf("got %q, want %q", clip(got), clip(want))
	}
	return nil
}

// clip is the beginning of a frame, which tells what it is.
func clip(p []byte) []byte { return p[:min(len(p), 120)] }

// talk sends a frame over a connection of its own and returns the frame that
// comes back.
func talk(ctx context.Context, address string, frame []byte) ([]byte, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(readyWithin)); err != nil {
		return nil, err
	}
	if _, err := c.Write(frame); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(c, head[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[:])
	if n > mib {
		return nil, fmt.Errorf("got %q, which is no frame", head)
	}
	got := make([]byte, 4+n)
	copy(got, head[:])
	_, err = io.ReadFull(c, got[4:])
	return got, err
}
