# SPDX-License-Identifier: BSD-2-Clause
"""The helpers for NetworkManager, ModemManager and WireGuard, against stand-ins that record how they are called and answer as the
programs do, word for word where the helpers look at words."""
import os
import re
import shutil

from harness import *

USER, SECRET = "user-of-tests", "secret \"of\" $(tests)"

# What each program is in these tests. $R is a folder; what is called is written to $R/calls, one line each.
RECORD = '#!/bin/sh\nline=${0##*/}; for word; do line="$line <$word>"; done; printf "%s\\n" "$line" >> "$R/calls"\n'
STANDINS = {
    "nmcli": r'''
case "$*" in
*"RUNNING general") echo running ;;
*"connection.type"*) echo vpn ;;
*"connection.uuid"*) [ "$RAS_DESTINATION" = unknown ] || echo 0b1c2d3e ;;
*"GENERAL.STATE"*) [ ! -e "$R/nm-up" ] || echo activated ;;
*"connection up"*)
	case "$*" in *passwd-file*) cat /dev/stdin > "$R/nm-secret" ;; esac
	case $RAS_DESTINATION in
	"wrong secret") echo "Error: Connection activation failed: Secrets were required, but not provided." >&2; exit 4 ;;
	"no device") echo "Error: Connection activation failed: No suitable device found for this connection (device lo not available)." >&2; exit 4 ;;
	slow) exec sleep 1000 ;;
	esac
	touch "$R/nm-up"; echo "Connection successfully activated" ;;
*"connection down"*) rm -f "$R/nm-up" ;;
*"GENERAL,IP4,IP6"*)
	echo "GENERAL.NAME:office"; echo "GENERAL.DEVICES:lo"; echo "GENERAL.IP-IFACE:lo"; echo "GENERAL.STATE:activated"
	echo "IP4.ADDRESS[1]:127.0.8.2/24"; echo "IP4.GATEWAY:127.0.8.1"; echo "IP4.DNS[1]:127.0.8.53"; echo "IP6.ADDRESS[1]:2001:db8::2/64"
	echo "IP6.GATEWAY:" ;;
esac
''',
    "mmcli": r'''
case "$*" in
*--simple-connect*)
	case $RAS_DESTINATION in
	nobody) echo "error: couldn't connect the modem: 'GDBus.Error:org.freedesktop.ModemManager1.Error.MobileEquipment.NotAllowed: Not registered'" >&2; exit 1 ;;
	esac
	touch "$R/mm-up"; echo "successfully connected the modem" ;;
*--simple-disconnect*) rm -f "$R/mm-up"; echo "successfully disconnected all bearers in the modem" ;;
*--modem*)
	[ ! -e "$R/mm-gone" ] || { echo "error: couldn't find modem" >&2; exit 1; }
	echo "modem.generic.state             : registered"
	echo "modem.generic.bearers.length    : 1"; echo "modem.generic.bearers.value[1]  : /org/freedesktop/ModemManager1/Bearer/0" ;;
*--bearer*)
	if [ -e "$R/mm-up" ]; then echo "bearer.status.connected          : yes"; else echo "bearer.status.connected          : no"; fi
	echo "bearer.status.interface          : lo"
	case $RAS_DESTINATION in
	ppp) echo "bearer.ipv4-config.method        : ppp" ;;
	*) echo "bearer.ipv4-config.method        : static" ;;
	esac
	echo "bearer.ipv4-config.address       : 127.0.9.2"; echo "bearer.ipv4-config.prefix        : 30"
	echo "bearer.ipv4-config.gateway       : 127.0.9.1"; echo "bearer.ipv4-config.dns.length    : 1"
	echo "bearer.ipv4-config.dns.value[1]  : 127.0.9.53"
	echo "bearer.ipv6-config.method        : --" ;;
esac
''',
    "wg-quick": r'''
case $1 in
up)
	case $2 in
	missing) echo "wg-quick: \`/etc/wireguard/missing.conf' does not exist" >&2; exit 1 ;;
	nodriver) echo "Error: Unknown device type." >&2; echo "Unable to access interface: Protocol not supported" >&2; exit 1 ;;
	esac
	touch "$R/wg-up"; echo "[#] ip link add lo type wireguard" >&2 ;;
down) rm -f "$R/wg-up" ;;
esac
''',
    "wg": r'''
[ -e "$R/wg-up" ] || { [ "$RAS_DESTINATION" != busy ] || exit 0; echo "Unable to access interface: No such device" >&2; exit 1; }
case "$*" in
set*private-key*) cat /dev/stdin > "$R/wg-secret" ;;
*latest-handshakes) if [ -e "$R/wg-old" ]; then echo "PEER 1000"; elif [ -e "$R/wg-answer" ]; then echo "PEER $(date +%s)"; else echo "PEER 0"; fi ;;
*persistent-keepalive) [ -e "$R/wg-keepalive" ] && echo "PEER 25" || echo "PEER off" ;;
esac
''',
    # Nothing of this machine's network is to be changed.
    "ip": '[ "$2" != addr ] || echo "1: lo    inet 127.0.7.2/24 scope global lo"\n',
}

