package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// reader gathers what the walkers of one file find.
type reader struct {
	name     string // of the file
	problems []Problem
	notes    []Problem
	settings []Setting
	lines    map[string]int

	strangers []stranger
	homes     map[string][]string // the tables that were asked for a key of that name
}

func (r *reader) problem(line int, key, format string, args ...any) {
	r.problems = append(r.problems, Problem{File: r.name, Line: line, Key: key, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) note(line int, key, message string) {
	r.notes = append(r.notes, Problem{File: r.name, Line: line, Key: key, Message: message})
}

// table is one table of the file as its walker sees it: the walker asks for
// each key that it knows, once, and then calls done, which refuses the rest.
type table struct {
	r      *reader
	key    string
	values map[string]any
	mark   *mark
	line   int
	asked  []string        // the keys known here
	bad    map[string]bool // those that had a problem
	// silent: the keys of this table are shown as one setting of the table
	// above, so they make none of their own.
	silent bool
}

func (r *reader) table(key string, values map[string]any, m *mark, line int) *table {
	if m != nil && m.place() > 0 {
		line = m.place()
	}
	r.lines[key] = line
	return &table{r: r, key: key, values: values, mark: m, line: line, bad: map[string]bool{}}
}

// done refuses the keys that nobody asked for. It is called when all have been.
func (t *table) done() {
	for _, name := range slices.Sorted(maps.Keys(t.values)) {
		if slices.Contains(t.asked, name) {
			continue
		}
		f := t.at(name)
		if hint := didYouMean(name, t.asked); hint != "" {
			f.fail("unknown key%s", hint)
		} else {
			f.fail("unknown key; known here: %s", strings.Join(t.asked, ", "))
			t.r.strangers = append(t.r.strangers, stranger{len(t.r.problems) - 1, t.key, name})
		}
	}
}

// names are the keys that the file sets, in order.
func (t *table) names() []string { return slices.Sorted(maps.Keys(t.values)) }

// field asks for a key of the table.
func (t *table) field(name string) field {
	t.asked = append(t.asked, name)
	t.r.met(name, t.key)
	return t.at(name)
}

func (t *table) at(name string) field {
	f := field{t: t, name: name, key: joinKey(t.key, name), line: t.line, mark: t.mark.key(name)}
	f.value, f.set = t.values[name]
	if f.set {
		if f.mark != nil {
			f.line = f.mark.place()
		}
		t.r.lines[f.key] = f.line
	}
	return f
}

// table asks for a sub-table; one that is not there is empty.
func (t *table) table(name string) *table {
	f := t.field(name)
	values, ok := f.value.(map[string]any)
	if f.set && !ok {
		f.expected("a table, " + header(f.key))
	}
	if !ok {
		sub := &table{r: t.r, key: f.key, line: f.line, bad: map[string]bool{}, silent: t.silent}
		return sub
	}
	sub := t.r.table(f.key, values, f.mark, f.line)
	sub.silent = t.silent
	return sub
}

// each asks for a table whose keys are names that the user chooses, each of
// them a table, and gives those in the order of their names.
func (t *table) each(name string, most int, one func(name string, sub *table)) {
	all := t.table(name)
	if len(all.values) > most {
		t.at(name).fail("%d tables, more than the limit of %d", len(all.values), most)
		return
	}
	for _, n := range slices.Sorted(maps.Keys(all.values)) {
		sub := all.table(n)
		if all.bad[n] {
			continue
		}
		one(n, sub)
	}
}

// list asks for an array of tables, [[name]].
func (t *table) list(name string, most int) []*table {
	f := t.field(name)
	items, ok := tables(f.value)
	switch {
	case !f.set:
		return nil
	case !ok:
		f.expected("tables opened by [[" + strings.Trim(header(f.key), "[]") + "]], with two brackets")
		return nil
	case len(items) > most:
		f.fail("%d tables, more than the limit of %d", len(items), most)
		return nil
	}
	all := make([]*table, len(items))
	for i, values := range items {
		all[i] = t.r.table(itemKey(f.key, i), values, f.mark.item(i), f.line)
	}
	return all
}

// tables takes an array of tables in either of the decoder's forms.
func tables(v any) ([]map[string]any, bool) {
	switch v := v.(type) {
	case []map[string]any:
		return v, true
	case []any:
		all := make([]map[string]any, len(v))
		for i, e := range v {
			m, ok := e.(map[string]any)
			if !ok {
				return nil, false
			}
			all[i] = m
		}
		return all, true
	}
	return nil, false
}

// cross reports that two keys of the table contradict each other, on the one
// that the file sets; on the second if it sets both. Where one of them has a
// problem of its own there is nothing to compare.
func (t *table) cross(ok bool, a, b, format string, args ...any) {
	if ok || t.bad[a] || t.bad[b] {
		return
	}
	f := t.at(b)
	if !f.set {
		f = t.at(a)
	}
	f.fail(format, args...)
}
