// Package config is the one door through which settings come in: it reads
// config.toml and gives plain structs that are complete, with every default
// filled in and every value checked, or all the problems of the file at once,
// each with its line. An unknown key is a problem; nothing half-starts.
//
// The way through it: the scanner (scan.go) notes on which line each key
// stands, the TOML decoder gives a generic tree, and the walkers (process.go,
// listener.go, upstream.go) go through the tree key by key. A walker's line for
// a key is the only place that states the key's name, type, default and range;
// what is printed as the effective configuration comes from the same lines.
//
// It knows no component and builds nothing: whether a host name resolves or a
// port is free is found out by those who use them. What they find wrong is put
// beside its line with File.ProblemAt.
package config