lab = Lab(agent={"hang_up_timeout": 10, "log": {"level": "debug"}})
HELPERS, PROGRAMS, R = f"{lab.dir}/helpers", f"{lab.dir}/programs", f"{lab.dir}/record"
INDEX = {}


def made():
    for folder in (PROGRAMS, R):
        os.mkdir(folder)
    shutil.copytree(os.path.join(os.path.dirname(RASDIALD), "helpers"), HELPERS)
    os.chmod(HELPERS, 0o755)
    for name, script in STANDINS.items():
        with open(f"{PROGRAMS}/{name}", "w", encoding="utf-8") as file:
            file.write(RECORD + script)
        os.chmod(f"{PROGRAMS}/{name}", 0o755)


def entry(helper, destination, path=None, **keys):
    name = f"{helper} {destination}"
    INDEX[name] = len(INDEX) + 1
    return {"name": name, "index": INDEX[name], "device_type": "exec", "device_name": helper, "destination": destination,
            "dial_timeout": 30, "redial_max": 0, **keys,
            "environment": {"RASDIAL_LAB": lab.dir, "R": R, "PATH": path or f"{PROGRAMS}:/usr/bin:/bin", **keys.get("environment", {})}}


made()
lab.write_config([
    entry("networkmanager", "office", secret=SECRET),
    entry("networkmanager", "wrong secret"), entry("networkmanager", "no device"), entry("networkmanager", "unknown"),
    entry("networkmanager", "slow"), entry("networkmanager", "-x"),
    entry("networkmanager", "nowhere", path="/usr/bin:/bin" if not shutil.which("nmcli") else PROGRAMS),
    entry("modemmanager", "internet", options=["default-route"]),
    entry("modemmanager", "nobody"), entry("modemmanager", "ppp"), entry("modemmanager", "private", secret=SECRET),
    entry("modemmanager", "named", user_name=USER), entry("modemmanager", "a,pin=1"),
    entry("wireguard", "lo", secret=SECRET), entry("wireguard", "missing"), entry("wireguard", "nodriver"), entry("wireguard", "../lo"),
    entry("wireguard", "busy"),
    entry("openvpn", "nothing", environment={"OPENVPN_DIR": R}), entry("openvpn", "../up"), entry("strongswan", "a b"),
], {"helper_dir": HELPERS})


def calls():
    """What was called since the last time."""
    path = f"{R}/calls"
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    os.unlink(path)
    check(not any(SECRET in line or USER in line for line in lines), "a secret or user name is among the arguments")
    return lines


def content(name):
    with open(f"{R}/{name}", encoding="utf-8") as file:
        return file.read()


def mark(name, there=True):
    if there:
        open(f"{R}/{name}", "w", encoding="utf-8").close()
    elif os.path.exists(f"{R}/{name}"):
        os.unlink(f"{R}/{name}")


def attempt_log(name):
    with open(f"{lab.run_dir}/{INDEX[name]}.log", encoding="utf-8", errors="replace") as file:
        return file.read()


def up(name):
    calls()
    lab.dial(INDEX[name])
    row = lab.wait(INDEX[name], "up", "failed", timeout=20)
    equal(row["OperStatus"], "up", f"{row['LastErrorText']}\n{attempt_log(name)}")
    return row


def down(name):
    lab.hang_up(INDEX[name])
    lab.wait(INDEX[name], "down", timeout=15)


def fails(name, code, text=""):
    calls()
    lab.dial(INDEX[name])
    row = lab.wait(INDEX[name], "failed", timeout=20)
    equal(row["LastErrorCode"], code, f"{row['LastErrorText']}\n{attempt_log(name)}")
    check(text in row["LastErrorText"], row["LastErrorText"])


def lost(name, code):
    row = lab.wait(INDEX[name], "failed", timeout=20)
    equal(row["LastErrorCode"], code, row["LastErrorText"])


def address(octets):
    return ".".join(str(o) for o in octets)


