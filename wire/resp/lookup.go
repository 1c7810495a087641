package resp

import (
	"bytes"
	"slices"
)

// Commands are the rows of Redis 7, in order of their names, with what 7.2 and
// 7.4 added. Nobody changes them.
func Commands() []Row { return commands }

var commands = numbered(slices.Concat(commandsAC, commandsDK, commandsLR, commandsSZ))

func numbered(rows []Row) []Row {
	for i := range rows {
		rows[i].index = i + 1
	}
	return rows
}

// index finds a row by its name's hash, with the next free place for those that
// meet: 1 + its number, 0 where there is none. A third of it is full.
var index = indexOf(commands)

const indexSize = 1 << 10

func indexOf(rows []Row) (index [indexSize]uint16) {
	for i := range rows {
		at := hashOf(hashStart, rows[i].Name) % indexSize
		for index[at] != 0 {
			at = (at + 1) % indexSize
		}
		index[at] = uint16(i) + 1
	}
	return index
}

// Index is the number of the row among Commands; one that is not among them has
// the number behind their last.
func (r *Row) Index() int {
	if r.index == 0 {
		return len(commands)
	}
	return r.index - 1
}

// Lookup finds a command, whatever the case of its letters; nil if it is none.
// sub is its second argument, or nil. A container that has no such subcommand is
// returned itself.
func Lookup(name, sub []byte) *Row {
	if bytes.IndexByte(name, '|') >= 0 { // which is in our names only
		return nil
	}
	h := hashOf(hashStart, name)
	r := find(h, name, nil)
	if r == nil || !r.Container() || sub == nil {
		return r
	}
	if s := find(hashOf(hashOf(h, "|"), sub), name, sub); s != nil {
		return s
	}
	return r
}

// Of finds the command that has these arguments in b.
func Of(b []byte, args []Span) *Row {
	if len(args) == 1 {
		return Lookup(args[0].Of(b), nil)
	}
	return Lookup(args[0].Of(b), args[1].Of(b))
}

func find(h uint32, name, sub []byte) *Row {
	for at := h % indexSize; index[at] != 0; at = (at + 1) % indexSize {
		if r := &commands[index[at]-1]; r.called(name, sub) {
			return r
		}
	}
	return nil
}

func (r *Row) called(name, sub []byte) bool {
	if sub == nil {
		return isWord(name, r.Name)
	}
	n := len(name)
	return len(r.Name) == n+1+len(sub) && r.Name[n] == '|' && isWord(name, r.Name[:n]) && isWord(sub, r.Name[n+1:])
}

// FNV-1a, over letters in lower case. Only our own names are in the table, so
// that others meet on purpose costs them nothing but a look at a few rows.
const (
	hashStart uint32 = 2166136261
	hashPrime uint32 = 16777619
	// hashed is how much of a word counts: no name is longer.
	hashed = 48
)

func hashOf[S ~string | ~[]byte](h uint32, s S) uint32 {
	for i := range min(len(s), hashed) {
		h = (h ^ uint32(lower(s[i]))) * hashPrime
	}
	return h
}
