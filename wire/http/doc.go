// Package http is what HTTP/1 and HTTP/2 share: the rules of fields, which
// fields belong to one hop, what a status means to layers, how a request is
// routed by, how a fault reads to a client, the filters of routes, and the
// cache of answers. It has no connection and parses no message.
package http