@test(60)
def networkmanager():
    """nmcli: up with interface and addresses, the secret through standard input, down at the hang-up, loss"""
    name = "networkmanager office"
    row = up(name)
    equal((row["IfName"], address(row["LocalAddr"]), address(row["PeerAddr"])), ("lo", "127.0.8.2", "127.0.8.1"))
    equal(content("nm-secret"), f"vpn.secrets.password:{SECRET}\n")
    check("nmcli <--wait> <86400> <connection> <up> <office> <passwd-file> </dev/stdin>" in calls(), "how nmcli was called")
    down(name)
    check("nmcli <--wait> <4> <connection> <down> <office>" in calls(), "it is taken down")
    check(not os.path.exists(f"{R}/nm-up"), "down")
    up(name)
    mark("nm-up", False)
    lost(name, 829)
    mark("nm-up")
    fails(name, 756)
    check(os.path.exists(f"{R}/nm-up"), "a connection of somebody else stays up")
    mark("nm-up", False)


@test(60)
def networkmanager_fails():
    """nmcli: refused secrets, no device, unknown names, no program; hang-up while it connects"""
    fails("networkmanager wrong secret", 691, "ecrets were required")
    fails("networkmanager no device", 608)
    fails("networkmanager unknown", 749)
    fails("networkmanager -x", 749)
    if not shutil.which("nmcli"):
        fails("networkmanager nowhere", 609, "nmcli is not installed (package network-manager)")
    lab.dial(INDEX["networkmanager slow"])
    until(lambda: "connection> <up> <slow>" in "".join(calls()), 10, "nmcli connects")
    down("networkmanager slow")
    check("nmcli <--wait> <4> <connection> <down> <slow>" in calls(), "it is taken down")


@test(60)
def modemmanager():
    """mmcli: up with address, route and name server, all taken back at the hang-up; loss; nothing secret in arguments"""
    name = "modemmanager internet"
    row = up(name)
    equal((row["IfName"], address(row["LocalAddr"]), address(row["PeerAddr"])), ("lo", "127.0.9.2", "127.0.9.1"))
    called = calls()
    for line in ("mmcli <--modem=any> <--simple-connect=apn=internet>", "ip <link> <set> <lo> <up>",
                 "ip <addr> <add> <127.0.9.2/30> <dev> <lo>", "ip <-4> <route> <add> <default> <via> <127.0.9.1> <dev> <lo>"):
        check(line in called, f"{line} in {called}")
    down(name)
    called = calls()
    for line in ("mmcli <--modem=any> <--simple-disconnect>", "ip <addr> <flush> <dev> <lo>", "ip <link> <set> <lo> <down>"):
        check(line in called, f"{line} in {called}")
    up(name)
    mark("mm-up", False)
    lost(name, 829)


@test(60)
def modemmanager_fails():
    """mmcli: not registered, a bearer of PPP, no modem; secrets and user names are refused, as are other settings"""
    fails("modemmanager nobody", 679)
    fails("modemmanager ppp", 720, "cellular")
    check(not any("ip <" in line for line in calls()), "no interface was touched")
    mark("mm-gone")
    fails("modemmanager internet", 608)
    mark("mm-gone", False)
    for name in ("modemmanager private", "modemmanager named"):
        fails(name, 625, "profile of the modem")
        equal(calls(), [])
    fails("modemmanager a,pin=1", 749)
    equal(calls(), [])


@test(60)
def wireguard():
    """wg-quick: up, with keep-alive once a peer has answered, the key through standard input; loss of interface and of the peer"""
    name = "wireguard lo"
    row = up(name)
    equal((row["IfName"], address(row["LocalAddr"])), ("lo", "127.0.7.2"))
    equal(content("wg-secret"), SECRET + "\n")
    check("wg-quick <up> <lo>" in calls(), "wg-quick is called")
    down(name)
    check("wg-quick <down> <lo>" in calls(), "wg-quick is called")
    mark("wg-keepalive")
    lab.dial(INDEX[name])
    lab.wait(INDEX[name], "authenticating")
    equal(lab.status(INDEX[name]), "authenticating")
    mark("wg-answer")
    lab.wait(INDEX[name], "up")
    mark("wg-old")
    lost(name, 721)
    mark("wg-old", False)
    up(name)
    mark("wg-up", False)
    lost(name, 829)
    for file in ("wg-keepalive", "wg-answer"):
        mark(file, False)


@test(60)
def wireguard_fails():
    """wg-quick: a configuration that is missing, a kernel without WireGuard, an interface that is there already, bad names"""
    fails("wireguard missing", 625, "does not exist")
    fails("wireguard nodriver", 609)
    fails("wireguard ../lo", 749)
    fails("wireguard busy", 756)
    check(not any(re.match("wg-quick <down>", line) for line in calls()), "the interface of somebody else stays")


@test()
def names():
    """OpenVPN and strongSwan: destinations that lead elsewhere"""
    if shutil.which("openvpn", path=os.environ["PATH"] + ":/usr/sbin"):
        fails("openvpn nothing", 623)
    fails("openvpn ../up", 749)
    if shutil.which("swanctl", path="/usr/bin:/bin"):
        fails("strongswan a b", 749)


run(lab)
