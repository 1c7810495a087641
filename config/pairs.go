package config

import "strings"

// pair is one key of a table whose keys the user chooses, with its text.
type pair struct{ name, value string }

// pairs asks for a table of texts under names that the user chooses, in the
// order of the names, and shows it as one setting.
func (t *table) pairs(name string, most int, checkName, checkValue func(string) error) []pair {
	f := t.at(name)
	sub := t.table(name)
	sub.silent = true
	if len(sub.values) > most {
		f.fail("%d keys, more than the limit of %d", len(sub.values), most)
		return nil
	}
	var all []pair
	var parts []string
	for _, key := range sub.names() {
		if err := checkName(key); err != nil {
			sub.at(key).fail("%v", err)
		}
		p := pair{key, sub.text(key, "", checkValue)}
		all = append(all, p)
		parts = append(parts, joinKey("", key)+" = "+quote(p.value))
	}
	literal := "{ }"
	if len(parts) > 0 {
		literal = "{ " + strings.Join(parts, ", ") + " }"
	}
	f.settle(literal, byDefault)
	return all
}
