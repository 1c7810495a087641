package discovery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"
)

// parseFile parses the list in data as the file's name says. Errors begin with
// the path and say the line or which endpoint. An empty file is refused: it is
// what a writer that has just begun leaves, and means that all have gone.
func parseFile(path string, data []byte) ([]Endpoint, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, fmt.Errorf("%s: no text: an empty list is written endpoint = [] (TOML) or [] (JSON)", path)
	}
	decode := decodeTOML
	if filepath.Ext(path) == ".json" {
		decode = decodeJSON
	}
	list, line, err := decode(data)
	if err != nil {
		if line > 0 {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(list) > maxEndpoints {
		return nil, fmt.Errorf("%s: %d endpoints: expected at most %d", path, len(list), maxEndpoints)
	}
	set := make([]Endpoint, len(list))
	for i, v := range list {
		if set[i], err = item(v); err != nil {
			return nil, fmt.Errorf("%s: endpoint %d: %w", path, i+1, err)
		}
	}
	return set, nil
}

// Bounds of TOML files that lists never meet. The decoder recurses into what
// is nested and copies the whole of a dotted key for each of its parts, so
// that a few megabytes could take the stack or minutes.
const (
	maxNesting = 16
	maxDots    = 24
)

// checkTOML counts brackets, and dots without anything else between them that
// ends a key. It has no regard to strings, which only makes it stricter.
func checkTOML(data []byte) (line int, err error) {
	depth, dots := 0, 0
	line = 1
	for _, c := range data {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '=', ',', '"', '\'':
			dots = 0
		case '\n':
			line++
			dots = 0
		}
		if depth > maxNesting || dots > maxDots {
			return line, errors.New("nested too deeply for a list of endpoints")
		}
	}
	return 0, nil
}

// decodeTOML is the items of the array "endpoint", and the line of an error if
// it is known.
func decodeTOML(data []byte) ([]any, int, error) {
	if line, err := checkTOML(data); err != nil {
		return nil, line, err
	}
	var root map[string]any
	if _, err := toml.Decode(string(data), &root); err != nil {
		var p toml.ParseError
		if errors.As(err, &p) {
			return nil, p.Position.Line, errors.New(p.Message)
		}
		return nil, 0, err
	}
	list, err := only(root, "endpoint", "[[endpoint]] tables")
	return list, 0, err
}

// decodeJSON is the items of the array, or of the array "endpoints" of an
// object, and the line of an error if it is known.
func decodeJSON(data []byte) ([]any, int, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var root any
	err := d.Decode(&root)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the list: expected one JSON value")
		}
	}
	if err != nil {
		at := min(d.InputOffset(), int64(len(data)))
		var s *json.SyntaxError
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			at, err = int64(len(data)), errors.New("the list is cut off")
		case errors.As(err, &s):
			at = min(s.Offset, int64(len(data)))
		}
		return nil, 1 + bytes.Count(data[:at], []byte("\n")), err
	}
	switch v := root.(type) {
	case []any:
		return v, 0, nil
	case map[string]any:
		list, err := only(v, "endpoints", "an array")
		return list, 0, err
	}
	return nil, 0, errors.New(`expected [...] or {"endpoints": [...]}`)
}

// only is the array under the one key that a table may and must have.
func only(root map[string]any, key, what string) ([]any, error) {
	for k := range root {
		if k != key {
			return nil, fmt.Errorf("unknown key %q: expected only %q", short(k), key)
		}
	}
	switch v := root[key].(type) {
	case []any:
		return v, nil
	case []map[string]any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = v[i]
		}
		return list, nil
	case nil:
		return nil, fmt.Errorf("there is no %q: expected %s", key, what)
	}
	return nil, fmt.Errorf("%q: expected %s", key, what)
}

// short cuts what is repeated in an error, which goes to logs and pages.
func short(s string) string {
	const most = 64
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
