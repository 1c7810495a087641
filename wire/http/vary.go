package http

import "strings"

// maxVary is how many fields a reply may depend on to be stored: each is looked
// up and compared at each request for it.
const maxVary = 8

// vary is the fields of the request that a reply depended on, with the values
// that they had (RFC 9111, 4.1).
type vary []varied

type varied struct {
	name   string // lower case
	values []string
}

// placing are the fields by which a backend behind proxies learns for what place
// a request is, where that is not its Host. Every reply is taken to depend on
// them: else one client would have a page of links to its own choice stored for
// all.
var placing = [...]string{"x-forwarded-host", "x-forwarded-proto"}

// otherPlace are fields by which some backends let a request name another
// target, or another method. What such a request brings is not stored.
var otherPlace = [...]string{
	"x-original-url", "x-rewrite-url", "x-http-method-override", "x-http-method", "x-method-override", "x-forwarded-prefix",
}

// varyOf reads the Vary fields of a reply to the request asked; false if the
// reply answers that request alone ("*"), depends on too much, or on what the
// sidecar itself writes into requests: that is not among the fields that came.
// Names are in lower case and without repetition.
func varyOf(reply, asked fields) (v vary, ok bool) {
	for _, name := range otherPlace {
		if has(asked, name) {
			return nil, false
		}
	}
	for _, name := range placing {
		v = append(v, varied{name, valuesOf(asked, name)})
	}
	for n := 0; ; n++ {
		list, more := reply.Field("vary", n)
		if !more {
			return v, true
		}
		for len(list) > 0 {
			var item []byte
			item, list = NextItem(list)
			name := strings.ToLower(string(item))
			switch {
			case name == "" || v.names(name) || name == "host": // which is of the key
				continue
			case !IsToken(item) || name == "*" || len(v) == len(placing)+maxVary || Known(item) != Other:
				return nil, false
			}
			v = append(v, varied{name, valuesOf(asked, name)})
		}
	}
}

func (v vary) names(name string) bool {
	for _, one := range v {
		if one.name == name {
			return true
		}
	}
	return false
}

func valuesOf(f fields, lower string) (all []string) {
	for n := 0; ; n++ {
		value, ok := f.Field(lower, n)
		if !ok {
			return all
		}
		all = append(all, string(value))
	}
}

// matches tells whether a request has the values that v says. They are compared
// byte by byte: what is spelt otherwise is asked for once more, and never
// answered wrongly.
func (v vary) matches(f fields) bool {
	for i := range v {
		one := &v[i]
		for n, want := range one.values {
			if got, ok := f.Field(one.name, n); !ok || string(got) != want {
				return false
			}
		}
		if _, more := f.Field(one.name, len(one.values)); more {
			return false
		}
	}
	return true
}

func (v vary) size() (n int) {
	for _, one := range v {
		n += len(one.name) + 2*wordSize
		for _, value := range one.values {
			n += len(value) + 2*wordSize
		}
	}
	return n
}
