package resp

import (
	"strconv"
	"strings"
)

// keySpec is a key specification of COMMAND: where some of a command's keys
// stand, and what is done with them.
type keySpec struct {
	flags       []string
	begin, find specPart
}

// specPart is the type of a search and its facts, in the order of specNames.
type specPart struct {
	kind  string
	facts []string
}

// specNames are the facts of each type of search.
var specNames = map[string][]string{
	"index":   {"index"},
	"keyword": {"keyword", "startfrom"},
	"range":   {"lastkey", "keystep", "limit"},
	"keynum":  {"keynumidx", "firstkey", "keystep"},
}

// specsOf reads the last field of a line of facts.
func specsOf(text string) (list []keySpec) {
	for one := range strings.SplitSeq(text, ";") {
		f := strings.Split(one, "|")
		if len(f) != 3 {
			continue
		}
		list = append(list, keySpec{strings.Fields(f[0]), specPartOf(f[1]), specPartOf(f[2])})
	}
	return list
}

func specPartOf(text string) specPart {
	f := strings.Split(text, ",")
	return specPart{f[0], f[1:]}
}

// number is a fact that is one, 0 without.
func (p *specPart) number(i int) int {
	if i >= len(p.facts) {
		return 0
	}
	n, err := strconv.Atoi(p.facts[i])
	if err != nil {
		return 0
	}
	return n
}

// isKey tells whether it is about keys, not channels.
func (s *keySpec) isKey() bool {
	for _, f := range s.flags {
		if f == "not_key" {
			return false
		}
	}
	return true
}

// covers tells whether argument i of the command is among the keys.
func (s *keySpec) covers(i int, b []byte, args []Span) bool {
	first, ok := s.first(b, args)
	if !ok {
		return false
	}
	var step, last int
	switch s.find.kind {
	case "range":
		last, step = s.find.number(0), s.find.number(1)
		switch limit := s.find.number(2); {
		case last == -1 && limit > 1:
			last = first + (len(args)-first)/limit - 1
		case last < 0:
			last += len(args)
		default:
			last += first
		}
	case "keynum":
		count := first + s.find.number(0)
		if count >= len(args) {
			return false
		}
		n, ok := number(args[count].Of(b))
		if !ok || n < 0 || n > int64(len(args)) {
			return false
		}
		first += s.find.number(1)
		step = s.find.number(2)
		last = first + (int(n)-1)*step
	default:
		return false
	}
	return step > 0 && first <= i && i <= last && (i-first)%step == 0
}

// first is the argument where the search begins.
func (s *keySpec) first(b []byte, args []Span) (int, bool) {
	switch s.begin.kind {
	case "index":
		return s.begin.number(0), true
	case "keyword":
		word, from, step := strings.ToLower(s.begin.facts[0]), s.begin.number(1), 1
		if from < 0 {
			from, step = from+len(args), -1
		}
		for i := from; i > 0 && i < len(args); i += step {
			if isWord(args[i].Of(b), word) {
				return i + 1, true
			}
		}
	}
	return 0, false
}

// append writes the specification as COMMAND tells it.
func (s *keySpec) append(dst []byte, v Version) []byte {
	dst = AppendMap(dst, v, 3)
	dst = AppendBulk(dst, "flags")
	dst = appendWords(AppendSet(dst, v, len(s.flags)), "", s.flags)
	dst = s.begin.append(AppendBulk(dst, "begin_search"), v)
	return s.find.append(AppendBulk(dst, "find_keys"), v)
}

func (p *specPart) append(dst []byte, v Version) []byte {
	dst = AppendMap(dst, v, 2)
	dst = AppendBulk(AppendBulk(dst, "type"), p.kind)
	names := specNames[p.kind]
	dst = AppendMap(AppendBulk(dst, "spec"), v, len(names))
	for i, name := range names {
		dst = AppendBulk(dst, name)
		if name == "keyword" {
			dst = AppendBulk(dst, p.facts[i])
		} else {
			dst = AppendInt(dst, int64(p.number(i)))
		}
	}
	return dst
}
