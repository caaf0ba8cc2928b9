#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# What one would write to dial by SET without rasdial: a script for pass_persist, see snmpd.conf(5). ROOT.N is 1 once line N has
# been dialed, else 0; to set it to 1 dials. In the place of pppd stands sleep, which takes less to start.
#
#   dial_pass.sh ROOT
root=$1
dialed=" "

answer() {
	case $dialed in
	*" ${1#"$root".} "*) printf '%s\ninteger\n1\n' "$1" ;;
	*) printf '%s\ninteger\n0\n' "$1" ;;
	esac
}

while read -r command; do
	case $command in
	PING)
		echo PONG
		;;
	get)
		read -r oid
		answer "$oid"
		;;
	getnext)
		read -r oid
		echo NONE
		;;
	set)
		read -r oid
		read -r type value
		if [ "$type $value" = "integer 1" ]; then
			sleep 600 < /dev/null > /dev/null 2>&1 &
			dialed="$dialed${oid#"$root".} "
			echo DONE
		else
			echo wrong-value
		fi
		;;
	esac
done
