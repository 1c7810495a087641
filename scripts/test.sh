#!/usr/bin/env bash
# Every test: format and vet, the suite under the race detector, the allocation
# tests without it. A test that lacks a program skips with "needs NAME: ...";
# the end lists what was skipped and the one command that installs it. With CI
# set a skip is a failure.
set -u -o pipefail
cd "$(dirname "$0")/.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
export PATH

programs="cc nginx dnsmasq zookeeper redis-server" # cc is for the race detector
# shellcheck disable=SC2086 # one word a program
hint=$(scripts/install.sh $programs | tail -n 1)

skips=$(mktemp) || exit 1
trap 'rm -f "$skips"' EXIT
failed=

# suite runs go test and shows each package's closing line, with all that a
# failed package said; skipped tests go to $skips. A cached result could not
# know that a program was installed since, so none is used. The limit is for tests
# that hang: the longest package takes minutes, and more on a busy machine.
suite() {
	echo "== go test $*"
	go test -count=1 -timeout 30m -vet=off -v "$@" ./... | awk -v skips="$skips" -f scripts/test.awk || failed=1
}

echo "== gofmt, go vet"
unformatted=$(gofmt -l .) || failed=1
if [ -n "$unformatted" ]; then
	printf 'not formatted (make fmt):\n%s\n' "$unformatted"
	failed=1
fi
go vet ./... || failed=1

if command -v cc >/dev/null || [ "${CC-}" ]; then
	CGO_ENABLED=1 suite -race
else
	echo "race detector: needs cc: the tests below ran without it" >>"$skips"
	suite
fi
suite -run Alloc

if [ -s "$skips" ]; then
	echo
	echo "skipped:"
	sort -u "$skips" | sed 's/^/  /'
	[ -z "$hint" ] || printf 'to run these as well:\n  %s && make test\n' "$hint"
	if [ "${CI-}" ]; then
		echo "with CI set, a skip is a failure"
		failed=1
	fi
fi
[ -z "$failed" ] || {
	echo "make test: FAILED"
	exit 1
}
echo "make test: ok"
