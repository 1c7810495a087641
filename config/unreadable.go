package config

import (
	"errors"
	"strings"

	"github.com/BurntSushi/toml"
)

// unreadable is where and why the decoder could not read src. It tells the key
// that it met last, which is another one's where a table's name is broken, and
// the line after a name that has no end.
func unreadable(src string, err error) (line int, key, message string) {
	bad := toml.ParseError{}
	if !errors.As(err, &bad) {
		return 1, "", err.Error()
	}
	lines := strings.Split(src, "\n")
	line, key, message = min(max(1, bad.Position.Line), len(lines)), bad.LastKey, strings.TrimSuffix(bad.Message, ".")
	if line > 1 && isHeader(lines[line-2]) && strings.Contains(message, `got '\n'`) {
		line--
	}
	text := lines[line-1]
	_, last := splitKey(key)
	switch {
	case isHeader(text):
		return line, "", message + ", in " + shown(strings.TrimSpace(text)) + remedy(message)
	case strings.Contains(text, "=") && !strings.Contains(text, strings.Trim(last, `"`)):
		key = "" // of a line before
	}
	return line, key, message + remedy(message)
}

// isHeader tells whether a line opens a table.
func isHeader(line string) bool { return strings.HasPrefix(strings.TrimSpace(line), "[") }

// remedy is what is mostly wrong where the decoder says so.
func remedy(message string) string {
	switch {
	case strings.Contains(message, "expected a top-level item to end") && strings.Contains(message, "got ',' instead"):
		return `; several values stand in brackets, such as ["a", "b"]`
	case strings.Contains(message, "expected a top-level item to end"), strings.Contains(message, "expected value"):
		return `; text, durations and sizes stand in quotes, such as "10s"`
	case strings.Contains(message, "has already been defined"):
		return "; remove one of the two"
	case strings.Contains(message, "expected '.' or '='"):
		return `; a setting is written name = value`
	}
	return ""
}
