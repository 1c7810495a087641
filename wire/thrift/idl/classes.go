package idl

import (
	"fmt"
	"slices"
	"strings"

	"sidecar"
	"sidecar/wire/thrift"
)

// Classes says of a reply what it meant, by the exceptions that its method
// declares. It is never changed, and safe for concurrent use.
type Classes struct {
	methods map[string]thrown // by name, and by "Service:name"
}

// thrown are the classes of a method's exceptions, by their field's id.
type thrown map[int16]sidecar.Class

// Classes makes one of the classes of exceptions by the names of their types;
// those that are not named are of the class other. A name that no method throws
// is an error.
func (s *Schema) Classes(byName map[string]sidecar.Class, other sidecar.Class) (*Classes, error) {
	c := &Classes{methods: map[string]thrown{}}
	known := map[string]bool{}
	for _, service := range s.Services {
		for _, m := range service.Methods {
			t := thrown{}
			for _, f := range m.Result.Fields {
				if f.ID == 0 {
					continue
				}
				name := f.Type.Struct.Name
				known[name] = true
				class, ok := byName[name]
				if !ok {
					class = other
				}
				t[f.ID] = class
			}
			c.methods[service.Name+":"+m.Name] = t
			c.methods[m.Name] = common(c.methods[m.Name], t)
		}
	}
	for name := range byName {
		if !known[name] {
			return nil, fmt.Errorf("no method throws %q; those declared: %s", name, listed(known))
		}
	}
	return c, nil
}

// common is what two services say alike of a method that both have: which of
// them is called without its name is not known.
func common(a, b thrown) thrown {
	if a == nil {
		return b
	}
	both := thrown{}
	for id, class := range a {
		if b[id] == class {
			both[id] = class
		}
	}
	return both
}

func listed(names map[string]bool) string {
	if len(names) == 0 {
		return "none"
	}
	var all []string
	for name := range names {
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// Of is the class of a REPLY to method ("name" or "Service:name") of which body
// is the struct in p, or what has come of it: the head of its first field
// decides. What the file does not say is Success. It allocates nothing.
func (c *Classes) Of(method []byte, p thrift.Protocol, body []byte) sidecar.Class {
	r := thrift.ReadValues(p, body)
	f, problem := r.Field(0)
	if problem != nil || f.Type == thrift.WireStop || f.ID == 0 {
		return sidecar.Success
	}
	if class, ok := c.methods[string(method)][f.ID]; ok {
		return class
	}
	return sidecar.Success
}
