package config

import (
	"slices"
	"strconv"
)

// references looks at what parts of the file say about each other.
func references(r *reader, f *File) {
	uniqueNames(r, f)
	uniqueAddresses(r, f)
	upstreamsExist(r, f)
	protocolsMeet(r, f)
}

// lineOf is the line of a key, of its table if the file does not set it.
func (r *reader) lineOf(key string) int {
	for at := key; at != ""; at, _ = splitKey(at) {
		if line, ok := r.lines[at]; ok {
			return line
		}
	}
	return 1
}

func uniqueNames(r *reader, f *File) {
	first := map[string]string{}
	for _, l := range f.Listeners {
		key := l.Key + ".name"
		if other, taken := first[l.Name]; taken {
			r.problem(r.lineOf(key), key, "%s is already the name of %s (line %d): set another", shown(l.Name), other, r.lineOf(other))
		} else if l.Name != "" {
			first[l.Name] = l.Key
		}
	}
}

func uniqueAddresses(r *reader, f *File) {
	first, names := map[string]string{}, listenerNames(f.Listeners)
	claim := func(address, key string) {
		same := sameAddress(address)
		if same == "" {
			return
		}
		other, taken := first[same]
		if !taken {
			first[same] = key
			return
		}
		where := byDefault
		if line, ok := r.lines[other]; ok {
			where = "line " + strconv.Itoa(line)
		}
		r.problem(r.lineOf(key), key, "%s is already taken by %s (%s): set another", shown(address), names.key(other), where)
	}
	claim(f.Admin.Address, "admin.address")
	claim(f.Admin.ProbeAddress, "admin.probe_address")
	for _, l := range f.Listeners {
		claim(l.Address, l.Key+".address")
	}
}

// upstreamsExist also notes upstreams that nobody refers to: their endpoints
// will get no request, which is rarely meant.
func upstreamsExist(r *reader, f *File) {
	names := make([]string, len(f.Upstreams))
	used := map[string]bool{}
	for i, u := range f.Upstreams {
		names[i] = u.Name
	}
	refer := func(name, key string) {
		if name == "" {
			return
		}
		used[name] = true
		if !slices.Contains(names, name) {
			r.problem(r.lineOf(key), key, "there is no upstream %s%s", shown(name), hint(name, names))
		}
	}
	for _, l := range f.Listeners {
		eachUpstream(l, refer)
	}
	fallbacksLead(r, f, refer)
	for _, u := range f.Upstreams {
		if !used[u.Name] {
			r.note(r.lineOf(u.Key), u.Key, "no listener and no route leads to this upstream")
		}
	}
}

// splits refers to the upstreams that filters switch to.
func splits(filters []Filter, refer func(name, key string)) {
	for _, f := range filters {
		if f.Split != nil {
			refer(f.Split.Upstream, f.Key+".split")
		}
	}
}

// hint is for a reference that leads nowhere.
func hint(name string, names []string) string {
	if s := didYouMean(name, names); s != "" {
		return s
	}
	return "; add " + header(joinKey("upstream", name))
}
