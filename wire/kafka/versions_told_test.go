package kafka

// versionsTold are the APIs that a broker has, by its answer to ApiVersions, and what
// of them clients may use.
type versionsTold struct {
	// Most is the highest version by key, -1 for a key that it does not have.
	Most []int16
}

// mostKeys is how many keys are taken up of what a broker says: ten times of what
// there are. What is above is hidden, or passes unseen.
const mostKeys = 1024

// Of is the highest version that the broker has of an API; -1 for none.
func (v *versionsTold) Of(key int16) int16 {
	if v == nil || key < 0 || int(key) >= len(v.Most) {
		return -1
	}
	return v.Most[key]
}

// parseVersions reads a broker's answer to ApiVersions (frame: its length word
// included) to a request of that version. code is the broker's error: with 35 it
// does not know the version asked for, has answered as to version 0, and some tell
// of nothing but ApiVersions itself.
func parseVersions(frame []byte, version int16) (v *versionsTold, code int16, problem *Problem) {
	t, problem := table(frame, version)
	if problem != nil {
		return nil, 0, problem
	}
	v = &versionsTold{}
	for e, ok := t.next(); ok; e, ok = t.next() {
		if e.key < 0 || e.key >= mostKeys || e.most < e.least {
			continue
		}
		for int(e.key) >= len(v.Most) {
			v.Most = append(v.Most, -1)
		}
		v.Most[e.key] = e.most
	}
	if t.p.bad {
		return nil, 0, errShort
	}
	return v, t.code, nil
}
