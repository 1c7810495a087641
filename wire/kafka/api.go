package kafka

// API is one kind of request, by its key. The table of them is reviewed by hand for
// every version up to Max: what answers of it carry that names a broker is known.
type API struct {
	Key  int16
	Name string // as Kafka's documentation has it: "Produce"
	// Max is the highest version that was looked at; Flexible the first one with
	// tagged fields (KIP-482), -1 if none has.
	Max, Flexible int16
	Kind          APIKind
}

// APIKind is what a request does, by which listeners hide them.
type APIKind uint8

// The kinds.
const (
	Plain    APIKind = iota // ApiVersions, SASL, telemetry: no listener can do without
	Read                    // records, offsets, metadata, groups of consumers
	Write                   // records, transactions
	Admin                   // topics, configuration, ACLs, quotas, reassignments
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
	// Whole: it is held until it is whole, and rewritten (see Rewrite).
	Whole
	// Walked: it is walked through as it passes (see Walker); one that fits the
	// buffer is rewritten as a Whole one.
	Walked
)
