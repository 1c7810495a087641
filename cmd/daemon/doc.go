// Package daemon is the sidecar's process: its command line, the building of
// components from a configuration (build.go, the only file that sees
// everything), their running, reloading and draining. It has no policy of its
// own. The commands sidecar and demo are its two mains.
package daemon

// Version is the release. Compatibility is told in CHANGELOG.md.
const Version = "0.1.0"
