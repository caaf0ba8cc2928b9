#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: tun veth
# programs: openvpn openssl
"""Device type exec: tunnels of OpenVPN against a real server on a far side, through the helper of the project."""
import os
import shutil
import signal
import subprocess
import time

import far_side
from links import *

HELPERS, FOLDER = "/tmp/helpers", "/tmp/openvpn"
SERVER = f"{far_side.FOLDER}/openvpn"


def do(*words, **keys):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **keys)
    check(done.returncode == 0, f"{words}: {done.stdout.decode(errors='replace')}")
    return done.stdout.decode()


def in_far(*words):
    return do(*far_side.IN_FAR, *words)


# ---- the two sides and the network between them ----

shutil.copytree("/mnt/build/helpers", HELPERS)
os.makedirs("/dev/net", exist_ok=True)
if not os.path.exists("/dev/net/tun"):
    os.mknod("/dev/net/tun", 0o600 | 0o020000, os.makedev(10, 200))
do("ip", "link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", far_side.NETWORK)
do("ip", "addr", "add", "192.0.2.2/24", "dev", "near0")
do("ip", "link", "set", "near0", "up")
in_far("ip", "addr", "add", "192.0.2.1/24", "dev", "far0")
in_far("ip", "link", "set", "far0", "up")


def certificate(name, subject):
    do("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "36500",
       "-keyout", f"{name}.key", "-out", f"{name}.crt", "-subj", f"/CN={subject}", env={**os.environ, "RANDFILE": "/tmp/rnd"})


os.makedirs(FOLDER)
certificate(SERVER, "vpn server")
certificate(f"{FOLDER}/other", "somebody else")
shutil.copy(f"{SERVER}.crt", f"{FOLDER}/server.crt")
write(f"{SERVER}.users", f"{USER}\n{SECRET}\n{OTHER}\n{OTHER_SECRET}\n")
write(f"{SERVER}.verify", '#!/bin/sh\n{ read -r user; read -r secret; } < "$1"\n'
      f'while read -r name && read -r word; do [ "$name" = "$user" ] && [ "$word" = "$secret" ] && exit 0; done < {SERVER}.users\nexit 1\n', 0o700)
write(f"{SERVER}.conf", f"""
dev tun9
dev-type tun
topology subnet
server 10.98.1.0 255.255.255.0
ca {SERVER}.crt
cert {SERVER}.crt
key {SERVER}.key
dh none
verify-client-cert none
username-as-common-name
script-security 2
auth-user-pass-verify {SERVER}.verify via-file
tmp-dir {far_side.FOLDER}
keepalive 1 4
push "dhcp-option DNS 10.98.1.53"
push "redirect-gateway def1"
verb 1
""")
CLIENT = f"client\ndev tun\nca {FOLDER}/server.crt\nremote-cert-tls server\nnobind\nhand-window 8\nverb 3\n"
CLIENT = CLIENT.replace("remote-cert-tls server\n", "")
write(f"{FOLDER}/udp.conf", f"{CLIENT}proto udp\nremote 192.0.2.1 1194\n")
write(f"{FOLDER}/dead.conf", f"{CLIENT}proto tcp-client\nremote 192.0.2.1 1199\n")
write(f"{FOLDER}/silent.conf", f"{CLIENT}proto udp\nremote 192.0.2.77 1194\n")
write(f"{FOLDER}/stranger.conf", f"{CLIENT}proto udp\nremote 192.0.2.1 1194\n".replace("server.crt", "other.crt"))
write(f"{FOLDER}/broken.conf", f"{CLIENT}no-such-option\n")


class OpenVpnServer:
    def __init__(self):
        self.child = None

    def start(self):
        self.child = subprocess.Popen([*far_side.IN_FAR, "/usr/sbin/openvpn", "--config", f"{SERVER}.conf"],
                                      stdin=subprocess.DEVNULL, stdout=open(f"{SERVER}.log", "ab"), stderr=subprocess.STDOUT)
        until(lambda: ":04AA" in in_far("cat", "/proc/net/udp"), 20, lambda: f"the server listens\n{read(f'{SERVER}.log').decode()}")

    def stop(self, number=signal.SIGTERM):
        self.child.send_signal(number)
        self.child.wait(10)


server_ = OpenVpnServer()
server_.start()


# ---- the phonebook ----

def openvpn(name, destination="udp", user=USER, secret=SECRET, **keys):
    keys["environment"] = {"OPENVPN_DIR": FOLDER}
    keys.update(user_name=user, **({"secret": secret} if secret else {}))
    return entry(name, "exec", device_name="openvpn", destination=destination, **keys)


