package config

import (
	"slices"
	"strings"
	"time"
)

const (
	maxSources = 16   // of one upstream
	maxLabels  = 16   // of one subset
	maxLabel   = 1024 // bytes of a name or value, as in lists of endpoints
)

// Sources say where the endpoints of an upstream come from, and which of them
// are used.
type Sources struct {
	Discover []string      // URIs, at least one; only their scheme has been checked
	Prefer   bool          // the URIs stand in order of preference; else their endpoints are joined
	Hold     time.Duration // 0 = none
	Subset   []Label       // that endpoints must have, sorted by name; none = all endpoints
	// SubsetAny: where no endpoint has them, all are used; else none.
	SubsetAny bool
	// DropOverload: the share of requests that a source wants refused is.
	DropOverload string // ModeOff, ModeDark or ModeOn
}

// Label is one label of an endpoint.
type Label struct{ Name, Value string }

func sources(t *table) Sources {
	s := Sources{
		Discover: discover(t),
		Prefer:   t.choose("discover_mode", "merge", choice{names: []string{"merge", modePrefer}}) == modePrefer,
		Hold:     t.span("hold", "60s", "no hold"),
		Subset:   subset(t),
	}
	s.SubsetAny = t.choose("subset_fallback", "none", choice{names: []string{"none", subsetAny}}) == subsetAny
	t.cross(!s.SubsetAny || len(s.Subset) > 0, "subset", "subset_fallback",
		`subset_fallback has no effect without a subset: set one, such as subset = { version = "2" }`)
	s.DropOverload = t.choose("drop_overload", ModeOn, modes())
	return s
}

// modePrefer is the discover_mode in which the first source that has endpoints
// counts alone, subsetAny the subset_fallback in which all are used where none
// has the labels.
const (
	modePrefer = "prefer"
	subsetAny  = "any"
)

// discover takes one URI or a list of them.
func discover(t *table) []string {
	f := t.field("discover")
	if !f.set {
		f.fail(`missing: expected a URI such as "tcp://10.0.0.1:8080,10.0.0.2:8080", or a list of them`)
		return nil
	}
	if _, one := f.value.(string); one {
		uri := f.text(checkSource)
		f.settle(quote(uri), byDefault)
		return []string{uri}
	}
	if _, list := f.value.([]any); !list {
		f.expected(`a URI such as "tcp://10.0.0.1:8080,10.0.0.2:8080", or a list of them`)
		return nil
	}
	all := f.texts(maxSources, checkSource)
	if len(all) == 0 && !t.bad["discover"] {
		f.fail("expected at least one URI, got an empty list")
	}
	f.settle(quoteList(all), byDefault)
	return all
}

// checkSource looks at the scheme alone: what may follow it is the business of
// the source of that name.
func checkSource(uri string) error {
	schemes := []string{"tcp", "file", "dns", "srv", "zk", "xds"}
	scheme, rest, ok := strings.Cut(uri, "://")
	scheme = strings.ToLower(scheme)
	switch {
	case !ok && checkAddress(uri) == nil:
		return complain("expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got %s; did you mean %s?", shown(uri), shown("tcp://"+uri))
	case !ok:
		return complain("expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got %s", shown(uri))
	case scheme == "http" || scheme == "https":
		host, _, _ := strings.Cut(rest, "/")
		return complain("expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got %s; did you mean %s? (addresses with their ports, no path)", shown(uri), shown("tcp://"+host))
	case !slices.Contains(schemes, scheme):
		return complain("expected a URI that begins with tcp://, file://, dns://, srv://, zk:// or xds://, got %s%s", shown(uri), didYouMean(scheme, schemes))
	case rest == "":
		return complain("expected something after the scheme, got %s", shown(uri))
	case hasControl(rest):
		return complain("expected a URI without spaces, got %s; did you mean %s?", shown(uri), shown(strings.Join(strings.Fields(uri), "")))
	}
	return nil
}

// subset reads the labels that endpoints must have.
func subset(t *table) []Label {
	var all []Label
	for _, p := range t.pairs("subset", maxLabels, checkLabelName, checkLabel) {
		all = append(all, Label{p.name, p.value})
	}
	return all
}

func checkLabelName(s string) error {
	if s == "" {
		return complain("expected the name of a label, got an empty one")
	}
	return checkLabel(s)
}

func checkLabel(s string) error {
	if len(s) > maxLabel {
		return complain("expected at most %d bytes, got %d", maxLabel, len(s))
	}
	return nil
}
