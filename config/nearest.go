package config

import "strings"

// DidYouMean is didYouMean for names that are no settings.
func DidYouMean(given string, names []string) string { return didYouMean(given, names) }

// didYouMean is `; did you mean "x"?` with the name most like the given one, or
// "" if none is near enough to have been meant.
func didYouMean(given string, names []string) string {
	best, least := "", len(given)
	for _, n := range names {
		// A slip is a letter or two; of a short name only one.
		allowed := min(3, max(1, len(n)/3))
		if abs(len(n)-len(given)) > allowed {
			continue
		}
		if d := distance(strings.ToLower(given), strings.ToLower(n)); d <= allowed && (best == "" || d < least) {
			best, least = n, d
		}
	}
	if best == "" {
		best = begun(given, names)
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + shown(best) + "?"
}

// begun is the only one of the names that begins with the given one, as "username"
// does with "user"; "" if there is none.
func begun(given string, names []string) (name string) {
	if len(given) < 3 {
		return ""
	}
	for _, n := range names {
		if strings.HasPrefix(n, strings.ToLower(given)) {
			if name != "" {
				return ""
			}
			name = n
		}
	}
	return name
}

// distance is the number of letters to add, drop, change or swap with their
// neighbour that turns a into b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(change, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func abs(n int) int { return max(n, -n) }
