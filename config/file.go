package config

import (
	"log/slog"
	"time"
)

// File is a whole configuration, checked and complete. It is not changed after
// Parse; whoever needs another one parses again.
type File struct {
	Name      string // as given to Parse, for messages
	Process   Process
	Admin     Admin
	Listeners []Listener // in the order of the file, at least one
	Upstreams []Upstream // sorted by name
	// ZooKeepers are sorted by name; ensembles that none names have defaults.
	ZooKeepers []ZooKeeper
	Announces  []Announce // in the order of the file
	XDS        XDS
	// Notes are for people: what was taken otherwise than it was written, and
	// what is there to no use. One line each, "file:line: key: message".
	Notes []string

	settings []Setting
	lines    map[string]int // of every key and table that is in the file
	names    names
}

// Process is what concerns the process as a whole.
type Process struct {
	Threads        int           // threads that run Go code; 0 = chosen at start
	Grace          time.Duration // drain after SIGTERM; 0 = none
	StateDir       string        // "" = nothing is kept
	LogLevel       slog.Level
	Zone           string        // where it stands; "" = unknown
	InitialTimeout time.Duration // 0 = none
	Peers          Peers         // the default of all upstreams
}

// Admin is the admin port.
type Admin struct {
	Address      string   // "host:port" or "unix:/path"; "" = there is none ("off" in the file)
	ProbeAddress string   // the same; "" = there is none
	Actions      bool     // POSTs that steer traffic are allowed
	Hosts        []string // Host names allowed besides the bound addresses, lower case
}

// Listener is one local address that clients connect to.
type Listener struct {
	Key            string   // "listener[0]", for File.ProblemAt
	Name           string   // unique
	Protocol       string   // one of the Protocols
	Address        string   // "host:port" (port 0: any free one) or "unix:/path"; unique
	Upstream       string   // for what no route matches; "" = that is refused
	Filters        []Filter // before those of a route
	Cache          Cache
	Thrift         Thrift       // of ProtocolThrift; the keys of HTTP are zero then
	Redis          RedisClients // of ProtocolRedis; the same
	Kafka          KafkaClients // of ProtocolKafka; the same
	Routes         []Route
	MaxConnections int           // at least 1
	MaxInFlight    int           // requests at once; 0 = no limit
	IdleTimeout    time.Duration // keep-alive connections without a request; > 0
	HeaderTimeout  time.Duration // whole head from its first byte; > 0
	MaxHeaderBytes int64
	MaxHeldBody    int64  // bytes of a request body kept so that it can be sent again
	HalfClose      string // HalfCloseFinish or HalfCloseCancel
	TrustForwarded bool   // forwarding fields of the client are kept and added to
	ExposeBackends bool   // error replies may name a backend's address
}

// What a client's half-close means to a listener.
const (
	HalfCloseFinish = "finish" // the client awaits its answer
	HalfCloseCancel = "cancel" // the client is gone
)

// Route sends what matches to an upstream; the first route that matches wins.
type Route struct {
	Key      string // "listener[0].route[0]"
	Match    Match
	Upstream string // exists
	Cache    bool   // the listener's cache serves it, where that is on
	Filters  []Filter
	Mirror   string // of ProtocolRedis: the upstream that gets a copy of its writes; "" = none
}

// Cache keeps answers that say for how long they hold.
type Cache struct {
	Mode         string // ModeOff, ModeDark or ModeOn
	MaxBytes     int64
	MaxEntry     int64         // at most a quarter of MaxBytes
	Beta         float64       // 0 = nothing is refreshed early
	Coalesce     bool          //
	CoalesceWait time.Duration // > 0
	LastGood     time.Duration // that a stale answer may stand in for a failure; 0 = as it says itself
}

