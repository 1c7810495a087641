package config

import "strings"

// maxStrangers is how many unknown keys are looked for elsewhere: a file of
// many has another fault, and each is looked for in all tables.
const maxStrangers = 20

// stranger is an unknown key that nothing in its table is like. Another table
// may know it.
type stranger struct {
	problem int // its index
	table   string
	name    string
}

// met takes note of a table that knows a key.
func (r *reader) met(name, table string) { r.homes[name] = append(r.homes[name], table) }

// sendHome says where strangers belong. It comes last: until then not all
// tables have been asked.
func (r *reader) sendHome() {
	for _, s := range r.strangers[:min(len(r.strangers), maxStrangers)] {
		if home, ok := nearestHome(s.table, r.homes[s.name]); ok {
			r.problems[s.problem].Message = "unknown key here; it belongs in " + header(home)
		}
	}
}

// nearestHome is a table under the given one, if there is one of them, or the
// one with the shortest name.
func nearestHome(table string, homes []string) (best string, found bool) {
	under := func(home string) bool { return strings.HasPrefix(home, table+".") }
	for _, home := range homes {
		// The root is no place that has a name, and another element of the
		// same list no other place.
		if home == "" || header(home) == header(table) {
			continue
		}
		if !found || under(home) && !under(best) || under(home) == under(best) && len(home) < len(best) {
			best, found = home, true
		}
	}
	return best, found
}
