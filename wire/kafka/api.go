package kafka

import "strings"

// API is one kind of request, by its key. The table of them is reviewed by hand for
// every version up to Max: what answers of it carry that names a broker is known.
type API struct {
	Key  int16
	Name string // as Kafka's documentation has it: "Produce"
	// Max is the highest version that was looked at; Flexible the first one with
	// tagged fields (KIP-482), -1 if none has.
	Max, Flexible int16
	Kind          APIKind
	// Long says that a broker holds its answer back on purpose until there is
	// something to tell: how long that takes says nothing of the broker.
	Long bool
}

// APIKind is what a request does, by which listeners hide them.
type APIKind uint8

// The kinds.
const (
	Plain    APIKind = iota // versions, SASL, telemetry, metadata and where to find whom: no client can do without
	Read                    // records, offsets, groups of consumers, what is told of the cluster's state
	Write                   // records, transactions
	Admin                   // what changes topics, configuration, groups, the cluster; rights and who has them
	Internal                // between brokers and controllers: hidden always
)

// Keys of the APIs that are treated by themselves.
const (
	KeyProduce          int16 = 0
	KeyFetch            int16 = 1
	KeyMetadata         int16 = 3
	KeyFindCoordinator  int16 = 10
	KeySASLHandshake    int16 = 17
	KeyAPIVersions      int16 = 18
	KeyInitProducerID   int16 = 22
	KeyEndTxn           int16 = 26
	KeyTxnOffsetCommit  int16 = 28
	KeySASLAuthenticate int16 = 36
	KeyDescribeCluster  int16 = 60
	KeyShareFetch       int16 = 78
	KeyShareAcknowledge int16 = 79
)

// Treatment is what becomes of an answer on its way to the client.
type Treatment uint8

// The treatments.
const (
	// Pass: given on as it comes.
	Pass Treatment = iota
	// Whole: it is held until it is whole, and rewritten (see Rewrite, and for
	// ApiVersions Hiding.Versions).
	Whole
	// Walked: it is walked through as it passes (see Walker); one that fits the
	// buffer is rewritten as a Whole one.
	Walked
)

// APIs are the reviewed ones, each at its key. Nobody changes them.
func APIs() []API { return apis[:] }

// Of is the API of a key; nil if nobody has reviewed it.
func Of(key int16) *API {
	if key < 0 || int(key) >= len(apis) {
		return nil
	}
	return &apis[key]
}

// NameOf is how the API of a key is told: "unknown" where nobody has reviewed it,
// so that nothing from the wire becomes a name.
func NameOf(key int16) string {
	if a := Of(key); a != nil {
		return a.Name
	}
	return "unknown"
}

// Named are the keys of what a name stands for, whatever the case of its letters:
// an API, or one of the groups "read", "write" and "admin". nil if it is neither.
func Named(name string) (keys []int16) {
	group, isGroup := map[string]APIKind{"read": Read, "write": Write, "admin": Admin}[strings.ToLower(name)]
	for i := range apis {
		if a := &apis[i]; isGroup && a.Kind == group || strings.EqualFold(name, a.Name) {
			keys = append(keys, a.Key)
		}
	}
	return keys
}

// FlexibleAt tells whether requests of that version have tagged fields, in their
// head too.
func (a *API) FlexibleAt(version int16) bool { return a.Flexible >= 0 && version >= a.Flexible }

// Addresses tells whether answers of the API may say where brokers are, in some
// version: then no version may pass that nobody has looked at.
func (a *API) Addresses() bool {
	switch a.Key {
	case KeyProduce, KeyFetch, KeyMetadata, KeyFindCoordinator, KeyDescribeCluster, KeyShareFetch, KeyShareAcknowledge:
		return true
	}
	return false
}

// Treatment is what becomes of answers of that version. Hints are taken care of
// whatever was asked for: a client that was told of no version which has them may
// use one nevertheless.
//
// A broker has no business to tell hints before Produce 10 and Fetch 16 (KIP-951),
// but where tags are, a tag can be. Fetch is walked through without them, too, for
// what it says of partitions.
func (a *API) Treatment(version int16) Treatment {
	switch a.Key {
	case KeyMetadata, KeyFindCoordinator, KeyDescribeCluster, KeyAPIVersions, KeyShareAcknowledge:
		return Whole
	case KeyProduce:
		if a.FlexibleAt(version) {
			return Whole
		}
	case KeyFetch, KeyShareFetch:
		return Walked
	}
	return Pass
}
