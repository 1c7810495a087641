// Package discovery tells where a service runs: a Source publishes whole sets
// of endpoints, a Keeper holds the last good one of each of its sources and
// gives their union out as an immutable Snapshot.
//
// It holds what every source shares and the two sources that need no library,
// static lists (tcp://) and files (file://); a source with a heavy dependency
// lives in a package below this one. It resolves no names, dials nothing and
// knows nothing of health: it says what was announced.
package discovery
