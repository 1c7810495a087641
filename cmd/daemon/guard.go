package daemon

import (
	"strconv"

	"sidecar"
	"sidecar/config"
	"sidecar/upstream"
	"sidecar/upstream/limit"
)

// circuitSettings are c's settings as a circuit takes them.
func circuitSettings(c config.Circuit) limit.CircuitSettings {
	force, known := limit.ParseForce(c.Force)
	if !known {
		panic("daemon: config lets a force of a circuit pass that limit does not know: " + c.Force)
	}
	return limit.CircuitSettings{
		Mode: mode(c.Mode), Window: c.Window, MinRequests: c.MinRequests, ErrorRate: c.ErrorRate, Sleep: c.Sleep, Force: force,
	}
}

// fallbackSettings are f's settings as a cluster takes them. The fields of a
// static answer are written here, where it is known that the upstream speaks
// HTTP.
func fallbackSettings(f config.Fallback) upstream.Fallback {
	out := upstream.Fallback{Upstream: f.Upstream}
	for _, name := range f.On {
		out.On |= limit.ReasonsOf(reasonNamed(name))
	}
	if f.Status != 0 {
		fields := "Cache-Control: no-store\r\nX-Sidecar-Fallback: static\r\n"
		if f.ContentType != "" && f.Body != "" {
			fields += "Content-Type: " + f.ContentType + "\r\n"
		}
		out.Static = &limit.Answer{Status: f.Status, Fields: fields, Body: []byte(f.Body)}
	}
	return out
}

// reasonNamed is the reason of a configured name.
func reasonNamed(name string) sidecar.Reason {
	if name == "5xx" {
		return sidecar.Status5xx
	}
	for r := range sidecar.ReasonCount {
		if r.String() == name {
			return r
		}
	}
	panic("daemon: config lets a reason pass that there is not: " + strconv.Quote(name))
}

// spare is the upstream of that name as the fallback of another, nil if there
// is none at the moment.
func (u *upstreams) spare(name string) sidecar.Service {
	if r := u.get(name); r != nil {
		return *r.spare.Load()
	}
	return nil
}
