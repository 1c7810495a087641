package http

import "bytes"

// cutPrefix is what is left of path behind prefix, which is compared by whole
// segments: "/v2" is a prefix of "/v2" and "/v2/x", not of "/v2x"; "/v2/" of
// "/v2/x" and "/v2/".
func cutPrefix(path []byte, prefix string) (rest []byte, ok bool) {
	if len(path) < len(prefix) || string(path[:len(prefix)]) != prefix {
		return nil, false
	}
	rest = path[len(prefix):]
	if len(rest) > 0 && rest[0] != '/' && rest[0] != '?' && prefix[len(prefix)-1] != '/' {
		return nil, false
	}
	return rest, true
}

// AppendPath appends the path that begins with to and goes on with rest, with
// one slash between them: "/" and "/x" give "/x", "/v1" and "x" give "/v1/x".
func AppendPath(dst []byte, to string, rest []byte) []byte {
	dst = append(dst, to...)
	ends, begins := to[len(to)-1] == '/', len(rest) > 0 && rest[0] == '/'
	switch {
	case ends && begins:
		rest = rest[1:]
	case !ends && !begins && len(rest) > 0 && rest[0] != '?':
		dst = append(dst, '/')
	}
	return append(dst, rest...)
}

// oneSlash is target, which begins with a slash, with one slash at its front.
// Of "//host/x" or "/\\host" a browser reads a host and goes there.
func oneSlash(target []byte) []byte {
	rest := bytes.TrimLeft(target, `/\`)
	if len(target)-len(rest) == 1 {
		return target
	}
	return append([]byte{'/'}, rest...)
}

// bareHost is a host without its port.
func bareHost(h []byte) []byte {
	if i := bytes.LastIndexByte(h, ':'); i > bytes.LastIndexByte(h, ']') {
		return h[:i]
	}
	return h
}
