package resp

import (
	"errors"
	"fmt"
	"strings"
)

// Rules say which commands and keys the clients of a listener may use.
//
// Commands are named as COMMAND does ("get", "config|get"; "config" is all of its
// subcommands too), categories as ACL CAT does, behind an @; "@all" is all. A name
// with a dot may be a module's. Where something is allowed, all else is denied
// that would reach a server; what the sidecar answers itself must be denied to be
// refused. Who logs in or leaves is not asked.
//
// Keys are told by what they begin with. As with Redis' own users that concerns
// no command without keys (KEYS, SCAN, FLUSHALL) nor keys that a script does not
// declare: deny those commands as well.
type Rules struct {
	Allow, Deny         []string // commands
	AllowKeys, DenyKeys []string // prefixes
}

// Policy is Rules in the form in which they are obeyed. Nobody changes one; nil
// allows everything.
type Policy struct {
	denied    []bool          // by Row.Index, without the last
	others    map[string]bool // whether denied, of commands that are in no table
	rest      bool            // other commands than those are denied
	classes   []ruleWord      // categories, for commands that are in no table
	allowKeys prefixes
	denyKeys  prefixes
}

// ruleWord is one of Allow or Deny.
type ruleWord struct {
	name string
	in   categories
	deny bool
}

const (
	everything = ^categories(0)
	// anyCategory is of commands that are in no table.
	anyCategory categories = 1 << 31
)

// NewPolicy is what the rules say, nil if they allow everything. The error tells
// all words that are no commands.
func NewPolicy(rules Rules) (*Policy, error) {
	var problems []error
	words := make([]ruleWord, 0, len(rules.Allow)+len(rules.Deny))
	for i, name := range append(rules.Allow[:len(rules.Allow):len(rules.Allow)], rules.Deny...) {
		w, err := wordOf(name, i >= len(rules.Allow))
		if err != nil {
			problems = append(problems, err)
			continue
		}
		words = append(words, w)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if len(words)+len(rules.AllowKeys)+len(rules.DenyKeys) == 0 {
		return nil, nil
	}
	p := &Policy{
		denied: make([]bool, len(commands)), others: map[string]bool{}, rest: len(rules.Allow) > 0,
		allowKeys: prefixesOf(rules.AllowKeys), denyKeys: prefixesOf(rules.DenyKeys),
	}
	p.compile(words)
	return p, nil
}

func wordOf(text string, deny bool) (ruleWord, error) {
	name := strings.ToLower(strings.Replace(text, " ", "|", 1))
	if category, ok := strings.CutPrefix(name, "@"); ok {
		if category == "all" {
			return ruleWord{in: everything, deny: deny}, nil
		}
		if in := categoryNamed(category); in != 0 {
			return ruleWord{in: in, deny: deny}, nil
		}
		return ruleWord{}, fmt.Errorf("no category of commands %q: they are all, %s", text, strings.Join(categoryNames[:], ", "))
	}
	first, sub, isSub := strings.Cut(name, "|")
	r := Lookup([]byte(first), []byte(sub))
	if r != nil && r.Name == name || r == nil && !isSub && strings.Contains(name, ".") {
		return ruleWord{name: name, deny: deny}, nil
	}
	return ruleWord{}, fmt.Errorf("no command %q: one of Redis, one of its subcommands as in \"config|get\", or of a module as in \"json.get\"", text)
}

// compile: the words that allow come first, so that those that deny have the
// last say.
func (p *Policy) compile(words []ruleWord) {
	for i := range commands {
		r := &commands[i]
		p.denied[i] = p.rest && r.Treatment != Local && !r.Container()
		container, _ := r.words()
		for _, w := range words {
			if w.name == r.Name || w.name == container || factsOf(r).in&w.in != 0 {
				p.denied[i] = w.deny
			}
		}
		if r.beforeLogin() {
			p.denied[i] = false
		}
	}
	for _, w := range words {
		if w.name == "" {
			p.classes = append(p.classes, w)
		} else {
			p.others[w.name] = w.deny
		}
	}
}

// denies tells whether nobody may have the command.
func (p *Policy) denies(r *Row) bool {
	switch {
	case p == nil:
		return false
	case r.index > 0:
		return p.denied[r.index-1]
	}
	if deny, ok := p.others[r.Name]; ok {
		return deny
	}
	deny := p.rest
	for _, w := range p.classes {
		if w.in&r.categories() != 0 {
			deny = w.deny
		}
	}
	return deny
}

// categories are what is known of a command that is in no table.
func (r *Row) categories() categories {
	in := anyCategory
	if r.Writes() {
		in |= categoryNamed("write")
	}
	if r.Reads() {
		in |= categoryNamed("read")
	}
	return in
}

// limitsKeys tells whether there is anything to look at in keys.
func (p *Policy) limitsKeys() bool {
	return p != nil && (len(p.allowKeys) > 0 || len(p.denyKeys) > 0)
}

// allowsKey tells whether the key may be used.
func (p *Policy) allowsKey(key []byte) bool {
	return (len(p.allowKeys) == 0 || p.allowKeys.of(key)) && !p.denyKeys.of(key)
}
