package resp

import (
	"errors"
	"time"

	"sidecar"
)

// refuseFor is for how long a server is taken to speak no RESP3 that has said so:
// then it is asked again, as it may be another by then.
const refuseFor = int64(10 * time.Second)

// withoutRESP3 is the refusal of a server that does not know HELLO, or not that
// version, nil if err is something else.
func withoutRESP3(err error) *refusal {
	var r *refusal
	if !errors.As(err, &r) || r.step != stepHello || r.code != NoProto && r.code != OtherError {
		return nil
	}
	return r
}

// refusing is a connection that refuses every call, if err is why; else there is
// none.
func (d *Dialer) refusing(err error) (*Conn, error) {
	r := withoutRESP3(err)
	if r == nil {
		return nil, err
	}
	return &Conn{dialer: d, refuses: r, until: d.params.Now() + refuseFor}, nil
}

// noRESP3 is the fault of who asked for a version that the server does not speak.
// It is the client's choice and says nothing about the server; another would not
// do better.
func noRESP3(r *refusal) *sidecar.Fault {
	return &sidecar.Fault{
		Stage: sidecar.StageWrite, Flags: sidecar.Unsent | sidecar.Rejected | sidecar.FromClient, Reason: sidecar.BadRequest, Err: r,
	}
}

// refused is the status of a connection that refuses every call.
func (c *Conn) refused() sidecar.Status {
	if c.dialer.params.Now() >= c.until {
		return sidecar.Closed
	}
	return sidecar.Open
}
