#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The main job in a minute: a private snmpd, snmptrapd and rasdiald on loopback, in a throw-away folder, as any user.
# KEEP=1 leaves them running. Usually called by "make demo".
set -u

top=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
build=$(realpath -m "${BUILD:-$top/build}")
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
pids=()
folder=

# ---- talking ----

bold= green= plain=
if [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\033[1m' green=$'\033[32m' plain=$'\033[0m'
fi

chapter()
{
	printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# Shows a command, and does it.
try()
{
	printf '%s$ %s%s\n' "$green" "$1" "$plain"
	eval "$1"
}

give_up()
{
	printf 'demo: %s\n' "$*" >&2
	for log in "$folder"/*.log; do
		[ -s "$log" ] && printf -- '--- %s\n' "${log##*/}" >&2 && tail -n 15 "$log" >&2
	done
	exit 1
}

# ---- starting and ending ----

# Repeats a command until it succeeds, at most so many seconds.
within()
{
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# Starts a program in the background, out of reach of Ctrl-C, which is ours to handle.
start()
{
	setsid "$@" </dev/null >>"$folder/${1##*/}.log" 2>&1 &
	pids+=($!)
}

end_programs()
{
	local pid
	[ ${#pids[@]} -eq 0 ] && return
	kill "${pids[@]}" 2>/dev/null
	within 6 none_alive || kill -KILL "${pids[@]}" 2>/dev/null
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
	pids=()
}

none_alive()
{
	! kill -0 "${pids[@]}" 2>/dev/null
}

clean_up()
{
	trap '' INT TERM HUP
	end_programs
	[ -z "$folder" ] || rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Is the UDP port of loopback taken?
taken()
{
	grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") " /proc/net/udp
}

free_port()
{
	local port
	for _ in {1..100}; do
		port=$((20000 + RANDOM % 10000))
		taken $port || { echo $port; return; }
	done
	return 1
}

answers()
{
	local value
	value=$(snmpget -v2c -c private -OQv -t 0.3 -r 0 "$host" "$1" 2>/dev/null) && [[ $value != "No Such"* ]]
}

prepare()
{
	folder=$(mktemp -d "${TMPDIR:-/tmp}/rasdial-demo.XXXXXX") || exit 1
	# Nothing of the machine's own settings is used, and nothing is written outside of the folder.
	export SNMPCONFPATH=$folder/none SNMP_PERSISTENT_DIR=$folder/persistent LC_ALL=C
	export MIBS=SNMPv2-MIB:RASDIAL-MIB MIBDIRS=$top/mibs:$top/tests/mibs:/usr/share/snmp/mibs

	cat >"$folder/rasdial.yaml" <<-'END'
	agent:
	  name: demo
	  allow-snmp-entries: true
	entries:
	  - name: head-office
	    index: 1
	    descr: connects
	    device-type: loopback
	    destination: setup=3s
	  - name: branch
	    index: 2
	    descr: wrong password
	    device-type: loopback
	    destination: setup=1s,fail=691
	  - name: depot
	    index: 3
	    descr: busy at first
	    device-type: loopback
	    destination: setup=1s,fail=676,fails=2
	    redial-max: 5
	    redial-pause: 3
	END
	chmod 600 "$folder/rasdial.yaml"
	echo "disableAuthorization yes" >"$folder/snmptrapd.conf"
}

# Another program may take a port between the look and the use: then it is tried again with another one.
start_console()
{
	for _ in {1..5}; do
		console=127.0.0.1:$(free_port) || break
		start snmptrapd -f -C -c "$folder/snmptrapd.conf" -n -OQs -Lf "$folder/console.log" \
			-F '%02.2h:%02.2j:%02.2k  notification\n    %V\n    %v\n' "udp:$console"
		within 5 taken "${console#*:}" && kill -0 "${pids[-1]}" 2>/dev/null && return
		kill "${pids[-1]}" 2>/dev/null
	done
	give_up "snmptrapd does not start"
}

start_snmpd()
{
	for _ in {1..5}; do
		host=127.0.0.1:$(free_port) || break
		cat >"$folder/snmpd.conf" <<-END
		agentAddress udp:$host
		rwcommunity private 127.0.0.1
		master agentx
		agentXSocket unix:$folder/agentx
		trap2sink $console
		END
		start snmpd -f -C -c "$folder/snmpd.conf" -I -smux,mteTrigger,mteTriggerConf -Lo
		within 5 answers sysUpTime.0 && return
		kill "${pids[-1]}" 2>/dev/null
	done
	give_up "snmpd does not start"
}

start_rasdiald()
{
	start "$build/rasdiald" -f -c "$folder/rasdial.yaml" -x "unix:$folder/agentx" -s "$folder/state" -r "$folder/run"
	within 10 answers rasVersion.0 || give_up "rasdiald does not answer"
}

# ---- the story ----

# Shows a row's state whenever it has changed, until it is one of those that end a dial.
follow()
{
	local index=$1 now before= end=$((SECONDS + 15))
	printf '%s$ %s%s\n' "$green" "while sleep 0.1; do snmpget $options rasConn{OperStatus,State}.$index; done" "$plain"
	while [ $SECONDS -lt $end ]; do
		now=$(snmpget $options "rasConnOperStatus.$index" "rasConnState.$index")
		[ "$now" = "$before" ] || printf '%s\n' "${now//$'\n'/    }"
		before=$now
		case $now in
		*"OperStatus.$index = up"* | *"OperStatus.$index = failed"* | *"OperStatus.$index = down"*) return ;;
		esac
	done
	give_up "the state does not settle"
}

is_status()
{
	[ "$(snmpget -v2c -c private -OQv "$host" "rasConnOperStatus.$1")" = "$2" ]
}

# Every notification ends with the name of the agent.
console_has()
{
	tail -n +$((console_shown + 1)) "$folder/console.log" | grep -A 99 "$1" | grep -q rasAgentName
}

# What the console has printed since the last look, once it has printed a certain notification.
console_prints()
{
	within 10 console_has "$1" || give_up "the console has not printed $1"
	tail -n +$((console_shown + 1)) "$folder/console.log"
	console_shown=$(wc -l <"$folder/console.log")
}

tell()
{
	options="-v2c -c private -OQs $host"
	console_shown=$(wc -l <"$folder/console.log")

	chapter "The phonebook: what can be dialed. Three simulated lines, so that nothing needs to be attached."
	try "snmptable -v2c -c private -Ci -Cb $host rasPhonebookTable | cut -c 1-100"

	chapter "One snmpset dials. It is answered at once; a thread of rasdiald carries the dial."
	try "snmpset $options rasConnAction.1 = dial"
	chapter "The states as they pass:"
	follow 1
	chapter "The row of the connection:"
	try "snmpget $options rasConn{OperStatus,CallId,StartTime,Duration,Attempts,IfName,LastCause}.1"
	chapter "The console was told (snmptrapd prints):"
	console_prints rasConnected

	chapter "Another dial, which the far end refuses: the SET succeeds nevertheless, since it was accepted."
	try "snmpset $options rasConnAction.2 = dial"
	follow 2
	chapter "The alarm on the console:"
	console_prints rasRedialExhausted
	chapter "And why, for anybody who asks later:"
	try "snmpget $options rasConn{LastCause,LastErrorCode,LastErrorText,LastErrorState,LastErrorTime,ConsecutiveFailures}.2"

	chapter "Hanging up the first connection:"
	try "snmpset $options rasConnAction.1 = hangUp"
	within 10 is_status 1 down || give_up "the connection does not go down"
	try "snmpget $options rasConnOperStatus.1 rasConnLastCause.1"
	chapter "The console knows that this was on request, and no loss:"
	console_prints rasDisconnected

	chapter "A new entry, made from the management station (kept on disk before the answer), and dialed:"
	try "snmpset $options rasEntryName.4 = depot-2 rasEntryDeviceType.4 = loopback \\
	rasEntryDestination.4 = setup=500ms rasEntryRowStatus.4 = createAndGo"
	try "snmpset $options rasConnAction.4 = dial"
	follow 4
	chapter "And gone again:"
	try "snmpset $options rasConnAction.4 = hangUp"
	within 10 is_status 4 down || give_up "the connection does not go down"
	try "snmpset $options rasEntryRowStatus.4 = destroy"

	chapter "The history of all calls:"
	try "snmptable -v2c -c private -Ci -Cb -Cw 100 $host rasHistTable"
}

leave_running()
{
	cat >"$folder/stop" <<-END
	#!/bin/bash
	kill ${pids[*]}
	for _ in {1..60}; do
		kill -0 ${pids[*]} 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL ${pids[*]} 2>/dev/null
	rm -rf '$folder'
	END
	cat >"$folder/env" <<-END
	export MIBS=$MIBS MIBDIRS=$MIBDIRS
	END
	chmod +x "$folder/stop"
	chapter "All of it goes on running. To try, in this or another shell:"
	cat <<-END
	. $folder/env
	snmpset $options rasConnAction.3 = dial     # busy twice, then it connects
	snmpwalk $options rasConnTable
	snmptable -v2c -c private -Ci -Cb -Cw 100 $host rasHistTable
	snmpset $options rasMaxConcurrentDials.0 = 1
	tail -f $folder/console.log                 # the notifications
	tail -f $folder/rasdiald.log
	vi $folder/rasdial.yaml; kill -HUP ${pids[-1]}

	To end it: $folder/stop
	END
	folder= pids=()
}

for program in snmpd snmptrapd snmpget snmpset snmptable setsid "$build/rasdiald"; do
	command -v "$program" >/dev/null || give_up "$program is missing"
done
prepare
chapter "A private snmpd, snmptrapd and rasdiald start on loopback, below $folder"
start_console
start_snmpd
start_rasdiald
tell
[ "${KEEP:-}" = 1 ] && leave_running
chapter "That was it."
exit 0
