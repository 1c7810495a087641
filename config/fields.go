package config

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// byDefault is the origin of what the file does not set.
const byDefault = "default"

// text asks for a string. check, if there is one, says what is wrong with it.
func (t *table) text(name, def string, check func(string) error) string {
	f := t.field(name)
	s := def
	if f.set {
		s = f.text(check)
	}
	f.settle(quote(s), byDefault)
	return s
}

// mustText asks for a string without which the table makes no sense.
func (t *table) mustText(name, what string, check func(string) error) string {
	f := t.field(name)
	if !f.set {
		f.fail("missing: expected %s", what)
		return ""
	}
	s := f.text(check)
	f.settle(quote(s), byDefault)
	return s
}

// namedFrom asks for the name of an upstream, which def is unless it is empty.
func (t *table) namedFrom(def, origin string) string {
	f := t.field("upstream")
	if f.set || def == "" {
		return t.mustText("upstream", "the name of an upstream", checkNamed)
	}
	f.settle(quote(def), origin)
	return def
}

func (f field) text(check func(string) error) string {
	s, ok := f.value.(string)
	if !ok {
		f.expected("a string")
		return ""
	}
	if check != nil {
		if err := check(s); err != nil {
			f.fail("%v", err)
		}
	}
	return s
}

// texts asks for a list of strings.
func (t *table) texts(name string, def []string, most int, check func(string) error) []string {
	return t.textsFrom(name, def, byDefault, most, check)
}

// textsFrom is texts for a default that is itself set somewhere.
func (t *table) textsFrom(name string, def []string, origin string, most int, check func(string) error) []string {
	f := t.field(name)
	list := def
	if f.set {
		list = f.texts(most, check)
	}
	f.settle(quoteList(list), origin)
	return list
}

func (f field) texts(most int, check func(string) error) []string {
	items, ok := f.value.([]any)
	if !ok {
		f.expected("a list of strings")
		return nil
	}
	if len(items) > most {
		f.fail("%d elements, more than the limit of %d", len(items), most)
		return nil
	}
	list := make([]string, len(items))
	for i, v := range items {
		e := field{t: f.t, name: f.name, key: itemKey(f.key, i), value: v, set: true, line: f.line, mark: f.mark.item(i)}
		if e.mark != nil {
			e.line = e.mark.place()
		}
		f.t.r.lines[e.key] = e.line
		list[i] = e.text(check)
		if slices.Contains(list[:i], list[i]) && !f.t.bad[f.name] {
			e.fail("%s is in the list twice", shown(list[i]))
		}
	}
	return list
}

// flag asks for true or false.
func (t *table) flag(name string, def bool) bool {
	f := t.field(name)
	v := def
	if f.set {
		v = f.flag()
	}
	f.settle(strconv.FormatBool(v), byDefault)
	return v
}

func (f field) flag() bool {
	v, ok := f.value.(bool)
	if !ok {
		f.expected("true or false")
	}
	return v
}

// count asks for a whole number from least to most.
func (t *table) count(name string, def, least, most int) int {
	return t.countFrom(name, def, byDefault, least, most)
}

// countFrom is count for a default that is itself set somewhere.
func (t *table) countFrom(name string, def int, origin string, least, most int) int {
	f := t.field(name)
	n := def
	if f.set {
		v, ok := f.value.(int64)
		switch {
		case !ok:
			f.expected("a whole number")
		case v < int64(least) || v > int64(most):
			f.fail("expected a whole number from %d to %d, got %d", least, most, v)
		default:
			n = int(v)
		}
	}
	f.settle(strconv.Itoa(n), origin)
	return n
}

// number asks for a number from 0 to most. A whole one may be written without
// a point.
func (t *table) number(name string, def, most float64) float64 {
	f := t.field(name)
	n := def
	if f.set {
		v, ok := f.value.(float64)
		if whole, is := f.value.(int64); is {
			v, ok = float64(whole), true
		}
		switch {
		case !ok:
			f.expected("a number")
		case math.IsNaN(v) || v < 0 || v > most:
			f.fail("expected a number from 0 to %v, got %v", most, v)
		default:
			n = math.Abs(v) // not -0
		}
	}
	f.settle(floatLiteral(n), byDefault)
	return n
}

// choice is what a key may be set to.
type choice struct {
	names []string
	later []string // names that people will try and that this version does not know yet
	has   string   // what this version does, for those
}

// choose asks for one of a few names.
func (t *table) choose(name, def string, c choice) string { return t.text(name, def, c.check) }

func (c choice) check(s string) error {
	switch {
	case slices.Contains(c.names, s):
		return nil
	case slices.Contains(c.later, s):
		return complain("%s is not in this version yet: this version %s", shown(s), c.has)
	}
	return complain("expected %s, got %s%s", oneOf(c.names), shown(s), didYouMean(s, c.names))
}

func oneOf(names []string) string {
	if len(names) == 1 {
		return quote(names[0])
	}
	return "one of " + strings.Trim(quoteList(names), "[]")
}
