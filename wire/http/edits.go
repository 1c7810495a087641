package http

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	maxEditNames = 64      // fields that the filters of one route change, in each direction: each of a message's fields is compared with all
	maxEditBytes = 8 << 10 // of field lines that they add, in each direction: they go into every head's buffer
)

// Field is one field of a message's head.
type Field struct{ Name, Value string }

// Edits are what filters change in the fields of requests and replies. What
// several filters do to one field comes down to two things, which are all that
// is left at run time: its lines are left out, and others are written. Edits
// never change; many exchanges use them at once.
type Edits struct {
	Request, Reply Change
}

// Change is the edit of one head.
type Change struct {
	drop  []string // names in lower case of which no line is passed on
	lines []byte   // lines to be added, each with its CRLF
}

// Drops tells whether fields of that name are left out. A "_" is taken for a "-":
// backends that have fields as variables (CGI, WSGI) cannot tell X_User from
// X-User, so the one would pass for the other that was removed or set here.
func (c *Change) Drops(name []byte) bool {
	for _, d := range c.drop {
		if alike(name, d) {
			return true
		}
	}
	return false
}

// DropsLower is Drops for a name in lower case.
func (c *Change) DropsLower(name string) bool {
	for _, d := range c.drop {
		if alike(name, d) {
			return true
		}
	}
	return false
}

// DropsLine is Drops for a whole field line.
func (c *Change) DropsLine(line string) bool {
	for _, d := range c.drop {
		if len(line) > len(d) && line[len(d)] == ':' && alike(line[:len(d)], d) {
			return true
		}
	}
	return false
}

// alike compares a name in any case with one in lower case, "_" being "-".
func alike[T string | []byte](name T, lower string) bool {
	if len(name) != len(lower) {
		return false
	}
	for i := range len(lower) {
		b, want := name[i], lower[i]
		switch {
		case b >= 'A' && b <= 'Z':
			b |= 0x20
		case b == '_':
			b = '-'
		}
		if want == '_' {
			want = '-'
		}
		if b != want {
			return false
		}
	}
	return true
}

// None tells whether nothing is changed.
func (c *Change) None() bool { return len(c.drop) == 0 && len(c.lines) == 0 }

// Lines are the lines to be added. They must not be changed.
func (c *Change) Lines() []byte { return c.lines }

// Added is the value of the n-th line, from 0, that is added under the name
// lower, which is in lower case.
func (c *Change) Added(lower string, n int) ([]byte, bool) {
	for rest := c.lines; len(rest) > 0; {
		var name, value []byte
		name, value, rest = nextLine(rest)
		if !EqualFold(name, lower) {
			continue
		}
		if n == 0 {
			return value, true
		}
		n--
	}
	return nil, false
}

// nextLine cuts the first of lines that were made here, "Name: value" and CRLF.
func nextLine(lines []byte) (name, value, rest []byte) {
	colon := bytes.IndexByte(lines, ':')
	end := bytes.IndexByte(lines, '\r')
	return lines[:colon], lines[colon+2 : end], lines[end+2:]
}

// change gathers what filters do to the fields of one head, in their order.
type change struct {
	drop  []string
	added []Field
}

func (c *change) remove(name string) {
	lower := strings.ToLower(name)
	c.added = slices.DeleteFunc(c.added, func(f Field) bool { return strings.EqualFold(f.Name, name) })
	if !slices.Contains(c.drop, lower) {
		c.drop = append(c.drop, lower)
	}
}

func (c *change) set(f Field) {
	c.remove(f.Name)
	c.add(f)
}

func (c *change) add(f Field) { c.added = append(c.added, f) }

// compiled is the change as it is used. Its fields have been checked.
func (c *change) compiled() (Change, error) {
	out := Change{drop: c.drop}
	for _, f := range c.added {
		out.lines = append(append(append(append(out.lines, f.Name...), ": "...), f.Value...), "\r\n"...)
	}
	switch {
	case len(c.drop) > maxEditNames:
		return Change{}, fmt.Errorf("%d fields are set or removed, more than the limit of %d", len(c.drop), maxEditNames)
	case len(out.lines) > maxEditBytes:
		return Change{}, fmt.Errorf("%d bytes of fields are added, more than the limit of %d", len(out.lines), maxEditBytes)
	}
	return out, nil
}

// checkField says why filters may not touch a field, nil if they may. Those
// that frame a message, name its target or belong to one hop would break the
// connection or the next request on it; the others are the sidecar's to write,
// and a filter would contradict what it says in them.
func checkField(name string) error {
	lower := strings.ToLower(name)
	switch {
	case !IsToken([]byte(name)):
		return fmt.Errorf("%q is no name of a field", name)
	case !Known([]byte(name)).Forwarded():
		return fmt.Errorf("field %q cannot be changed: it frames the message, names its target or is the sidecar's own to write", name)
	case slices.Contains([]string{"max-forwards", "proxy-connection", "http2-settings", "x-sidecar-reason", "x-sidecar-attempts"}, lower):
		return fmt.Errorf("field %q cannot be changed: it is the sidecar's own to read or write", name)
	}
	return nil
}

// checkFields checks fields that are to be set or added.
func checkFields(list []Field) error {
	var wrong []error
	for _, f := range list {
		wrong = append(wrong, checkField(f.Name))
		if v := []byte(f.Value); !IsValue(v) || len(Trim(v)) != len(v) {
			wrong = append(wrong, fmt.Errorf("field %q: its value has control characters, or space around it", f.Name))
		}
	}
	return errors.Join(wrong...)
}