// Filter is one step on the way of requests; exactly one of its actions is set.
// What the actions may do to each other and to the protocol is checked by who
// performs them.
type Filter struct {
	Key                        string   // "listener[0].route[0].filter[0]"
	SetRequest, AddRequest     []Header // sorted by name
	SetReply, AddReply         []Header
	RemoveRequest, RemoveReply []string
	Rewrite                    *Rewrite
	Redirect                   *Redirect
	Reply                      *Reply
	Split                      *Split
}

// Rewrite puts another prefix into the place of a path's.
type Rewrite struct{ Prefix, To string }

// Redirect answers with another place for the request.
type Redirect struct {
	Status     int
	HTTPS      bool
	Host       string // "" = the request's
	Prefix, To string // both "" = the path stays
}

// Reply answers with something fixed.
type Reply struct {
	Status int
	Type   string // "" = none is said
	Body   string
}

// Split sends a share of the requests to another upstream.
type Split struct {
	Percent  float64 // 0 to 100
	Upstream string  // exists
	Sticky   string  // by what a request belongs to somebody
}

// Match holds if all of its conditions hold; there is at least one. An empty
// field is no condition.
type Match struct {
	Host       string // lower case, without a port; "*.example.com" for every name under it
	PathPrefix string // begins with "/"
	Service    string // of ProtocolThrift, which has no Host and no PathPrefix
	Method     string
	Headers    []Header // sorted by name
	Command    string   // of ProtocolRedis, which has this, the next two and no other; lower case
	KeyPrefix  string   // of the command's first key
	Client     string   // the client's address, without a port
}

// Header is a field that a request must have with exactly this value.
type Header struct{ Name, Value string }

// Upstream is a service and how it is called.
type Upstream struct {
	Key  string // "upstream.users", for File.ProblemAt
	Name string //
	Sources
	Protocol string   // one of the Protocols
	Thrift   Thrift   // of ProtocolThrift and ProtocolThriftMux
	Mux      Mux      // of ProtocolThriftMux
	Redis    Redis    // of ProtocolRedis
	Kafka    Kafka    // of ProtocolKafka
	Producer Producer // the same, for records that come by HTTP
	Reach
	Timeouts
	Balance     Balance
	Pool        Pool
	MaxInFlight int // requests at once; 0 = no limit
	Breaker     Breaker
	Circuit     Circuit
	Fallback    Fallback
	Retry       Retry
	Hedge       Hedge
	Operations  []Operation // sorted by name
}

// Reach says by what sockets endpoints are reached.
type Reach struct {
	TLS           TLS
	SourceAddress string // the IP address that connections go out from; "" = the system's choice
}

// Timeouts say how long requests of an upstream may take.
type Timeouts struct {
	Timeout        time.Duration // 0 = none
	StallTimeout   time.Duration // 0 = none
	AttemptTimeout time.Duration // 0 = none
	ConnectTimeout time.Duration // > 0
	Slow           time.Duration // from which /why tells of what went well; 0 = half of Timeout, at least 1 s
	ClientDeadline string        // ModeOff, ModeDark or ModeOn
}

// What is done of something risky.
const (
	ModeOff  = "off"
	ModeDark = "dark" // what it would do is counted
	ModeOn   = "on"
)

// Balance says how an endpoint is picked.
type Balance struct {
	Policy    string        // one of the Policy names
	Load      string        // LoadPending or LoadPeakEwma
	Decay     time.Duration // of LoadPeakEwma; > 0
	SlowStart time.Duration // 0 = none
	// Hash is the part of the request that PolicyRingHash and PolicyMaglev go
	// by, as the protocol names it; "" for the others.
	Hash        string
	BoundedLoad float64 // 0 = no bound, or more than 1
	// Zone is the process's, whose endpoints are preferred; "" = none is.
	Zone      string
	Panic     float64 // share of a level that must be well for health to count, 0 to 1
	MinSize   int     // of the aperture; 0 = the policy's own
	MaxSize   int     // 0 = all
	LowLoad   float64
	HighLoad  float64       // > LowLoad
	Smoothing time.Duration // > 0
	JitterMin time.Duration // both 0 = off
	JitterMax time.Duration
	Peers     Peers // of PolicyAperture only
}

