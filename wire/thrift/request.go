package thrift

import "sidecar"

// request is the call as the backend is to read it: a and then b. Where the
// caller says how long it waits, a THeader says anew what is left of that.
func (c *Conn) request() (a, b []byte, f *sidecar.Fault) {
	call := c.call
	m := parcel{Encoding: call.Encoding, Head: call.Head, Payload: call.Payload, Frame: call.Frame, Info: call.Info}
	if c.left > 0 && c.d.Encoding.Transport == Header {
		info := c.info.take(c.means, len(m.Info)+timedRoom)
		if info == nil {
			return nil, nil, unsendable(errNoRoom)
		}
		m.Info, m.Frame = appendTimed(info, m.Info, c.left), nil
	}
	a, b, p := m.write(c.d.Encoding, c.d.MaxFrame, c.means, &c.head, &c.out)
	if p != nil {
		return nil, nil, unsendable(p)
	}
	return a, b, nil
}

// timedRoom is more than the field of the client's time takes.
const timedRoom = 64

// unsendable is the fault of a call that cannot be written as the backend reads
// it.
func unsendable(p *Problem) *sidecar.Fault {
	f := &sidecar.Fault{
		Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Rejected | sidecar.FromClient, Reason: sidecar.BadRequest, Err: p,
	}
	if p.Large {
		f.Reason = sidecar.TooLarge
	}
	return f
}
