package resp

import (
	_ "embed" // what COMMAND tells
	"slices"
	"strings"
)

// factsText has a line for each row: name, since which Redis, group, flags,
// categories, hints and key specifications, divided by tabs, as COMMAND of a real
// server tells them; a test holds it against one, and writes it.
//
//go:embed facts.txt
var factsText string

// facts are what COMMAND tells of a command beside its row.
type facts struct {
	since, group            string
	flags, categories, tips []string
	specs                   []keySpec
	in                      categories
	keyless                 bool // what stands at its keys' places are channels
}

// factsOf are those of a row; of one that is not in the table there are none.
func factsOf(r *Row) *facts { return &allFacts[r.Index()] }

var allFacts = factsByIndex(factsText)

func factsByIndex(text string) []facts {
	list := make([]facts, len(commands)+1)
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		name, sub, _ := strings.Cut(f[0], "|")
		r := Lookup([]byte(name), []byte(sub))
		if len(f) != 7 || r == nil {
			continue // a test finds those that are missing
		}
		of := facts{since: f[1], group: f[2], flags: strings.Fields(f[3]), categories: strings.Fields(f[4]), tips: strings.Fields(f[5]), specs: specsOf(f[6])}
		of.keyless = len(of.specs) > 0
		for i := range of.specs {
			of.keyless = of.keyless && !of.specs[i].isKey()
		}
		for _, c := range of.categories {
			of.in |= categoryNamed(c)
		}
		list[r.Index()] = of
	}
	return list
}

// categories are a set of those that ACL CAT names.
type categories uint32

var categoryNames = [...]string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream", "pubsub", "admin", "fast", "slow",
	"blocking", "dangerous", "connection", "transaction", "scripting",
}

// categoryNamed is one category, none if the name is of none.
func categoryNamed(name string) categories {
	if i := slices.Index(categoryNames[:], strings.ToLower(name)); i >= 0 {
		return 1 << i
	}
	return 0
}
