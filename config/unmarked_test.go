package config

import (
	"testing"

	"github.com/BurntSushi/toml"
)

// unmarked is the key of a value that the decoder finds in the text and that
// the scanner has not marked, "" if there is none or the text is not TOML.
func unmarked(t *testing.T, src string) string {
	t.Helper()
	root, deep := scan(src)
	values := map[string]any{}
	if deep > 0 {
		return ""
	}
	if _, err := toml.Decode(src, &values); err != nil {
		return ""
	}
	return unmarkedIn("", values, root)
}

func unmarkedIn(key string, v any, m *mark) string {
	if m == nil || key != "" && m.place() == 0 {
		return key
	}
	var items []any
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if k := unmarkedIn(joinKey(key, name), value, m.key(name)); k != "" {
				return k
			}
		}
		if len(v) != len(m.keys) {
			return key + " (more marks than keys)"
		}
	case []map[string]any:
		for _, value := range v {
			items = append(items, value)
		}
	case []any:
		items = v
	}
	for i, value := range items {
		if k := unmarkedIn(itemKey(key, i), value, m.item(i)); k != "" {
			return k
		}
	}
	if len(items) != len(m.items) {
		return key + " (more marks than elements)"
	}
	return ""
}
