package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/BurntSushi/toml"
)

// Setting is one value in effect.
type Setting struct {
	Key    string // "upstream.users.pool.max_waiters", "listener[0].name"
	Value  string // a literal of TOML
	Origin string // "config.toml:12", "default", "environment NAME", or the key whose value it takes over
}

// Plain is the value as JSON tells it: text without TOML's quotes, numbers,
// true and false, lists, a match as an object.
func (s Setting) Plain() any {
	var one struct{ V any }
	if _, err := toml.Decode("V = "+s.Value, &one); err != nil {
		return s.Value // not by what the walkers write
	}
	return one.V
}

// Settings lists every setting in effect, the unset ones too, in the order of
// the reference; listeners as in the file, upstreams and operations by name.
func (f *File) Settings() []Setting { return slices.Clone(f.settings) }

// WriteEffective writes the settings as TOML, the origin of each in a comment.
// What it writes is itself a configuration with the same effect.
func (f *File) WriteEffective(w io.Writer) error {
	var out strings.Builder
	for rest := f.settings; len(rest) > 0; {
		table, _ := splitKey(rest[0].Key)
		n := 1
		for n < len(rest) {
			if next, _ := splitKey(rest[n].Key); next != table {
				break
			}
			n++
		}
		if len(rest) < len(f.settings) {
			out.WriteByte('\n')
		}
		out.WriteString(header(table) + "\n")
		writeTable(&out, rest[:n])
		rest = rest[n:]
	}
	if _, err := io.WriteString(w, out.String()); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// maxAligned is the width beyond which a line does not push the comments of its
// neighbours to the right.
const maxAligned = 60

func writeTable(out *strings.Builder, settings []Setting) {
	names, wide := 0, 0
	lines := make([]string, len(settings))
	for _, s := range settings {
		_, name := splitKey(s.Key)
		names = max(names, len(name))
	}
	for i, s := range settings {
		_, name := splitKey(s.Key)
		lines[i] = fmt.Sprintf("%-*s = %s", names, name, s.Value)
		if len(lines[i]) <= maxAligned {
			wide = max(wide, len(lines[i]))
		}
	}
	for i, s := range settings {
		fmt.Fprintf(out, "%-*s  # %s\n", wide, lines[i], comment(s.Origin))
	}
}

// comment keeps a file's odd name from ending the comment that it is in.
func comment(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
