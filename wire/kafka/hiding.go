package kafka

import (
	"slices"
	"strconv"
)

// Hiding says which APIs, in which versions, clients of a listener are told of and
// may use. It is made of the listener's settings, and nobody changes it.
type Hiding struct {
	most    [len(apis)]int16 // by key; clients are told of no higher version; -1: of none
	hidden  [len(apis)]bool  // by key; who asks is refused
	unknown bool             // what nobody has reviewed is given on
}

// Versions that clients are told of at most if there are to be no hints (KIP-951).
const (
	hintlessProduce = 9
	hintlessFetch   = 15
)

// NewHiding makes one: APIs between brokers are hidden always, ApiVersions never, as
// no client begins without. Without hints there are no share groups, whose answers
// had them from the first.
//
// Produce and Fetch are told of where one of the two may be used: librdkafka takes
// the format of records from both being there, and without Produce it would read
// nothing, in silence.
func NewHiding(hidden []int16, unknown bool, hints Hints) *Hiding {
	h := &Hiding{unknown: unknown}
	for i := range apis {
		a := &apis[i]
		h.most[i] = a.Max
		h.hidden[i] = a.Kind == Internal || slices.Contains(hidden, a.Key) && a.Key != KeyAPIVersions
		if h.hidden[i] {
			h.most[i] = -1
		}
	}
	if h.hidden[KeyProduce] != h.hidden[KeyFetch] {
		h.most[KeyProduce], h.most[KeyFetch] = Of(KeyProduce).Max, Of(KeyFetch).Max
	}
	if hints == CapVersions {
		h.most[KeyProduce] = min(h.most[KeyProduce], hintlessProduce)
		h.most[KeyFetch] = min(h.most[KeyFetch], hintlessFetch)
		for _, key := range []int16{KeyShareFetch, KeyShareAcknowledge} {
			h.most[key], h.hidden[key] = -1, true
		}
	}
	return h
}

// Most is the highest version of an API that clients are told of, given the highest
// that the broker has; -1 if they are not told of it.
func (h *Hiding) Most(key, broker int16) int16 {
	switch {
	case key >= 0 && int(key) < len(h.most):
		return min(h.most[key], broker)
	case h.unknown:
		return broker
	}
	return -1
}

// Refuse says why a request must not go to a broker; nil if it may. A version above
// what was told passes where that only is its client's mistake: answers are treated
// by the version asked for. It does not where addresses may be in places that nobody
// has looked at.
func (h *Hiding) Refuse(key, version int16) *Problem {
	a := Of(key)
	switch {
	case a == nil && h.unknown:
		return nil
	case a == nil:
		return &Problem{text: "an API that nobody has reviewed, key " + strconv.Itoa(int(key)) + `: unknown_apis = "pass" gives it on`}
	case a.Kind == Internal:
		return &Problem{text: a.Name + " is for brokers among themselves"}
	case h.hidden[key]:
		return &Problem{text: a.Name + " is hidden on this listener"}
	case version > a.Max && (a.Addresses() || !h.unknown):
		return &Problem{text: a.Name + " of version " + strconv.Itoa(int(version)) + ", which nobody has reviewed (" + strconv.Itoa(int(a.Max)) + " is the newest that was)"}
	}
	return nil
}
