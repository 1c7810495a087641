package daemon

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"sidecar/config"
)

// verbs are the commands there are.
func verbs() []string { return []string{"run", "check", "ready", "version", "help"} }

// arguments is the configuration's path. An error says what was probably
// meant.
func arguments(verb string, args []string) (path string, err error) {
	if !slices.Contains(verbs(), verb) {
		if isFile(verb) {
			return "", fmt.Errorf("unknown command %q; did you mean sidecar run -config %s?", verb, verb)
		}
		return "", fmt.Errorf("unknown command %q%s", verb, config.DidYouMean(verb, verbs()))
	}
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what it says is told by the caller, with a hint
	flags.StringVar(&path, "config", "config.toml", "configuration `file`")
	if err := flags.Parse(args); err != nil {
		if name, unknown := strings.CutPrefix(err.Error(), "flag provided but not defined: -"); unknown {
			return "", fmt.Errorf("%s: there is no flag -%s; did you mean -config FILE?", verb, name)
		}
		if errors.Is(err, flag.ErrHelp) {
			return "", flag.ErrHelp
		}
		return "", fmt.Errorf("%s: %w", verb, err)
	}
	if arg := flags.Arg(0); arg != "" || flags.NArg() > 0 {
		if isFile(arg) {
			return "", fmt.Errorf("%s: unexpected argument %q; did you mean -config %s?", verb, arg, arg)
		}
		return "", fmt.Errorf("%s: unexpected argument %q; only -config FILE may follow", verb, arg)
	}
	return path, nil
}

// isFile tells whether a word looks like a configuration.
func isFile(word string) bool { return filepath.Ext(word) == ".toml" || strings.Contains(word, "/") }
