package resp

// deed is what becomes of one command.
type deed struct {
	row    *Row
	target *Target // nil: it was answered here
	kind   deedKind
	mute   bool
	said   Span // the answer, in plan.words
	// Its pieces are count from first on among plan.pieces.
	first, count int
	split        int // its number among plan.splits
	scan         ScanCursor
	shards       int // that its scan goes by
}

// deedKind is how a command's reply is made of those to its pieces.
type deedKind uint8

const (
	asSaid   deedKind = iota // no server is asked
	asIs                     // the reply to its one piece
	asSplit                  // joined by its Splitter
	asFan                    // joined by its row's Fan
	asScan                   // with a cursor over all shards
	asAnyKey                 // the first that is not null
)

// piece is a command as one server gets it.
type piece struct {
	row   *Row
	from  source
	split int  // with fromSplit
	at    Span // its bytes
	// place is that of its keys: it can be done again elsewhere. -1: it is for
	// the one server.
	place int
	shard int // that it went to
	reply Span
	lane  int
	sent  string // the endpoint that has replied
	// What is done with it again:
	to   string // the endpoint
	ask  bool   // behind ASKING
	due  bool   // it has not been sent again yet
	lost bool   // its call failed, and it may be done again
}

// source is where a piece's bytes stand.
type source uint8

const (
	fromInput source = iota // the burst's
	fromMade                // plan.made
	fromSplit               // its Splitter
)

// plan is what becomes of commands of a burst that are under way together. The
// connection's goroutine makes it; while lanes run it is read only, but that a
// lane has its own pieces.
type plan struct {
	deeds   []deed
	pieces  []piece
	lanes   []lane
	routes  []way
	splits  []*Splitter
	words   hold // answers of the sidecar's own
	made    hold // commands that do not go as they came
	keys    []Span
	replies [][]byte
	find    locator
	regions []region
	spin    int // any server: one after the other
}

// reset forgets what was planned. Memory that a large burst took is given up.
func (p *plan) reset(m means) {
	for i := range p.lanes {
		p.lanes[i].free(m)
	}
	for i, s := range p.splits {
		s.Reset()
		if i >= keptSplits {
			p.splits[i] = nil
		}
	}
	p.words.free(m)
	p.made.free(m)
	p.find.m = nil
	if cap(p.pieces) > keptArgs || cap(p.deeds) > keptArgs {
		p.pieces, p.deeds, p.keys, p.replies = nil, nil, nil, nil
	}
	clear(p.pieces)
	clear(p.deeds)
	clear(p.routes)
	clear(p.regions)
	clear(p.replies)
	p.deeds, p.pieces, p.lanes, p.routes, p.splits = p.deeds[:0], p.pieces[:0], p.lanes[:0], p.routes[:0], p.splits[:0]
}

// keptSplits is how many Splitters a connection keeps.
const keptSplits = 4

// splitter is the next free one.
func (p *plan) splitter() *Splitter {
	if n := len(p.splits); n < cap(p.splits) {
		p.splits = p.splits[:n+1]
		if p.splits[n] != nil {
			return p.splits[n]
		}
		p.splits = p.splits[:n]
	}
	p.splits = append(p.splits, new(Splitter))
	return p.splits[len(p.splits)-1]
}
