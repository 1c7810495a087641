package resp

import (
	"slices"
	"sort"
	"strings"
)

// prefixes are in order, and none begins with another.
type prefixes []string

func prefixesOf(list []string) prefixes {
	list = slices.Sorted(slices.Values(list))
	var p prefixes
	for _, one := range list {
		if n := len(p); n == 0 || !strings.HasPrefix(one, p[n-1]) {
			p = append(p, one)
		}
	}
	return p
}

// of tells whether key begins with one of them: that can only be the last one
// that does not come after it.
func (p prefixes) of(key []byte) bool {
	i := sort.Search(len(p), func(i int) bool { return p[i] > string(key) })
	return i > 0 && len(key) >= len(p[i-1]) && string(key[:len(p[i-1])]) == p[i-1]
}
