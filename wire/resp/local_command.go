package resp

import (
	"slices"
	"strings"
)

// command answers COMMAND of what clients can use here: commands that are
// refused are not listed, nor those that came after the version that clients are
// told.
func (c *clientState) command(dst []byte, sub string, q localQuery) []byte {
	switch sub {
	case "":
		return c.commandInfo(dst, q.env.listed(), q.env)
	case "count":
		return AppendInt(dst, int64(len(q.env.listed())))
	case "info", "docs":
		if len(q.args)-2 > maxNamed {
			return append(dst, "-ERR sidecar: too_large COMMAND names more than 1024 commands at once\r\n"...)
		}
		return c.commandAbout(dst, sub, q)
	case "list":
		return c.commandList(dst, q)
	case "getkeys", "getkeysandflags":
		return c.commandKeys(dst, q, sub == "getkeysandflags")
	default:
		return appendHelp(dst, "command")
	}
}

// maxNamed is how many commands a client may ask for by name at once: a name of
// some bytes is answered by hundreds.
const maxNamed = 1024

// commandAbout answers COMMAND INFO and COMMAND DOCS.
func (c *clientState) commandAbout(dst []byte, sub string, q localQuery) []byte {
	rows := q.env.listed()
	if len(q.args) > 2 {
		rows = q.named()
	}
	if sub == "info" {
		return c.commandInfo(dst, rows, q.env)
	}
	return c.commandDocs(dst, slices.DeleteFunc(rows, func(r *Row) bool { return r == nil }), q.env)
}

// lists tells whether clients are told of the command.
func (e *localEnv) lists(r *Row) bool {
	if r.Container() {
		return r.Treatment == Local || slices.ContainsFunc(subcommands(r), e.lists)
	}
	known := r.Treatment == Local || !later(factsOf(r).since, e.redisVersion())
	return known && r.Treatment != Refuse && !e.policy.denies(r)
}

// listed are the commands, without subcommands, that clients are told of.
func (e *localEnv) listed() []*Row {
	var list []*Row
	for i := range commands {
		if r := &commands[i]; !strings.Contains(r.Name, "|") && e.lists(r) {
			list = append(list, r)
		}
	}
	return append(list, e.learnt.listed(e)...)
}

// subcommands are those of a container; they stand behind it.
func subcommands(r *Row) []*Row {
	var list []*Row
	for i := r.Index() + 1; i < len(commands) && strings.HasPrefix(commands[i].Name, r.Name+"|"); i++ {
		list = append(list, &commands[i])
	}
	return list
}

// listedSubs are the subcommands of r that clients are told of.
func (e *localEnv) listedSubs(r *Row) []*Row {
	if !r.Container() {
		return nil
	}
	return slices.DeleteFunc(subcommands(r), func(s *Row) bool { return !e.lists(s) })
}

// named are the commands that the arguments behind the subcommand name, nil
// where clients are told of none so called.
func (q *localQuery) named() []*Row {
	var list []*Row
	for i := 2; i < len(q.args); i++ {
		name, sub, _ := strings.Cut(string(q.arg(i)), "|")
		r := q.env.lookup([]byte(name), []byte(sub))
		if r == nil || !q.env.lists(r) || len(r.Name) != len(q.arg(i)) {
			r = nil
		}
		list = append(list, r)
	}
	return list
}

