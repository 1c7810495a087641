#!/usr/bin/env bash
# usage: scripts/kafka-proxy.sh [SOURCE]
# Puts kafka-proxy where the benchmark looks for it:
# ~/.cache/sidecar-bench/kafka-proxy. It is built from its module's source, or
# from a checkout of it (SOURCE) where no module proxy has it; nothing of it
# comes into this module. Exit 0 if it is there at the end.
set -eu

version=v0.4.3
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sidecar-bench
export CGO_ENABLED=0 GOBIN="$cache"

if [ $# = 0 ] && { command -v kafka-proxy >/dev/null || [ -x "$cache/kafka-proxy" ]; }; then
	exit 0
fi
mkdir -p "$cache"
stamp="-X github.com/grepplabs/kafka-proxy/config.Version=$version"
if [ $# = 1 ]; then
	cd "$1" && go install -mod=vendor -trimpath -ldflags "$stamp" .
else
	cd / && go install -trimpath -ldflags "$stamp" "github.com/grepplabs/kafka-proxy@$version"
fi || {
	echo "kafka-proxy: $version could not be built; the benchmark runs without" >&2
	exit 1
}
"$cache/kafka-proxy" version
