package kafka

// What is read of requests is in their first bytes, and read from those that are
// there: b is a request from its length word on, maybe not the whole of it.

// body is what is behind the head of a request: the client's id and, in flexible
// versions, tagged fields. The id is a string of 16 bits' length even there (KIP-482
// left it so for those who do not know the version yet).
func body(b []byte, flexible bool) (p cursor, client []byte) {
	p.b = b
	p.skip(RequestHead)
	client = p.text(false)
	p.tags(flexible)
	return p, client
}

// Acks is whose word the producer waits for, by its request to Produce: 0 nobody's,
// and it gets no answer, 1 the leader's, -1 every replica's in sync. ok is false if b
// does not reach that far.
func Acks(b []byte, version int16) (acks int16, ok bool) {
	p := produce(b, version)
	acks = p.int16()
	return acks, !p.bad
}

// produce is a request to Produce from its acks on.
func produce(b []byte, version int16) cursor {
	flexible := version >= flexibleProduce
	p, _ := body(b, flexible)
	if version >= 3 {
		p.text(flexible) // the transactional id
	}
	return p
}

// Versions from which requests have tagged fields, and topics are told by their ids
// (KIP-516).
const (
	flexibleProduce, idProduce = 9, 13
	flexibleFetch, idFetch     = 12, 13
	flexibleVersions           = 3
)

// ClientSoftware is the name and the version of the client's library, which it tells
// in ApiVersions from version 3 on (KIP-511). ok is false if it does not, or b does
// not reach that far.
func ClientSoftware(b []byte, version int16) (name, release []byte, ok bool) {
	if version < flexibleVersions {
		return nil, nil, false
	}
	p, _ := body(b, true)
	name, release = p.text(true), p.text(true)
	return name, release, !p.bad
}
