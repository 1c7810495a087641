package resp

// commandKeys is COMMAND GETKEYS: the keys of the command that its arguments
// are, and with flags what is done with each.
func (c *clientState) commandKeys(dst []byte, q localQuery, flags bool) []byte {
	args := q.args[2:]
	r := q.env.find(q.b, args)
	switch {
	case r == nil || r.Container() && r.Treatment == Refuse:
		return append(dst, "-ERR Invalid command specified\r\n"...)
	case !r.hasKeys():
		return append(dst, "-ERR The command has no key arguments\r\n"...)
	case !r.Fits(len(args)):
		return append(dst, "-ERR Invalid number of arguments specified for command\r\n"...)
	}
	keys, ok := r.AppendKeys(nil, q.b, args)
	if !ok || len(keys) == 0 {
		if r.keysMayLack() {
			return AppendArray(dst, 0)
		}
		return append(dst, "-ERR Invalid arguments specified for command\r\n"...)
	}
	dst = AppendArray(dst, len(keys))
	for _, key := range keys {
		if !flags {
			dst = AppendBulk(dst, key.Of(q.b))
			continue
		}
		dst = AppendBulk(AppendArray(dst, 2), key.Of(q.b))
		list := r.keyFlags(key, q.b, args)
		dst = appendWords(AppendSet(dst, c.version, len(list)), "", list)
	}
	return dst
}

// hasKeys: the names of sharded channels choose a shard and are no keys.
func (r *Row) hasKeys() bool { return !r.Keys.None() && !factsOf(r).keyless }

// keysMayLack tells of commands that can do without, such as scripts.
func (r *Row) keysMayLack() bool {
	for _, f := range factsOf(r).flags {
		if f == "no_mandatory_keys" {
			return true
		}
	}
	return false
}

// keyFlags are what is done with a key that stands at that place.
func (r *Row) keyFlags(key Span, b []byte, args []Span) []string {
	i := 1
	for i < len(args)-1 && args[i] != key {
		i++
	}
	if list := r.flagsByOption(b, args); list != nil {
		return list
	}
	var unknown []string
	for _, s := range factsOf(r).specs {
		switch {
		case s.covers(i, b, args):
			return plainFlags(s.flags)
		case s.begin.kind == "unknown": // the last of them is of STORE
			unknown = plainFlags(s.flags)
		}
	}
	return unknown
}

// plainFlags are without those that are about the specification.
func plainFlags(flags []string) []string {
	for i, f := range flags {
		if f == "variable_flags" || f == "incomplete" {
			return flags[:i:i]
		}
	}
	return flags
}

// flagsByOption are those of commands that do this or that by their options; nil
// of others.
func (r *Row) flagsByOption(b []byte, args []Span) []string {
	switch r.Name {
	case "set":
		for i := 3; i < len(args); i++ {
			if isWord(args[i].Of(b), "get") {
				return []string{"RW", "access", "update"}
			}
		}
		return []string{"OW", "update"}
	case "bitfield":
		for i := 2; i < len(args); i++ {
			if a := args[i].Of(b); isWord(a, "set") || isWord(a, "incrby") {
				return []string{"RW", "access", "update"}
			}
		}
		return []string{"RO", "access"}
	}
	return nil
}
