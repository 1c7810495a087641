package discovery

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxEndpoints is how many endpoints a list may have. Each costs some hundred
// bytes and a few counters.
const maxEndpoints = 100000

// Params are what Parse needs beside the URI.
type Params struct {
	// Dir is the directory that relative file:// paths start from; "" refuses
	// relative paths.
	Dir string
	// Poll is how often a file is looked at, 0 is 1 s.
	Poll time.Duration
	// Schemes makes the sources of further schemes, such as "zk", from the
	// whole URI. Its errors must hold no secret.
	Schemes map[string]func(uri string) (Source, error)
}

// Parse makes the source that a URI names. It does no input or output; a file
// that does not exist is an error of the source, not of Parse.
//
//	tcp://host1:port1,host2:port2?weight=3,[::1]:80
//	file:///abs/list.toml   file://relative/list.json
//
// A host name is resolved when it is dialled and is one endpoint, however many
// addresses it has. Each part of a tcp list may carry its own weight. A file's
// path is taken as it is written, without %-escapes.
func Parse(uri string, p Params) (Source, error) {
	scheme, rest, ok := strings.Cut(uri, "://")
	if !ok {
		return nil, fmt.Errorf("discovery: no scheme: expected one of %s", schemes(p))
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "tcp":
		set, err := parseList(rest)
		if err != nil {
			return nil, fmt.Errorf("discovery: tcp: %w", err)
		}
		return Static(uri, set), nil
	case "file":
		path, err := parsePath(rest, p.Dir)
		if err != nil {
			return nil, fmt.Errorf("discovery: file: %w", err)
		}
		return newFile(uri, path, p.Poll), nil
	}
	if source := p.Schemes[scheme]; source != nil {
		return source(uri)
	}
	return nil, fmt.Errorf("discovery: unknown scheme %q: expected one of %s", scheme, schemes(p))
}

func schemes(p Params) string {
	names := append(slices.Collect(maps.Keys(p.Schemes)), "tcp", "file")
	slices.Sort(names)
	return strings.Join(names, "://, ") + "://"
}

// parseList parses what follows tcp://.
func parseList(s string) ([]Endpoint, error) {
	if s == "" {
		return nil, errors.New("no address: expected tcp://host:port,host:port")
	}
	if n := strings.Count(s, ",") + 1; n > maxEndpoints {
		return nil, fmt.Errorf("%d addresses: expected at most %d", n, maxEndpoints)
	}
	var set []Endpoint
	for i, part := range strings.Split(s, ",") {
		e, err := parsePart(part)
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i+1, err)
		}
		set = append(set, e)
	}
	return set, nil
}

func parsePart(part string) (Endpoint, error) {
	switch {
	case part == "":
		return Endpoint{}, errors.New("empty: expected host:port between commas and after the last")
	case strings.Contains(part, "@"):
	case strings.Contains(part, "#"):
		return Endpoint{}, fmt.Errorf("fragment in %q: expected host:port", part)
	}
	address, query, asked := strings.Cut(part, "?")
	address, err := ParseAddress(address)
	if err != nil {
		return Endpoint{}, err
	}
	e := Endpoint{Address: address, Weight: 1}
	if !asked {
		return e, nil
	}
	value, ok := strings.CutPrefix(query, "weight=")
	if !ok {
		return Endpoint{}, fmt.Errorf("unknown parameter after %q: expected ?weight=N and nothing else", address)
	}
	if e.Weight, err = strconv.ParseFloat(value, 64); err != nil {
		return Endpoint{}, fmt.Errorf("weight of %q: expected a number from %v to %.0f", address, minWeight, maxWeight)
	}
	if err = checkWeight(e.Weight); err != nil {
		return Endpoint{}, fmt.Errorf("%q: %w", address, err)
	}
	return e, nil
}

// parsePath parses what follows file://.
func parsePath(s, dir string) (string, error) {
	switch {
	case s == "":
		return "", errors.New("no path: expected file:///abs/list.toml or file://relative/list.toml")
	case strings.ContainsAny(s, "?#\x00"):
		return "", fmt.Errorf("%q: a path cannot have \"?\", \"#\" or a zero byte", s)
	}
	switch filepath.Ext(s) {
	case ".toml", ".json":
	default:
		return "", fmt.Errorf("%q: expected a name that ends in .toml or .json", s)
	}
	if filepath.IsAbs(s) {
		return filepath.Clean(s), nil
	}
	if dir == "" {
		return "", fmt.Errorf("%q is relative, but there is no directory to start from: expected file:///abs/path", s)
	}
	return filepath.Join(dir, s), nil
}
