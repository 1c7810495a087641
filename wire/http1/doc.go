// Package http1 is both ends of HTTP/1 (RFC 9110 and 9112): a strict codec
// over byte slices, the message, the server that local clients talk to and the
// connection that talks to backends. Heads are parsed in place and forwarded
// line by line as they came, bodies are forwarded raw while their framing is
// checked.
//
// It does not pool connections, pick endpoints or retry, it does not follow
// redirects, unpack content, cache, or speak to the outside as a forward proxy
// (CONNECT).
package http1
