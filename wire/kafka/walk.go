package kafka

// Walker walks through an answer as it passes, in pieces of any size, and takes the
// brokers' addresses at the end of one to Fetch or ShareFetch out without changing
// its length. The zero Walker is ready for Begin.
//
// The length of an answer has gone out when its end arrives, so addresses there
// cannot be replaced any more. They are covered instead: a tagged field that holds
// them gets a number that nobody knows, an array of them is turned into an empty
// one and such a field, and their bytes become zeros. Clients skip the field and
// ask for metadata again.
type Walker struct {
	// Seen is told of each partition; nil is nobody.
	Seen Seer
	// Names is told by Look of the first topics (1000) of an answer to Metadata; nil is
	// nobody. It is not asked where Seen is nil.
	Names Namer
	// Hinted says that the answer had addresses: they are covered.
	Hinted bool

	layout   *layout
	version  int16
	flexible bool
	purpose  purpose
	pc       int  // the step that is next; past the last: all is walked
	left     int  // bytes of the answer that have not been walked
	pass     int  // bytes to pass over before the next step
	how      pass // and what becomes of them
	held     int  // bytes of a field that is not whole, in part
	part     [28]byte
	fields   walkTags
	loops    [3]walkLoop
	depth    int
	at       walkTopic
	found    Partition
}

// Seer is told what an answer says of partitions.
type Seer interface {
	// See is called once a partition, as soon as its batches' head was there, and
	// once for an error that stands for the whole answer (Partition -1, no Topic).
	See(p Partition)
}

// Partition is what an answer says of one.
type Partition struct {
	// Topic is its name, or its id of 16 bytes (ID); the bytes are not to be kept.
	Topic     []byte
	ID        bool
	Partition int32 // -1 where the code stands for the whole topic
	Code      int16
	High      int64 // the high watermark, -1 if it is not told
	Base      int64 // the first offset of what was fetched or written, -1 if nothing was
	Bytes     int   // of records
	Records   int64 // how many were fetched: known of one batch, guessed of several, 0 if not even that
}

// purpose is what a walk is for.
type purpose uint8

const (
	toCover purpose = iota // addresses, in place
	toLook                 // without changing anything
	toSeek                 // the step where addresses may stand
)

// pass says what becomes of bytes that no step reads.
type pass uint8

const (
	over    pass = iota // they are let by
	free                // the same, and the Walker need not see them
	keep                // a topic's name
	covered             // addresses
)

// walkLoop is a list that is under way.
type walkLoop struct{ first, left int }

// maxName is how many bytes of a topic's name are kept; Kafka's have 249 at most.
const maxName = 255

// walkTopic is the one that the walk is in.
type walkTopic struct {
	name    [maxName]byte
	named   int // bytes of name
	id      [16]byte
	hasID   bool
	records int // bytes of the records under way that have not been walked
	told    int // topics that Names was told
}

// What a walk stops at that is no fault.
var (
	walkEnded = &Problem{text: "answer is walked through"}
	walkTold  = &Problem{text: "there is something to tell"}
	walkHere  = &Problem{text: "addresses may stand here"}
)

// Begin readies the walker for the answer to a request of that key and version,
// which has size bytes behind its correlation id.
func (w *Walker) Begin(key, version int16, size int) { w.begin(key, version, size, toCover) }

func (w *Walker) begin(key, version int16, size int, why purpose) {
	w.layout, w.version, w.left, w.purpose = layoutOf(key), version, size, why
	w.flexible = w.layout != nil && version >= w.layout.flexible
	w.Hinted = false
	w.pc, w.pass, w.held, w.depth = 0, 0, 0, 0
	w.fields = walkTags{}
	w.at.named, w.at.hasID, w.at.records, w.at.told = 0, false, 0, 0
	w.found = Partition{Partition: -1, High: -1, Base: -1}
}

// Take walks through the next bytes of it, some of which it may change. skip is how
// many bytes behind them nobody need see (records): they are passed on without
// being shown, and the next Take begins behind them. A problem means that the rest
// must not go out. Nothing is allocated.
func (w *Walker) Take(b []byte) (skip int, p *Problem) {
	for {
		b, p = w.walk(b)
		if p != walkTold {
			break
		}
		w.tell()
	}
	if p != More && p != walkEnded {
		w.layout = nil // whoever asks again gets no better answer
		return 0, p
	}
	if w.pass > 0 && w.how == free {
		skip = w.pass
		w.left -= skip
		w.pass = 0
	}
	return skip, nil
}

// Whole says that the answer ended where it should: asked once all of it was taken
// or skipped.
func (w *Walker) Whole() bool {
	_, p := w.Take(nil) // what follows skipped records may have no bytes
	return p == nil && w.left == 0 && w.pc == len(w.layout.steps)
}

// tell tells of the partition that was found.
func (w *Walker) tell() {
	p := w.found
	switch {
	case w.at.named > 0:
		p.Topic = w.at.name[:w.at.named]
	case w.at.hasID:
		p.Topic, p.ID = w.at.id[:], true
	}
	w.Seen.See(p)
	w.found = Partition{Partition: -1, High: -1, Base: -1}
}
