package kafka

import (
	"sidecar"
)

// pass gives on the answers at hand, several in one write where they go out as they
// came. What is left behind them is the beginning of one that fits the buffer.
func (d *down) pass() bool {
	d.at = d.r0
	for d.at < d.w {
		b := d.buf[d.at:d.w]
		size, correlation, p := ParseAnswerHead(b)
		if p == More {
			break
		}
		if p != nil {
			return d.wrong(p)
		}
		e := d.r.flight.at(d.ready)
		if e == nil || e.correlation != correlation {
			return d.wrong(errStray)
		}
		total := SizeLen + size
		if total > len(b) {
			if total <= len(d.buf) {
				break
			}
			if !d.large(e, total) {
				return false
			}
			continue
		}
		if !d.small(e, b[:total]) {
			return false
		}
	}
	return d.flush(nil)
}

// wrong ends the session for an answer that is none. What came before it goes out.
func (d *down) wrong(p *Problem) bool {
	return d.flush(nil) && d.stop(badAnswer(p))
}

// treatment is what becomes of the answer to e.
func treatment(e *awaited) Treatment {
	if api := Of(e.key); api != nil {
		return api.Treatment(e.version)
	}
	return Pass
}

// small takes an answer that is whole in the buffer.
func (d *down) small(e *awaited, frame []byte) bool {
	total := len(frame)
	d.count(e, total)
	changed, p := d.rewrite(e, frame)
	if p != nil {
		return d.wrong(p)
	}
	d.ready++
	if !changed {
		d.at += total
		return true
	}
	if !d.flush(d.out) {
		return false
	}
	d.r0 += total
	d.at = d.r0
	d.answered()
	return true
}

// rewrite tells who counts what an answer says that is whole, and rewrites it. Of one
// that is changed d.out is what clients are to be given.
func (d *down) rewrite(e *awaited, frame []byte) (changed bool, p *Problem) {
	set := d.r.set
	if names := d.walk.Look(e.key, e.version, frame); !names && e.key != KeyAPIVersions {
		return false, nil
	}
	switch e.key {
	case KeyAPIVersions:
		d.out, p = set.hiding.Versions(d.out[:0], e.version, frame)
		return true, p
	case KeyMetadata, KeyFindCoordinator, KeyDescribeCluster:
		d.out, changed, p = Rewrite(d.out[:0], e.key, e.version, frame, d.r.a.srv.params.Places)
	default:
		d.out, changed, p = Rewrite(d.out[:0], e.key, e.version, frame, set.hints)
		if changed {
			d.r.a.srv.stats.hinted(set.Hints != RewriteHints)
		}
	}
	return changed, p
}

// count tells those who count of an answer, whose head has come.
func (d *down) count(e *awaited, size int) {
	d.asked = asked{e.key, e.version, e.started}
	d.r.a.srv.stats.answered(e.key, d.now-e.started)
	if api := Of(e.key); api != nil && api.Long {
		return // its time is what others took
	}
	d.r.x.Observe(d.r.x.Op, sidecar.Outcome{
		Class: sidecar.Success, Duration: d.now - e.started, Out: int64(e.size), In: int64(size),
	})
}
