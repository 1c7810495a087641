package kafka

import (
	"sidecar"
	"sidecar/sock"
)

// admit takes up the request that b begins: its answer is awaited from here on. b
// is the whole of it, or as much as there is of a large one.
func (r *relay) admit(h Head, b []byte) bool {
	if f := r.a.allowed(h); f != nil {
		return r.stop(f)
	}
	if p := r.login.Bars(h.Key); p != nil {
		return r.stop(badRequest(p))
	}
	switch {
	case r.login.Waits() && h.Size > maxStranger:
		return r.stop(badRequest(errLongStranger))
	case h.Key == KeySASLHandshake && h.Version == 0:
		return r.stop(badRequest(errOldShake)) // what follows would be taken for requests
	}
	stats := r.a.srv.stats
	stats.asked(h.Key, h.Version)
	switch h.Key {
	case KeyAPIVersions:
		if name, release, ok := ClientSoftware(b, h.Version); ok {
			stats.program(name, release)
		}
	case KeyProduce:
		acks, ok := Acks(b, h.Version)
		if !ok {
			return r.stop(badRequest(errLongFront))
		}
		stats.produce(acks)
		r.produced(h, b)
		if acks == 0 {
			return true // nobody answers it
		}
	}
	e := awaited{started: r.x.Now(), correlation: h.Correlation, size: int32(SizeLen + h.Size), key: h.Key, version: h.Version}
	for !r.flight.push(e) {
		if !r.flush() || !r.awaitFlight(maxFlight/2) {
			return false
		}
		e.started = r.x.Now()
	}
	return true
}

// maxStranger is how many bytes a request may have before its client has logged in,
// as with brokers: nobody without a password has them hold, or parse, more.
const maxStranger = 512 << 10

// produced counts the bytes of a request to Produce by topic: as many for one as for
// another, and of a large request, whose beginning is all that is there, those of the
// topics that are seen. Most name one.
func (r *relay) produced(h Head, b []byte) {
	n := 0
	for t := AskedOf(b, h.Key, h.Version); ; n++ {
		if _, _, ok := t.Next(); !ok {
			break
		}
	}
	t := AskedOf(b, h.Key, h.Version)
	for range n {
		topic, id, _ := t.Next()
		r.a.srv.stats.produced(topic, id, (SizeLen+h.Size)/n)
	}
}

// isOurs tells whether a request is answered here: one to ApiVersions that is newer
// than all we know, or one of a login that is not the broker's business.
func (r *relay) isOurs(h Head) bool {
	return r.login.Owns(h.Key) || h.Key == KeyAPIVersions && h.Version > Of(KeyAPIVersions).Max
}

// answer answers a request that isOurs: one of a login, or one to ApiVersions as
// brokers do: with the versions of ApiVersions itself, upon which the client asks
// anew.
// Its answer is behind those to what came before, and nobody asks much before
// this: so those are awaited.
func (r *relay) answer(h Head) bool {
	total := SizeLen + h.Size
	if !r.flush() || !r.awaitFlight(0) {
		return false
	}
	a := r.a
	if a.w-a.r < total {
		return r.stop(badRequest(errLongFront))
	}
	request := a.in[a.r : a.r+total]
	a.r += total
	r.at = a.r
	if r.login.Owns(h.Key) {
		answer, p := r.login.Take(nil, request)
		return r.reply(answer) && (p == nil || r.stop(badRequest(p)))
	}
	var kept [64]byte
	return r.reply(AnswerVersions(kept[:0], h.Correlation, -1))
}

// reply writes an answer of ours to the client, with nothing under way: the helper
// writes nothing meanwhile.
func (r *relay) reply(b []byte) bool {
	err := sock.ErrWoken
	if r.x.Block(writeSide{r.client}) {
		_, err = r.client.Write(b, nil)
	}
	cause := r.x.Unblock()
	switch {
	case err == nil && cause == sidecar.NoCause:
		return true
	case err == nil:
		r.client.RearmWrite()
		return r.woken(cause)
	case cause != sidecar.NoCause:
		return r.stop(cause.Fault(sidecar.StageRead))
	}
	return r.stop(clientEnded(err))
}