// The balance policies of this version.
const (
	PolicyAperture    = "aperture"
	PolicyLeastLoaded = "least_loaded"
	PolicyP2C         = "p2c"
	PolicyRingHash    = "ring_hash"
	PolicyMaglev      = "maglev"
)

// What endpoints are compared by.
const (
	LoadPending  = "pending"
	LoadPeakEwma = "peak_ewma"
)

// Pool bounds the connections to one endpoint.
type Pool struct {
	LowWatermark  int
	HighWatermark int           // at least 1 and LowWatermark; of ProtocolThriftMux Mux.Connections
	MaxWaiters    int           // 0 = nobody waits
	IdleTimeout   time.Duration // > 0
}

// Breaker says when an endpoint is ejected and for how long.
type Breaker struct {
	ConsecutiveFailures int           // 0 = this rule is off
	SuccessRate         float64       // 0 to 1; 0 = this rule is off
	Window              time.Duration // > 0
	MinRequests         int           // in a window, for SuccessRate to mean anything; at least 1
	Deviation           float64       // standard deviations below the mean of all; 0 = this rule is off
	MinBackoff          time.Duration // > 0
	MaxBackoff          time.Duration // at least MinBackoff
	MaxEjected          float64       // of the endpoints, 0 to 1; 0 = none is ever ejected
	Ramp                time.Duration // in which one that comes back grows into its weight; 0 = none
}

// Circuit says when all requests of an upstream are refused for a while.
type Circuit struct {
	Mode        string        // one of the Modes
	Window      time.Duration // > 0
	MinRequests int           // of a window; at least 1
	ErrorRate   float64       // over 0, up to 1
	Sleep       time.Duration // > 0
	Force       string        // one of the Forces
}

// What a circuit can be forced to.
const (
	ForceAuto   = "auto"
	ForceOpen   = "open"
	ForceClosed = "closed"
)

// Fallback is what answers in an upstream's place: at most one of Status and
// Upstream is set; neither, and there is none.
type Fallback struct {
	On          []string // of FallbackReasons
	Status      int      // of the answer; 0 = none
	ContentType string
	Body        string
	Upstream    string // the name of another
}

// Retry says what is tried again.
type Retry struct {
	MaxRetries   int           // tries after the first, 0 to 7
	Budget       float64       // of requests, 0 to 1
	MinPerSecond int           // retries allowed besides
	Backoff      time.Duration // at most so long before the first retry, twice that before the next; 0 = none
	MaxBackoff   time.Duration // at least Backoff
	On           []string      // of the RetryOn names, in that order; may be empty
}

// Hedge says which requests are sent a second time when their reply is late.
type Hedge struct {
	Mode       string        // ModeOff, ModeDark or ModeOn
	Percentile float64       // of the operation's own latency, 90 to 99.9
	MinDelay   time.Duration // the least time before it, whatever the percentile is
	MaxExtra   float64       // of requests, above 0 to 1
}

// What a try may have ended with to be tried again.
const (
	RetryOnConnect  = "connect"
	RetryOnRejected = "rejected"
	RetryOnReset    = "reset"
	RetryOnTimeout  = "timeout"
	RetryOn5xx      = "5xx"
)

// Operation is a part of an upstream's requests with settings of its own.
type Operation struct {
	Key  string // `upstream.users.operation."GET /search"`
	Name string // as the protocol names operations; HTTP: method and path prefix
	// These are the upstream's, unless given.
	Timeout        time.Duration // 0 = none
	AttemptTimeout time.Duration // 0 = none
	MaxRetries     int
	On             []string
	MaxInFlight    int // requests at once; 0 = no limit but the upstream's
	// Idempotent overrides the protocol's own rule unless it is nil.
	Idempotent *bool
	// Hedge: it may be sent a second time, where the upstream's hedging is on.
	Hedge bool
}
