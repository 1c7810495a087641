package config

import "strings"

// names are the listeners' names by their keys: people know a listener by its
// name, and not as listener[3].
type names map[string]string

// listenerNames leaves out names that are none, and those of two.
func listenerNames(all []Listener) names {
	count := map[string]int{}
	for _, l := range all {
		count[l.Name]++
	}
	n := names{}
	for _, l := range all {
		if checkName(l.Name) == nil && count[l.Name] == 1 {
			n[l.Key] = l.Name
		}
	}
	return n
}

// key is a key as messages tell it: listener "web": route[0].match.
func (n names) key(key string) string {
	listener, rest, in := strings.Cut(key, "].")
	if in {
		listener += "]"
	}
	name, known := n[listener]
	switch {
	case !known:
		return key
	case !in:
		return "listener " + quote(name)
	}
	return "listener " + quote(name) + ": " + rest
}
