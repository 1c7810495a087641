package resp

// Keys says where a command's keys stand among its arguments.
type Keys struct {
	// First, Last and Step are COMMAND's: a negative Last counts from the end.
	// First is 0 where there are none, or a rule says where.
	First, Last, Step int
	rule              rule
	count             int // argument that says how many keys follow it
	dest              int // argument that is a key besides those
}

// rule is how keys are found that stand at no fixed places.
type rule uint8

const (
	fixed rule = iota
	byCount
	byStreams
	bySort
	byGeo
	byMigrate
)

var (
	noKeys     = Keys{}
	oneKey     = Keys{First: 1, Last: 1, Step: 1}
	twoKeys    = Keys{First: 1, Last: 2, Step: 1}
	allKeys    = Keys{First: 1, Last: -1, Step: 1}
	pairKeys   = Keys{First: 1, Last: -1, Step: 2}
	allButLast = Keys{First: 1, Last: -2, Step: 1}
	secondArg  = Keys{First: 2, Last: 2, Step: 1}
	fromSecond = Keys{First: 2, Last: -1, Step: 1}
	streams    = Keys{rule: byStreams}
	sorting    = Keys{First: 1, Last: 1, Step: 1, rule: bySort}
	geo        = Keys{First: 1, Last: 1, Step: 1, rule: byGeo}
	migrating  = Keys{First: 3, Last: 3, Step: 1, rule: byMigrate}
)

// numkeysRule: argument count says how many keys follow it; argument dest is a
// key too, if it is not 0, and COMMAND tells of it alone.
func numkeysRule(count, dest int) Keys {
	k := Keys{rule: byCount, count: count, dest: dest}
	if dest > 0 {
		k.First, k.Last, k.Step = dest, dest, 1
	}
	return k
}

// None tells whether the command has no keys at all.
func (k Keys) None() bool { return k == noKeys }

// AppendKeys appends the keys of a command that has these arguments in b. false
// if they cannot be told: the arguments are wrong, which any server will say.
func (r *Row) AppendKeys(dst []Span, b []byte, args []Span) ([]Span, bool) {
	k := &r.Keys
	switch k.rule {
	case fixed:
		return k.fixed(dst, args)
	case byCount:
		return k.counted(dst, b, args)
	case byStreams:
		at, _, ok := streamOptions(b, args)
		if !ok {
			return dst, false
		}
		return append(dst, args[at:at+(len(args)-at)/2]...), true
	case bySort:
		return sortKeys(dst, b, args)
	case byGeo:
		return geoKeys(dst, b, args)
	default:
		return migrateKeys(dst, b, args)
	}
}

func (k *Keys) fixed(dst, args []Span) ([]Span, bool) {
	if k.First == 0 {
		return dst, true
	}
	last := k.Last
	if last < 0 {
		last += len(args)
	}
	if last >= len(args) || last < k.First {
		return dst, false
	}
	if k.Step == 1 {
		return append(dst, args[k.First:last+1]...), true
	}
	for i := k.First; i <= last; i += k.Step {
		dst = append(dst, args[i])
	}
	return dst, true
}

func (k *Keys) counted(dst []Span, b []byte, args []Span) ([]Span, bool) {
	if k.count >= len(args) {
		return dst, false
	}
	n, ok := number(args[k.count].Of(b))
	rest := args[k.count+1:]
	if !ok || n < 0 || n > int64(len(rest)) {
		return dst, false
	}
	if k.dest > 0 {
		dst = append(dst, args[k.dest])
	}
	return append(dst, rest[:n]...), true
}

// streamOptions reads XREAD's and XREADGROUP's options: where the names of
// streams begin, of which there are as many as ids behind them, and whether the
// command waits.
func streamOptions(b []byte, args []Span) (at int, blocks, ok bool) {
	for i := 1; i < len(args); i++ {
		switch a := args[i].Of(b); {
		case isWord(a, "block"):
			blocks = true
			i++
		case isWord(a, "count"):
			i++
		case isWord(a, "group"):
			i += 2
		case isWord(a, "noack"):
		case isWord(a, "streams"):
			n := len(args) - i - 1
			return i + 1, blocks, n > 0 && n%2 == 0
		default:
			return 0, blocks, false
		}
	}
	return 0, blocks, false
}

// sortKeys: the key, and the one behind the last STORE.
func sortKeys(dst []Span, b []byte, args []Span) ([]Span, bool) {
	if len(args) < 2 {
		return dst, false
	}
	store := 0
	for i := 2; i < len(args); i++ {
		switch a := args[i].Of(b); {
		case isWord(a, "limit"):
			i += 2
		case isWord(a, "get"), isWord(a, "by"):
			i++
		case isWord(a, "store"):
			i++
			store = i
		}
	}
	return appendStored(append(dst, args[1]), args, store)
}

// geoKeys: the key, and the one behind the last STORE or STOREDIST. Other
// options begin at the sixth argument, or GEORADIUSBYMEMBER's fifth, a unit.
func geoKeys(dst []Span, b []byte, args []Span) ([]Span, bool) {
	if len(args) < 2 {
		return dst, false
	}
	store := 0
	for i := 5; i < len(args); i++ {
		if a := args[i].Of(b); isWord(a, "store") || isWord(a, "storedist") {
			i++
			store = i
		}
	}
	return appendStored(append(dst, args[1]), args, store)
}

func appendStored(dst, args []Span, store int) ([]Span, bool) {
	if store >= len(args) {
		return dst, false
	}
	if store > 0 {
		dst = append(dst, args[store])
	}
	return dst, true
}

// migrateKeys: the third argument, or, if that is empty, those behind KEYS.
func migrateKeys(dst []Span, b []byte, args []Span) ([]Span, bool) {
	if len(args) < 4 {
		return dst, false
	}
	if args[3].End > args[3].Start {
		return append(dst, args[3]), true
	}
	for i := 6; i < len(args); i++ {
		switch a := args[i].Of(b); {
		case isWord(a, "auth"):
			i++
		case isWord(a, "auth2"):
			i += 2
		case isWord(a, "keys"):
			return append(dst, args[i+1:]...), true
		}
	}
	return dst, false
}
