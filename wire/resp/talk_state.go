package resp

// binding is what ties a client to one connection of a server: a transaction,
// watched keys, subscriptions, and commands without their replies. It is told of
// each command and of each reply, and has no part in moving them. The zero
// binding is of a client that is bound to nothing.
//
// What is counted by commands (a transaction, watched keys) holds from the
// command on, since the next one may have come with it; subscriptions are counted
// by the server's confirmations, which say how many there are.
type binding struct {
	version Version
	multi   bool // MULTI was taken, and neither EXEC nor DISCARD
	spoilt  bool // a command of the transaction was refused here: EXEC must fail
	watches int  // WATCH commands since the keys were forgotten last
	epoch   uint32
	// channels, patterns and shards are the subscriptions.
	channels, patterns, shards int64
	asking                     int // subscriptions, and ends of them, that are not confirmed
	ends                       int // of these, ends
	waits                      []awaited
	first                      int // of waits, the next to be answered
	own                        []byte
	ownAt                      int
}

// awaited is a command without its reply.
type awaited struct {
	kind  awaitedKind
	row   *Row
	epoch uint32 // of a WATCH
	left  int    // confirmations to come; 0: as many as there are channels
	own   int    // bytes of an answer of ours
	// blocks: the reply may come at any time, or never. queued: it says only
	// that the command is part of a transaction.
	blocks, queued bool
	skip           bool // the client wants no reply to it
}

type awaitedKind uint8

const (
	itsReply      awaitedKind = iota
	oursReply                 // to what the client did not send, or has its answer to
	watchReply                //
	confirmations             // of a subscription, or of the end of some
	ownAnswer                 // it is there already, and waits for its place
	asAborted                 // DISCARD that was sent in the place of EXEC
)

// move is what becomes of a client's command inside of a session.
type move uint8

const (
	sends   move = iota // to the server, as it came
	answers             // here, as outside of a session
	refuses             // here: see why
	aborts              // DISCARD is sent in its place, and the client reads that EXEC failed
	leaves              // the session ends before it, once all replies are there
	holds               // it is asked for again once all replies are there
)

// Why commands are refused inside of a session.
const (
	whyInMulti      = "not inside of MULTI"
	whySubscribed   = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context"
	whyChangesState = "not while the client is bound to a server; end the transaction or the subscriptions first"
)

// bound tells whether a further command belongs to the session.
func (s *binding) bound() bool { return s.multi || s.watches > 0 || s.subscribed() || s.asking > 0 }

// over tells whether the session has ended: nothing binds the client, and it has
// all replies.
func (s *binding) over() bool { return !s.bound() && s.idle() }

// idle tells whether all replies have come.
func (s *binding) idle() bool { return s.first == len(s.waits) }

// subscribed tells whether the server may send messages.
func (s *binding) subscribed() bool { return s.channels+s.patterns+s.shards > 0 }

// blocked tells whether the next reply may come at any time: its command waits on
// the server for what others do.
func (s *binding) blocked() bool {
	w := s.next()
	return w != nil && w.blocks
}

// move is what becomes of the next command, whose role that is. It changes
// nothing: took, answered and spoil do.
func (s *binding) move(r role) (m move, why string) {
	if r == partRole {
		return leaves, ""
	}
	if s.multi {
		return s.inMulti(r)
	}
	switch {
	case r == subscribeRole, r == unsubscribeRole:
		return sends, ""
	case s.ends > 0, s.asking > 0 && s.version != RESP3:
		return holds, "" // whether it belongs to the session at all is not known
	case s.subscribed() && s.version != RESP3 && r != pingRole:
		return refuses, whySubscribed
	case s.subscribed() && s.version != RESP3:
		return sends, "" // its reply has another form there
	case r == refusedRole:
		return refuses, ""
	case r == stateRole:
		return refuses, whyChangesState
	case r == localRole, r == pingRole, r == echoRole:
		return answers, ""
	}
	return sends, ""
}

func (s *binding) inMulti(r role) (move, string) {
	switch r {
	case execRole:
		if s.spoilt {
			return aborts, ""
		}
	case subscribeRole, unsubscribeRole, localRole, stateRole:
		// Confirmations inside of EXEC's reply are more elements than it says;
		// what is answered here could be in no transaction.
		return refuses, whyInMulti
	case refusedRole:
		return refuses, ""
	}
	return sends, ""
}

// took notes that the command with n arguments was sent. blocks: outside of a
// transaction it waits on the server.
func (s *binding) took(row *Row, n int, blocks bool) {
	w := awaited{row: row, blocks: blocks && !s.multi, queued: s.multi}
	switch r := roleOf(row); {
	case r == multiRole:
		s.multi = true // inside of one the server says so, and it stays
	case s.multi && (r == execRole || r == discardRole):
		s.endMulti()
	case s.multi: // is queued, or refused there
	case r == watchRole:
		s.watches++
		w.kind, w.epoch = watchReply, s.epoch
	case r == unwatchRole:
		s.forget()
	case r == subscribeRole || r == unsubscribeRole:
		w.kind, w.left = confirmations, n-1
		s.asking++
		if r == unsubscribeRole {
			s.ends++
		}
	}
	s.waits = append(s.waits, w)
}

// tookAborted notes that DISCARD was sent in the place of EXEC.
func (s *binding) tookAborted(row *Row) {
	s.endMulti()
	s.waits = append(s.waits, awaited{kind: asAborted, row: row})
}

// tookOurs notes that a command was sent whose reply the client must not read: a
// PING, or a MULTI that it has its answer to.
func (s *binding) tookOurs(row *Row) {
	s.multi = s.multi || roleOf(row) == multiRole
	s.waits = append(s.waits, awaited{kind: oursReply, row: row})
}

// answered notes that the last n bytes of own are the answer to a command.
func (s *binding) answered(row *Row, n int) {
	s.waits = append(s.waits, awaited{kind: ownAnswer, row: row, own: n})
}

// spoil notes that a command was refused: in a transaction no EXEC succeeds then.
func (s *binding) spoil() { s.spoilt = s.multi }

func (s *binding) endMulti() {
	s.multi, s.spoilt = false, false
	s.forget()
}

// forget forgets the watched keys.
func (s *binding) forget() {
	s.watches = 0
	s.epoch++
}

// next is the command that the next reply answers, nil if none is.
func (s *binding) next() *awaited {
	if s.idle() {
		return nil
	}
	return &s.waits[s.first]
}

// shift drops the command that was answered.
func (s *binding) shift() {
	s.first++
	if s.idle() {
		s.waits, s.first = s.waits[:0], 0
	}
}

// ready appends the answers of ours whose turn it is.
func (s *binding) ready(dst []byte) []byte {
	for w := s.next(); w != nil && w.kind == ownAnswer; w = s.next() {
		if !w.skip {
			dst = append(dst, s.own[s.ownAt:s.ownAt+w.own]...)
		}
		s.ownAt += w.own
		s.shift()
	}
	if s.idle() {
		s.own, s.ownAt = s.own[:0], 0
	}
	return dst
}