links = Links([
    openvpn("vpn"),
    openvpn("other", user=OTHER, secret=OTHER_SECRET),
    openvpn("wrong", secret="wrong"),
    openvpn("no-secret", user=USER, secret=""),
    openvpn("dead", "dead"),
    openvpn("silent", "silent", dial_timeout=60),
    openvpn("waits", "silent"),
    openvpn("stranger", "stranger"),
    openvpn("broken", "broken"),
    openvpn("missing", "missing"),
    openvpn("path", "../openvpn/udp"),
    openvpn("again", redial_max=20, redial_pause=1, redial_on_drop=True),
], agent={"helper_dir": HELPERS}, helpers=True)
lab = links.lab


def ping(place):
    return subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-s", "500", "-w", "10", place], stdout=subprocess.PIPE, check=False)


@test(90)
def openvpn_up():
    """OpenVPN: up with a real address, a ping through it, counters that move, hang-up; no default route that was not asked for"""
    row = links.up("vpn")
    equal((address(row["LocalAddr"]), address(row["PeerAddr"])), ("10.98.1.2", "10.98.1.1"))
    check(row["IfName"].startswith("tun") and os.path.exists(f"/sys/class/net/{row['IfName']}"), row["IfName"])
    roles = {(r["Role"], address(r["Addr"])) for r in lab.table("rasAddrTable", "rasAddr").values()}
    check(("dns", "10.98.1.53") in roles, roles)
    equal(do("ip", "route", "show", "0.0.0.0/1"), "")
    done = ping("10.98.1.1")
    equal(done.returncode, 0, done.stdout.decode())
    i = links.index["vpn"]
    until(lambda: lab.get(f"rasStatsCallInOctets.{i}") >= 1500, 20, "octets are counted")
    row = links.hang_up("vpn")
    equal((row["LastCause"], row["LastErrorCode"]), ("localRequest", 631))
    check(lab.history(i)[-1]["InOctets"] >= 1500, "octets in the history")


@test(120)
def openvpn_fails():
    """OpenVPN: wrong password, none, nobody there, a server that nobody trusts, a configuration that is broken or missing"""
    links.fails("wrong", 691, "authFailure")
    links.fails("no-secret", 691, "authFailure")
    links.fails("dead", 809, "serverUnreachable")
    links.fails("silent", 809, "serverUnreachable")
    links.fails("stranger", 778, "peerAuthFailure")
    links.fails("broken", 625, "configError")
    links.fails("missing", 623, "configError")
    links.fails("path", 749, "badAddress")


@test(60)
def openvpn_other_secret():
    """OpenVPN: a secret that is not ASCII"""
    links.up("other")
    links.hang_up("other")


@test(120)
def openvpn_lost():
    """OpenVPN: a server that ends, one that is silent, one that comes back"""
    links.up("vpn")
    links.dial("again")
    links.comes_up("again")
    server_.child.send_signal(signal.SIGSTOP)
    links.lost("vpn", 721, "peerDead")
    server_.child.send_signal(signal.SIGCONT)
    server_.stop()
    server_.start()
    # It may not have noticed yet.
    until(lambda: links.row("again")["Drops"] >= 1, 60, "the loss is noticed")
    equal(lab.wait(links.index["again"], "up", "failed", timeout=60)["OperStatus"], "up", links.attempt_log("again"))
    links.hang_up("again")


@test(120)
def openvpn_outlives():
    """OpenVPN: the tunnel outlives kill -9 of the agent, and is hung up by the next one; an attempt does not"""
    before = links.up("vpn")
    lab.kill_agent()
    equal(ping("10.98.1.1").returncode, 0)
    lab.start_agent()
    row = lab.wait(links.index["vpn"], "up")
    for column in ("CallId", "ProcessId", "StartTime", "IfName", "LocalAddr"):
        equal(row[column], before[column], column)
    links.hang_up("vpn")
    links.dial("waits")
    until(lambda: "openvpn" in ours().values(), 20, "OpenVPN runs")
    until(lambda: lab.conn(links.index["waits"])["State"] != "openPort", 20, "it is connecting")
    lab.kill_agent()
    lab.start_agent()
    links.agrees("waits", links.ended("waits"), 834, "internalError")
    links.nothing_left()


@test(60)
def openvpn_killed():
    """OpenVPN: it is killed, and so is its helper"""
    pid = links.up("vpn")["ProcessId"]
    os.kill(next(p for p in ours() if p != pid and ours()[p] == "openvpn"), signal.SIGKILL)
    links.lost("vpn", 829, "linkLost")
    pid = links.up("vpn")["ProcessId"]
    os.kill(pid, signal.SIGKILL)
    links.lost("vpn", 829, "linkLost")
    links.nothing_left()


links.run()
