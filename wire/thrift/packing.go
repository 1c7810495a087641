package thrift

import (
	"bytes"
	"compress/zlib"
	"io"
	"slices"

	"github.com/klauspost/compress/s2"
)

// Packing undoes and applies the transforms of THeader payloads. It keeps what
// they need from one payload to the next (about 300 KiB once it has written
// zlib): one goroutine at a time has it.
type Packing struct {
	src    bytes.Reader
	reader io.ReadCloser
	writer *zlib.Writer
	out    appender
}

// snappyRatio is more than Snappy can save: a copy of 64 bytes takes three. A
// payload that says it holds more lies, and gets no memory for that.
const snappyRatio = 64

// unpackPiece is the room that is made at a time for what comes out of zlib,
// which does not say how much that is.
const unpackPiece = 4 << 10

// Unpack appends to dst what src was before the transforms s, at most limit
// bytes of it: a payload of some kilobytes may stand for gigabytes. src and dst
// do not overlap.
func (k *Packing) Unpack(dst, src []byte, s Steps, limit int) ([]byte, *Problem) {
	steps := s.All()
	for i := len(steps) - 1; i > 0; i-- {
		out, p := k.undo(nil, src, steps[i], limit) // two transforms are rare: no buffer waits for them
		if p != nil {
			return dst, p
		}
		src = out
	}
	if len(steps) == 0 {
		return append(dst, src...), nil
	}
	return k.undo(dst, src, steps[0], limit)
}

func (k *Packing) undo(dst, src []byte, t Transform, limit int) ([]byte, *Problem) {
	if t == Snappy {
		return unsnap(dst, src, limit)
	}
	k.src.Reset(src)
	if p := k.restart(); p != nil {
		return dst, p
	}
	for end := len(dst) + limit; ; {
		dst = slices.Grow(dst, unpackPiece)
		n, err := k.reader.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case len(dst) > end:
			return dst, errUnpacked
		case err == io.EOF && k.src.Len() > 0:
			return dst, errPacked // bytes behind the end
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, errPacked
		}
	}
}

// restart readies the reader for k.src.
func (k *Packing) restart() *Problem {
	var err error
	if r, ok := k.reader.(zlib.Resetter); ok {
		err = r.Reset(&k.src, nil)
	} else {
		k.reader, err = zlib.NewReader(&k.src)
	}
	if err != nil {
		k.reader = nil
		return errPacked
	}
	return nil
}

func unsnap(dst, src []byte, limit int) ([]byte, *Problem) {
	n, err := s2.DecodedLen(src)
	switch {
	case err != nil || n/snappyRatio > len(src):
		return dst, errPacked
	case n > limit:
		return dst, errUnpacked
	}
	dst = slices.Grow(dst, n)
	if _, err := s2.Decode(dst[len(dst):len(dst)+n], src); err != nil {
		return dst, errPacked
	}
	return dst[:len(dst)+n], nil
}

// Pack appends src as the transforms s make it. src and dst do not overlap.
func (k *Packing) Pack(dst, src []byte, s Steps) []byte {
	steps := s.All()
	if len(steps) == 0 {
		return append(dst, src...)
	}
	last := len(steps) - 1
	for _, t := range steps[:last] {
		src = k.apply(nil, src, t)
	}
	return k.apply(dst, src, steps[last])
}

func (k *Packing) apply(dst, src []byte, t Transform) []byte {
	if t == Snappy {
		dst = slices.Grow(dst, s2.MaxEncodedLen(len(src)))
		return dst[:len(dst)+len(s2.EncodeSnappy(dst[len(dst):cap(dst)], src))]
	}
	k.out = dst
	if k.writer == nil {
		k.writer = zlib.NewWriter(&k.out)
	} else {
		k.writer.Reset(&k.out)
	}
	// What is appended to takes everything, so neither can fail.
	_, _ = k.writer.Write(src)
	_ = k.writer.Close()
	dst, k.out = k.out, nil
	return dst
}

// appender is a slice that can be written to.
type appender []byte

func (a *appender) Write(b []byte) (int, error) {
	*a = append(*a, b...)
	return len(b), nil
}
