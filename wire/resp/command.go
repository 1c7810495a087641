package resp

import "strings"

// Row is what is known of a command or subcommand of Redis: its facts as COMMAND
// tells them, and what the sidecar does with it. Nobody changes rows.
type Row struct {
	// Name is in lower case; a subcommand's is "container|sub".
	Name string
	// Arity is how many arguments it has, the name's words counted; negative:
	// at least so many.
	Arity int
	Flags Flags
	Keys  Keys
	// Treatment is ours, outside of a session; within one everything goes to the
	// session's own connection but what is Refused or told of by name there.
	Treatment Treatment
	// Fan is how the replies become one, with FanOut.
	Fan Fan
	// Why is the reason given, with Refuse.
	Why string

	index int // 1 + its number among all, 0 of others
}

// Flags are those of COMMAND on which something hangs.
type Flags uint16

// The flags.
const (
	write Flags = 1 << iota
	reads
	blocks
	pubsub
	noscript
	admin
	movable
	container
)

// Writes tells whether the command may change a value.
func (r *Row) Writes() bool { return r.Flags&write != 0 }

// Reads tells whether Redis flags it as read only: a replica can answer it.
func (r *Row) Reads() bool { return r.Flags&reads != 0 }

// Blocks tells whether it can wait on the server, by its arguments at least.
func (r *Row) Blocks() bool { return r.Flags&blocks != 0 }

// PubSub tells whether it belongs to publishing and subscribing.
func (r *Row) PubSub() bool { return r.Flags&pubsub != 0 }

// Scripts tells whether it runs a script or a function: what such a command says
// of the server proves nothing of whether it was run.
func (r *Row) Scripts() bool {
	return strings.HasPrefix(r.Name, "eval") || strings.HasPrefix(r.Name, "fcall")
}

// repeats tells whether the errors that answer the command may be any text, its
// client's too: of a script, and of what a module does. A redirect among them is
// not to be believed: it would send what others say, and our password, to whom
// the client likes.
func (r *Row) repeats() bool { return r.Scripts() || r.index == 0 }

// Container tells whether it only has subcommands.
func (r *Row) Container() bool { return r.Flags&container != 0 }

// Idempotent tells whether a second run does no harm: it reads, and begins no
// session (XREAD may by its arguments: see TreatmentOf). Writes are not, even
// those that set the same value again: between the two another client may have
// set one.
func (r *Row) Idempotent() bool {
	switch {
	case r.Flags&write != 0, r.Treatment == Pin:
		return false
	case r.Flags&reads != 0, r.Treatment == Anywhere:
		return true
	}
	return r.Treatment == FanOut && r.Fan.reads()
}

// Fits tells whether the command may have n arguments, its name counted.
func (r *Row) Fits(n int) bool {
	if r.Arity < 0 {
		return n >= -r.Arity
	}
	return n == r.Arity
}

// Treatment is what the sidecar does with a command.
type Treatment uint8

// The treatments.
const (
	Refuse        Treatment = iota // answered with an error: see Row.Why
	Forward                        // as it came, to the one shard that has its keys
	Split                          // over the shards that have its keys
	Anywhere                       // as it came, to any server
	FanOut                         // to every shard
	Pin                            // begins a session
	PinIfBlocking                  // begins a session with a BLOCK among its arguments; else Forward
	Local                          // answered by the sidecar
	treatmentCount
)

var treatmentNames = [treatmentCount]string{"refused", "forwarded", "split", "forwarded", "fanned out", "pinned", "pinned", "local"}

func (t Treatment) String() string { return treatmentNames[t] }

// Fan is how replies of all shards become one.
type Fan uint8

// The ways.
const (
	NoFan       Fan = iota
	FanSame         // the reply that all gave; the first error, if one did not
	FanSum          // the sum of integers
	FanConcat       // the elements of all, one behind the other
	FanAll          // arrays of 0 and 1: 1 where all have 1
	FanSumPairs     // arrays of name and number: the sum by name
	FanCursor       // one shard after the other, with a cursor that names the shard
	FanAnyKey       // one shard drawn; another if that is empty
	fanCount
)

var fanNames = [fanCount]string{"", "same reply of all", "sum", "all together", "1 where all have 1", "sum by name", "one shard after the other", "a shard at random"}

func (f Fan) String() string { return fanNames[f] }

// reads: what is joined so changes nothing. A sum may be of PUBLISH.
func (f Fan) reads() bool { return f > FanSum }

// TreatmentOf is what is done with the command that has these arguments.
func (r *Row) TreatmentOf(b []byte, args []Span) Treatment {
	if r.Treatment != PinIfBlocking {
		return r.Treatment
	}
	_, blocks, ok := streamOptions(b, args)
	for i := 1; !ok && i < len(args); i++ {
		// An option of a later Redis stands among them: what looks like BLOCK
		// may be it, and one that waits must not be on a shared connection.
		blocks = blocks || isWord(args[i].Of(b), "block")
	}
	if blocks {
		return Pin
	}
	return Forward
}