// commandInfo writes what Redis 7 tells of commands.
func (c *clientState) commandInfo(dst []byte, rows []*Row, env *localEnv) []byte {
	dst = AppendArray(dst, len(rows))
	for _, r := range rows {
		if r == nil {
			dst = AppendNull(dst, c.version)
			continue
		}
		f := factsOf(r)
		dst = AppendArray(dst, 10)
		dst = AppendBulk(dst, r.Name)
		dst = AppendInt(dst, int64(r.Arity))
		dst = appendWords(AppendSet(dst, c.version, len(f.flags)), "", f.flags)
		for _, n := range []int{r.Keys.First, r.Keys.Last, r.Keys.Step} {
			dst = AppendInt(dst, int64(n))
		}
		dst = appendWords(AppendSet(dst, c.version, len(f.categories)), "@", f.categories)
		dst = AppendSet(dst, c.version, len(f.tips))
		for _, tip := range f.tips {
			dst = AppendBulk(dst, tip)
		}
		dst = AppendSet(dst, c.version, len(f.specs))
		for i := range f.specs {
			dst = f.specs[i].append(dst, c.version)
		}
		if subs := env.listedSubs(r); len(subs) > 0 {
			dst = c.commandInfo(dst, subs, env)
		} else {
			dst = AppendSet(dst, c.version, 0)
		}
	}
	return dst
}

// appendWords writes simple strings.
func appendWords(dst []byte, before string, list []string) []byte {
	for _, w := range list {
		dst = append(append(append(append(dst, '+'), before...), w...), "\r\n"...)
	}
	return dst
}

// commandDocs writes what becomes of commands here; of their arguments a
// server's own documentation tells.
func (c *clientState) commandDocs(dst []byte, rows []*Row, env *localEnv) []byte {
	dst = AppendMap(dst, c.version, len(rows))
	for _, r := range rows {
		f := factsOf(r)
		subs := env.listedSubs(r)
		facts := [][2]string{{"summary", r.summary()}, {"since", f.since}, {"group", f.group}}
		facts = slices.DeleteFunc(facts, func(f [2]string) bool { return f[1] == "" })
		n := len(facts)
		if len(subs) > 0 {
			n++
		}
		dst = AppendBulk(dst, r.Name)
		dst = AppendMap(dst, c.version, n)
		for _, f := range facts {
			dst = AppendBulk(AppendBulk(dst, f[0]), f[1])
		}
		if len(subs) > 0 {
			dst = c.commandDocs(AppendBulk(dst, "subcommands"), subs, env)
		}
	}
	return dst
}

// summaries are what is done with commands, in words for people.
var summaries = [treatmentCount]string{
	Refuse:        "Has subcommands.",
	Forward:       "Forwarded to the server that has its keys.",
	Split:         "Split over the servers that have its keys.",
	Anywhere:      "Forwarded to any server.",
	FanOut:        "Sent to all servers: ",
	Pin:           "Forwarded over a connection of the client's own.",
	PinIfBlocking: "Forwarded to the server that has its keys; with BLOCK over a connection of the client's own.",
	Local:         "Answered by the sidecar.",
}

func (r *Row) summary() string {
	if r.Treatment == FanOut {
		return summaries[FanOut] + r.Fan.String() + "."
	}
	return summaries[r.Treatment]
}

// commandList writes the names of commands and subcommands.
func (c *clientState) commandList(dst []byte, q localQuery) []byte {
	keep := func(*Row) bool { return true }
	switch {
	case len(q.args) == 2:
	case len(q.args) != 5 || !q.is(2, "filterby"):
		return append(dst, syntaxError...)
	case q.is(3, "module"):
		keep = func(*Row) bool { return false }
	case q.is(3, "aclcat"):
		in := categoryNamed(string(q.arg(4)))
		keep = func(r *Row) bool { return factsOf(r).in&in != 0 }
	case q.is(3, "pattern"):
		keep = func(r *Row) bool { return glob([]byte(r.Name), q.arg(4)) }
	default:
		return append(dst, syntaxError...)
	}
	n := 0
	var list []byte
	for _, r := range q.env.listed() {
		for _, one := range append([]*Row{r}, q.env.listedSubs(r)...) {
			if keep(one) {
				list = AppendBulk(list, one.Name)
				n++
			}
		}
	}
	return append(AppendArray(dst, n), list...)
}

// later tells whether version a comes after b; both are numbers with dots.
func later(a, b string) bool {
	for a != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		n, _ := number([]byte(x))
		m, _ := number([]byte(y))
		if n != m {
			return n > m
		}
	}
	return false
}
