package thrift

import "encoding/binary"

// parcel is a message as it lies in the buffer that it was read into: a call or
// a reply, see Call and Reply.
type parcel Reply

// read opens the message that b is, frame included. Bytes that do not lie in b
// as they must be read are put into open; maxFrame bounds them.
func (m *parcel) read(b []byte, maxFrame int, w means, open *scratch) *Problem {
	m.Payload = b
	switch m.Encoding.Transport {
	case Framed:
		m.Frame, m.Payload = b, b[FrameHead:]
	case Header:
		m.Frame = b
		if p := m.unwrap(b[FrameHead:], maxFrame, w, open); p != nil {
			return p
		}
	}
	h, p := ParseHead(m.Encoding.Protocol, m.Payload)
	m.Head = h
	return whole(p)
}

// alone tells what is wrong with m if its frame does not end where its struct
// does. Many servers read what is behind as another call, and answer it, too:
// to whoever has their connection next.
func (m *parcel) alone() *Problem {
	if m.Encoding.Transport == Unframed { // which ends there
		return nil
	}
	return Alone(m.Encoding.Protocol, m.Payload[m.Head.Body:])
}

// Alone tells what is wrong with b if it is not one whole struct in p, with
// nothing behind it.
func Alone(p Protocol, b []byte) *Problem {
	end, problem := WalkStruct(p, b)
	if problem == nil && end < len(b) {
		problem = errBehind
	}
	return problem
}

// unwrap takes a THeader's contents out of its frame.
func (m *parcel) unwrap(frame []byte, maxFrame int, w means, open *scratch) *Problem {
	h, p := ParseTHeader(frame)
	if p != nil {
		return p
	}
	m.Encoding.Protocol, m.Info, m.Payload = h.Protocol, h.Info, h.Payload
	if len(h.Steps.All()) == 0 {
		return nil
	}
	dst := open.take(w, min(unpackedGuess*len(h.Payload), maxFrame))
	if dst == nil {
		return errNoRoom
	}
	k, ok := w.packing.Get().(*Packing)
	if !ok {
		k = new(Packing)
	}
	dst, p = k.Unpack(dst, h.Payload, h.Steps, maxFrame)
	w.packing.Put(k)
	open.keep(w, dst)
	m.Payload = dst
	return p
}

// unpackedGuess is how many times longer a payload is taken to be than its
// compressed form, before that is known.
const unpackedGuess = 4

// glimpse reads what it can of a message that is not whole, or no message: its
// name and sequence id, for whoever is told of it. It reports whether it could.
func (m *parcel) glimpse(b []byte) bool {
	if m.Encoding.Transport != Unframed {
		b = b[min(FrameHead, len(b)):]
	}
	if m.Encoding.Transport == Header {
		h, p := ParseTHeader(b)
		if p != nil || len(h.Steps.All()) > 0 {
			return false
		}
		m.Encoding.Protocol, b = h.Protocol, h.Payload
	}
	h, p := ParseHead(m.Encoding.Protocol, b)
	if p != nil {
		return false
	}
	m.Head, m.Payload = h, b
	return true
}

// write is the message for an end that speaks e: first and then second. Its
// bytes stay where they are as far as they need not change; what is written anew
// is in head or out. maxFrame bounds it.
func (m *parcel) write(e Encoding, maxFrame int, w means, head *[FrameHead]byte, out *scratch) (first, second []byte, p *Problem) {
	switch {
	case m.Encoding == e && m.Frame != nil:
		return m.Frame, nil, nil
	case m.Encoding.Protocol != e.Protocol:
		return m.transcode(e, maxFrame, w, out)
	case e.Transport == Header:
		dst := out.take(w, headerRoom+len(m.Info))
		if dst == nil {
			return nil, nil, errNoRoom
		}
		if dst, p = m.wrap(dst, e); p != nil {
			return nil, nil, p
		}
		out.keep(w, dst)
		binary.BigEndian.PutUint32(dst, uint32(len(dst)-FrameHead+len(m.Payload)))
		return dst, m.Payload, nil
	case e.Transport == Framed:
		binary.BigEndian.PutUint32(head[:], uint32(len(m.Payload)))
		return head[:], m.Payload, nil
	}
	return m.Payload, nil, nil
}

// headerRoom is more than a THeader takes beside its fields.
const headerRoom = 64

// wrap appends what stands before the payload in a frame of THeader; its length
// is to be filled in.
func (m *parcel) wrap(dst []byte, e Encoding) ([]byte, *Problem) {
	h := THeader{Seq: m.Head.Seq, Protocol: e.Protocol, Info: m.Info}
	return AppendTHeader(OpenFrame(dst), &h)
}

// transcode writes the message anew in e's protocol.
func (m *parcel) transcode(e Encoding, maxFrame int, w means, out *scratch) (first, second []byte, p *Problem) {
	dst := out.take(w, headerRoom+len(m.Info)+2*len(m.Payload))
	if dst == nil {
		return nil, nil, errNoRoom
	}
	switch e.Transport {
	case Framed:
		dst = OpenFrame(dst)
	case Header:
		if dst, p = m.wrap(dst, e); p != nil {
			return nil, nil, p
		}
	}
	dst, _, p = Transcode(dst, m.Encoding.Protocol, e.Protocol, m.Payload, maxFrame)
	out.keep(w, dst)
	if p != nil {
		return nil, nil, p
	}
	if e.Transport != Unframed {
		CloseFrame(dst, 0)
	}
	return dst, nil, nil
}

// exceptionTo is the answer of kind k to the call m, as its caller reads it.
func exceptionTo(m *parcel, k Kind, text string) []byte {
	var dst, name []byte
	if m.Payload != nil {
		name = m.Payload[m.Head.Name:m.Head.NameEnd]
	}
	switch m.Encoding.Transport {
	case Framed:
		dst = OpenFrame(dst)
	case Header:
		h := THeader{Seq: m.Head.Seq, Protocol: m.Encoding.Protocol}
		dst, _ = AppendTHeader(OpenFrame(dst), &h) // too long for its fields only, of which it has none
	}
	dst = AppendException(dst, m.Encoding.Protocol, m.Head.Seq, name, k, text)
	if m.Encoding.Transport != Unframed {
		CloseFrame(dst, 0)
	}
	return dst
}
