package config

import (
	"strconv"
	"strings"
)

// A key is written as in TOML, with the number of an element in brackets:
// listener[0].address, upstream.users.operation."GET /search".timeout. A name
// that cannot stand bare is quoted, so two keys are never written alike.

// joinKey is the key of name in the table named key.
func joinKey(key, name string) string {
	if !isBare(name) {
		name = quote(name)
	}
	if key == "" {
		return name
	}
	return key + "." + name
}

// itemKey is the key of an element of a list.
func itemKey(key string, i int) string { return key + "[" + strconv.Itoa(i) + "]" }

// splitKey takes the last name or number off: "a.b" gives "a" and "b", "a[1]"
// gives "a" and "[1]", "a" gives "" and "a".
func splitKey(key string) (table, last string) {
	cut, quoted := 0, false
	for i := 0; i < len(key); i++ {
		switch c := key[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == '.' || c == '['):
			cut = i
		}
	}
	return key[:cut], strings.TrimPrefix(key[cut:], ".")
}

// header is the line that opens the table of that key in TOML.
func header(table string) string {
	var names []string
	open, end := "[", "]"
	for at, first := table, true; at != ""; first = false {
		var last string
		at, last = splitKey(at)
		switch {
		case !strings.HasPrefix(last, "["):
			names = append([]string{last}, names...)
		case first:
			open, end = "[[", "]]"
		}
	}
	return open + strings.Join(names, ".") + end
}

func isBare(name string) bool {
	for i := range len(name) {
		if c := name[i]; !isAlphanumeric(c) && c != '_' && c != '-' {
			return false
		}
	}
	return name != ""
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
