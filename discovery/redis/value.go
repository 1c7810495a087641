package redis

import (
	"net"
	"strconv"

	"sidecar/discovery"
)

// Answers come as the library decodes them: strings, int64, []any, nil. These
// read them without trust.

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func whole(v any) (int, bool) {
	switch v := v.(type) {
	case int64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// fields is a flat list of names and values; maps come so from RESP2.
func fields(v any) map[string]any {
	flat := list(v)
	m := make(map[string]any, len(flat)/2)
	for i := 0; i+1 < len(flat); i += 2 {
		m[text(flat[i])] = flat[i+1]
	}
	if direct, ok := v.(map[any]any); ok {
		for k, v := range direct {
			m[text(k)] = v
		}
	}
	return m
}

// addressOf joins what a server says of another, "" if that is no address. A host
// that it leaves out, as it has not been told its own, is the one it was asked
// at.
func addressOf(host string, port any, asked string) string {
	n, ok := whole(port)
	if !ok || n <= 0 {
		return ""
	}
	if host == "" || host == "?" {
		host, _, _ = net.SplitHostPort(asked)
	}
	address, err := discovery.ParseAddress(net.JoinHostPort(host, strconv.Itoa(n)))
	if err != nil {
		return ""
	}
	return address
}
