#!/usr/bin/env bash
# usage: scripts/fuzz.sh 30s
# Runs every fuzz target of the module, one after the other (the go command
# fuzzes one at a time), each for the time given. What fails is told at the end
# and its input is kept under that package's testdata/fuzz.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=
found=
while read -r package; do
	targets=$(go test -list '^Fuzz' "$package") || failed="$failed $package"
	for target in $(grep '^Fuzz' <<<"$targets"); do
		found=1
		echo "== $package $target"
		go test -run xxx -fuzzminimizetime 20x -fuzz "^$target\$" -fuzztime "$1" "$package" || failed="$failed $package:$target"
	done
done < <(go list ./...)
[ -n "$found" ] || echo "no fuzz target found"
[ -n "$found" ] && [ -z "$failed" ] || {
	echo "make fuzz: FAILED:$failed"
	exit 1
}
echo "make fuzz: ok"
