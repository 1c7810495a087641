#!/usr/bin/env bash
# usage: scripts/install.sh [-n] program...
# Installs the Debian packages of those programs that are missing, where that is
# allowed: as root, or by sudo with SIDECAR_INSTALL=1. Elsewhere, and with -n,
# it only prints the command that would. Exit 0 if nothing is missing at the
# end; 1 with that command on the last line of the output.
set -u
PATH=$PATH:/usr/sbin:/sbin # where Debian puts servers and users do not look

dry=
if [ "${1-}" = -n ]; then
	dry=1
	shift
fi

missing() {
	for program in "$@"; do
		if [ "$program" = zookeeper ]; then # a library that java runs, and no program
			[ -e /usr/share/java/zookeeper.jar ] || echo libzookeeper-java
			command -v java >/dev/null || echo default-jre-headless
			continue
		fi
		if [ "$program" = hiredis ]; then # a library, too
			[ -e /usr/include/hiredis/hiredis.h ] || echo libhiredis-dev
			continue
		fi
		command -v "$program" >/dev/null || case $program in
		cc) echo gcc libc6-dev ;;
		c++) echo g++ ;;
		mvn) echo maven ;;
		node) echo nodejs ;;
		javac) echo default-jdk-headless ;;
		redis-cli | redis-benchmark) echo redis-tools ;;
		tclsh) echo tcl ;;
		*) echo "$program" ;;
		esac
	done
}

packages=$(missing "$@" | xargs)
[ -n "$packages" ] || exit 0

sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
# A server that is installed for tests must not start as a service: policy-rc.d
# is how Debian is told so.
policy=/usr/sbin/policy-rc.d
install() {
	local made=
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null && $sudo chmod 755 $policy && made=1
	fi
	$sudo apt-get update -qq
	# shellcheck disable=SC2086 # one word a package
	$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages
	[ -z "$made" ] || $sudo rm -f $policy
}

if [ -z "$dry" ] && command -v apt-get >/dev/null && { [ -z "$sudo" ] || [ "${SIDECAR_INSTALL-}" = 1 ]; }; then
	log=$(mktemp)
	install >"$log" 2>&1 || cat "$log" >&2
	rm -f "$log"
	packages=$(missing "$@" | xargs)
	[ -n "$packages" ] || exit 0
fi
if [ -n "$sudo" ]; then
	echo "SIDECAR_INSTALL=1 scripts/install.sh $*"
else
	echo "scripts/install.sh $*"
fi
exit 1
