package resp

// denied tells whether the client may not have the command run, which has the
// right number of arguments, and appends what it is told instead, in the words of
// Redis.
func (c *clientState) denied(dst []byte, row *Row, b []byte, args []Span, env *localEnv) ([]byte, bool) {
	if c.user == "" && !row.beforeLogin() {
		return append(dst, noAuth...), true
	}
	p := env.policy
	if p == nil {
		return dst, false
	}
	if p.denies(row) {
		dst = append(dst, "-NOPERM this user has no permissions to run the '"...)
		dst = append(dst, row.Name...)
		return append(dst, "' command\r\n"...), true
	}
	if !p.limitsKeys() || row.Keys.None() || !row.hasKeys() {
		return dst, false
	}
	if !c.keysAllowed(row, b, args, p) {
		return append(dst, noKeyPerm...), true
	}
	if option := readsOthers(row, b, args); option != "" {
		dst = append(append(append(dst, "-ERR "...), option...), " option of SORT denied due to insufficient ACL permissions.\r\n"...)
		return dst, true
	}
	return dst, false
}

const noKeyPerm = "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n"

// keysAllowed: where the keys cannot be told, the server may know better, and
// touch some that are not allowed; so that is refused.
func (c *clientState) keysAllowed(row *Row, b []byte, args []Span, p *Policy) bool {
	if row.index == 0 && row.Flags&movable != 0 { // it has others than those that are known
		return false
	}
	keys, ok := row.AppendKeys(c.keys[:0], b, args)
	if cap(keys) <= keptArgs {
		c.keys = keys
	}
	for i := 0; ok && i < len(keys); i++ {
		ok = p.allowsKey(keys[i].Of(b))
	}
	return ok
}

// readsOthers is the option by which SORT reads keys that are not among its
// arguments, "" without.
func readsOthers(row *Row, b []byte, args []Span) string {
	if row.Name != "sort" && row.Name != "sort_ro" {
		return ""
	}
	for i := 2; i+1 < len(args); i++ {
		switch a := args[i].Of(b); {
		case isWord(a, "by"):
			i++
			if isPattern(args[i].Of(b)) {
				return "BY"
			}
		case isWord(a, "get"):
			return "GET"
		case isWord(a, "limit"):
			i += 2
		case isWord(a, "store"):
			i++
		}
	}
	return ""
}

func isPattern(b []byte) bool {
	for _, c := range b {
		if c == '*' {
			return true
		}
	}
	return false
}

// beforeLogin tells of the commands by which a client logs in, or leaves.
func (r *Row) beforeLogin() bool {
	switch r.Name {
	case "auth", "hello", "quit", "reset":
		return true
	}
	return false
}
