package resp

import "strings"

// Why commands are refused that only a server knows of.
const (
	whyNoKey     = "it is not known to the sidecar, and the server tells of no key by which it could be sent"
	whyItsAdmin  = "it is not known to the sidecar, and for administrators; use the server itself"
	whyItsPubSub = "it is not known to the sidecar, and publishes or subscribes; use the server itself"
)

// ParseCommands reads the reply to COMMAND or COMMAND INFO, whole and of either
// version, and makes rows of the commands that the table does not have. What has
// keys at fixed places is forwarded by them, what waits has a connection of its
// own, and all else is refused: it may change the connection, which others share.
func ParseCommands(reply []byte) ([]Row, *Problem) {
	end, p := WalkReply(reply)
	if p != nil || end != len(reply) {
		return nil, errNoCommands
	}
	r := replyReader{b: reply}
	rows, ok := r.commands(nil, "")
	if !ok {
		return nil, errNoCommands
	}
	return rows, nil
}

var errNoCommands = &Problem{text: "reply is none to COMMAND"}

// commands reads a list of them; parent is the container of subcommands, "" of
// others.
func (r *replyReader) commands(rows []Row, parent string) ([]Row, bool) {
	n, ok := r.list()
	for range n {
		if !ok || len(rows) > maxLearnt {
			return rows, false
		}
		if r.null() {
			continue
		}
		rows, ok = r.command(rows, parent)
	}
	return rows, ok && !r.bad
}

// command reads one: its name, arity, flags, three numbers of its keys and, of
// servers since 7.0, categories, hints, key specifications and subcommands.
func (r *replyReader) command(rows []Row, parent string) ([]Row, bool) {
	n, ok := r.list()
	if !ok || n < 6 {
		return rows, false
	}
	row := Row{Name: strings.ToLower(string(r.text())), Arity: r.integer(), Flags: r.flags()}
	row.Keys = Keys{First: r.integer(), Last: r.integer(), Step: r.integer()}
	var subs []Row
	for i := 6; i < n && !r.bad; i++ {
		if i == 9 && parent == "" {
			subs, _ = r.commands(nil, row.Name)
		} else {
			r.skip()
		}
	}
	if r.bad {
		return rows, false
	}
	if len(subs) > 0 && row.Keys.First == 0 {
		row.Flags |= container
	}
	if !row.isNew(parent) {
		return rows, true
	}
	row.treat()
	return append(append(rows, row), subs...), true
}

// isNew tells whether the table does not have the row, and it is one at all. Of a
// container in the table no subcommand is learnt: those set up a connection or a
// server more often than not.
func (r *Row) isNew(parent string) bool {
	name := r.Name
	if parent != "" { // Redis 7 has "container|sub" there, others may have "sub"
		name = strings.TrimPrefix(name, parent+"|")
		r.Name = parent + "|" + name
		if Lookup([]byte(parent), nil) != nil {
			return false
		}
	} else if Lookup([]byte(name), nil) != nil {
		return false
	}
	return name != "" && len(name) <= maxName && isPlain([]byte(name)) && !strings.Contains(name, "|") && r.Arity != 0
}

// treat decides what becomes of a command by what the server tells of it.
func (r *Row) treat() {
	k := &r.Keys
	sound := k.First >= 1 && k.First <= maxLearnt && k.Step >= 1 && k.Step <= maxLearnt && (k.Last >= k.First || k.Last < 0) && k.Last >= -maxLearnt
	if !sound {
		*k = noKeys
	}
	switch {
	case r.Flags&container != 0:
		r.Treatment, r.Why = Refuse, whySub
	case r.Flags&admin != 0:
		r.Treatment, r.Why = Refuse, whyItsAdmin
	case r.Flags&pubsub != 0:
		r.Treatment, r.Why = Refuse, whyItsPubSub
	case r.Flags&blocks != 0:
		r.Treatment = Pin
	case k.None():
		r.Treatment, r.Why = Refuse, whyNoKey
	default:
		r.Treatment = Forward
	}
}
