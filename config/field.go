package config

import (
	"fmt"
	"strconv"
)

// field is one key of a table, as it is in the file or is not.
type field struct {
	t     *table
	name  string
	key   string
	value any
	set   bool
	line  int // of the table if it is not set
	mark  *mark
}

func (f field) fail(format string, args ...any) {
	f.t.bad[f.name] = true
	f.t.r.problem(f.line, f.key, format, args...)
}

// expected reports a value of the wrong kind.
func (f field) expected(what string) { f.fail("expected %s, got %s", what, described(f.value)) }

// settle records the setting that came of the field: from the file, or else
// from the origin given, with a literal of TOML.
func (f field) settle(literal, origin string) {
	if f.t.silent {
		return
	}
	if f.set {
		origin = f.t.r.name + ":" + strconv.Itoa(f.line)
	}
	f.t.r.settings = append(f.t.r.settings, Setting{Key: f.key, Value: literal, Origin: origin})
}

// described is a value as messages tell it.
func described(v any) string {
	switch v := v.(type) {
	case string:
		return "the string " + shown(v)
	case int64:
		return fmt.Sprintf("the number %d", v)
	case float64:
		return fmt.Sprintf("the number %v", v)
	case bool:
		return fmt.Sprintf("%t", v)
	case map[string]any:
		return "a table"
	case []any:
		return "a list"
	case []map[string]any:
		return "a list of tables"
	}
	return "a date or time" // the one other kind that TOML has
}
