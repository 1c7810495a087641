package discovery

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// maxText and maxLabels bound what one endpoint of a list may carry.
const (
	maxText   = 1024
	maxLabels = 64
)

// item is the endpoint that one item of a list describes, as decoded: a string
// or a table. Numbers are int64, float64 or json.Number.
func item(v any) (Endpoint, error) {
	e := Endpoint{Weight: 1}
	switch v := v.(type) {
	case string:
		return e, set(&e, "address", v)
	case map[string]any:
		if v["address"] == nil {
			return e, errors.New(`there is no "address": expected address = "host:port"`)
		}
		// In order, so that of several errors always the same is told.
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if err := set(&e, key, v[key]); err != nil {
				return e, err
			}
		}
		return e, nil
	}
	return e, errors.New(`expected "host:port" or a table with an address`)
}

func set(e *Endpoint, key string, v any) (err error) {
	switch key {
	case "address":
		var s string
		if s, err = text(v); err == nil {
			e.Address, err = ParseAddress(s)
		}
	case "weight":
		if e.Weight, err = number(v); err == nil {
			return checkWeight(e.Weight)
		}
	case "priority":
		e.Priority, err = priority(v)
	case "zone":
		e.Zone, err = text(v)
	case "name":
		e.Name, err = text(v)
	case "tls_name":
		e.TLSName, err = text(v)
	case "labels":
		e.Labels, err = labels(v)
	default:
		return fmt.Errorf("unknown key %q: expected address, weight, zone, priority, name, tls_name or labels", short(key))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

func text(v any) (string, error) {
	s, ok := v.(string)
	switch {
	case !ok:
		return "", errors.New("expected a string")
	case len(s) > maxText:
		return "", fmt.Errorf("a string of %d bytes: expected at most %d", len(s), maxText)
	}
	return s, nil
}

func number(v any) (float64, error) {
	switch v := v.(type) {
	case int64:
		return float64(v), nil
	case float64:
		return v, nil
	case json.Number:
		if f, err := v.Float64(); err == nil {
			return f, nil
		}
	}
	return 0, errors.New("expected a number")
}

func priority(v any) (int, error) {
	n, err := int64(-1), error(nil)
	switch v := v.(type) {
	case int64:
		n = v
	case json.Number:
		n, err = strconv.ParseInt(string(v), 10, 64)
	}
	if err != nil || n < 0 || n > MaxPriority {
		return 0, fmt.Errorf("expected a whole number from 0 to %d", MaxPriority)
	}
	return int(n), nil
}

func labels(v any) (map[string]string, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("expected a table of strings")
	}
	if len(m) > maxLabels {
		return nil, fmt.Errorf("%d labels: expected at most %d", len(m), maxLabels)
	}
	if len(m) == 0 {
		return nil, nil
	}
	out := make(map[string]string, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		s, err := text(m[k])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", short(k), err)
		}
		if len(k) > maxText {
			return nil, fmt.Errorf("a name of %d bytes: expected at most %d", len(k), maxText)
		}
		out[k] = s
	}
	return out, nil
}
