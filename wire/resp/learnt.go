package resp

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Learnt are commands that the table does not have, of modules and of later
// versions, as servers tell of them. Its methods may be called from any
// goroutine; a nil one knows nothing.
type Learnt struct {
	now  atomic.Pointer[map[string]*Row] // nobody changes what it points to
	mu   sync.Mutex
	none map[string]int64 // by name, when a server said that it has no such command
}

// The limits of what is learnt, as clients choose the names that are asked for.
const (
	maxLearnt = 4096        // rows
	maxNone   = 256         // names that no server has, and so questions a minute
	askAgain  = time.Minute // when a server may have got a module that it had not
	maxName   = hashed      // bytes
)

// find is the row of a command, as Lookup finds it.
func (l *Learnt) find(name, sub []byte) *Row {
	if l == nil || len(name) > maxName || slices.Contains(name, '|') { // which is in our names only
		return nil
	}
	rows := l.now.Load()
	if rows == nil {
		return nil
	}
	var kept [2*maxName + 1]byte
	key := appendLower(kept[:0], name)
	r := (*rows)[string(key)]
	if r == nil || !r.Container() || sub == nil || len(sub) > maxName {
		return r
	}
	if s := (*rows)[string(appendLower(append(key, '|'), sub))]; s != nil {
		return s
	}
	return r
}

func appendLower(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, lower(c))
	}
	return dst
}

// mayAsk tells whether a server is to be asked for a command.
func (l *Learnt) mayAsk(name []byte, now int64) bool {
	if l == nil || len(name) == 0 || len(name) > maxName || !isPlain(name) || slices.Contains(name, '|') {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	at, known := l.none[string(appendLower(nil, name))]
	if known && now-at < int64(askAgain) {
		return false
	}
	if !known && len(l.none) >= maxNone {
		for other, at := range l.none {
			if now-at >= int64(askAgain) {
				delete(l.none, other)
			}
		}
	}
	return known || len(l.none) < maxNone
}

// learn takes what a server told when it was asked for a command: rows without
// any mean that it has none.
func (l *Learnt) learn(name []byte, rows []Row, now int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.none == nil {
		l.none = map[string]int64{}
	}
	if len(rows) == 0 {
		l.none[string(appendLower(nil, name))] = now
		return
	}
	all := map[string]*Row{}
	if old := l.now.Load(); old != nil {
		for name, r := range *old {
			all[name] = r
		}
	}
	for i := range rows {
		if len(all) < maxLearnt {
			all[rows[i].Name] = &rows[i]
		}
	}
	l.now.Store(&all)
}

// listed are those that clients are told of.
func (l *Learnt) listed(env *localEnv) []*Row {
	if l == nil || l.now.Load() == nil {
		return nil
	}
	var list []*Row
	for _, r := range *l.now.Load() {
		if !strings.Contains(r.Name, "|") && !r.Container() && env.lists(r) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Row) int { return strings.Compare(a.Name, b.Name) })
	return list
}
