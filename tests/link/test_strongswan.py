#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
# modules: veth xfrm_user esp4 xfrm_algo hmac cbc authenc sha512_generic jitterentropy_rng drbg echainiv
# programs: swanctl
"""Device type exec: tunnels of strongSwan, IPsec in the guest's kernel, against another strongSwan on a far side."""
import os
import shutil
import signal
import subprocess

import far_side
from links import *

HELPERS, NEAR, FAR = "/tmp/helpers", "/tmp/swan", f"{far_side.FOLDER}/swan"
CHARON = "/usr/lib/ipsec/charon"
PLUGINS = ("random nonce aes sha1 sha2 hmac kdf md5 gmp pem pkcs1 x509 pubkey kernel-netlink socket-default "
           "vici eap-identity eap-md5 updown")

for needed in (CHARON, "/usr/lib/ipsec/plugins/libstrongswan-eap-md5.so"):
    if not os.path.exists(needed):
        print(f"1..0 # SKIP {needed} is not installed")
        raise SystemExit(0)


def do(*words, env=None):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, env={**os.environ, **(env or {})})
    text = done.stdout.decode(errors="replace")
    check(done.returncode == 0, f"{words}: {text}")
    return text


def in_far(*words, env=None):
    return do(*far_side.IN_FAR, *words, env=env)


# ---- the two sides and the network between them ----

shutil.copytree("/mnt/build/helpers", HELPERS)
do("ip", "link", "add", "near0", "type", "veth", "peer", "name", "far0", "netns", far_side.NETWORK)
do("ip", "addr", "add", "192.0.2.2/24", "dev", "near0")
do("ip", "link", "set", "near0", "up")
in_far("ip", "addr", "add", "192.0.2.1/24", "dev", "far0")
in_far("ip", "link", "set", "far0", "up")
in_far("ip", "addr", "add", "10.97.1.1/32", "dev", "lo")


class Daemon:
    """A charon with a folder of its own."""

    def __init__(self, folder, run, prefix, conf):
        self.folder, self.run, self.prefix = folder, run, list(prefix)
        self.env = {"STRONGSWAN_CONF": f"{folder}/strongswan.conf", "SWANCTL_DIR": folder}
        os.makedirs(folder, mode=0o700)
        write(f"{folder}/strongswan.conf", f"charon {{\n load = {PLUGINS}\n retransmit_tries = 2\n retransmit_timeout = 1\n"
              f" filelog {{\n log {{\n path = {folder}/log\n default = 1\n flush_line = yes\n }}\n }}\n}}\nswanctl {{\n load = pem pkcs1 x509 random\n}}\n")
        write(f"{folder}/swanctl.conf", conf)
        self.child = None

    def start(self):
        self.child = subprocess.Popen([*self.prefix, CHARON], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL, env={**os.environ, **self.env})
        until(lambda: os.path.exists(f"{self.run}/charon.vici"), 20, lambda: "charon runs\n" + read(f"{self.folder}/log").decode())
        self.ctl("--load-all", "--noprompt")

    def tell(self):
        say(f"--- end of {self.folder}/log")
        say("\n".join(read(f"{self.folder}/log").decode(errors="replace").splitlines()[-40:]))

    def ctl(self, *words):
        return do(*self.prefix, "swanctl", *words, env=self.env)


CHILD = "esp_proposals = aes128-sha256\n"
near = Daemon(NEAR, "/run", (), f"""
connections {{
  gateway {{
    remote_addrs = 192.0.2.1
    vips = 0.0.0.0
    proposals = aes128-sha256-modp2048
    dpd_delay = 2
    local {{
      auth = eap
      eap_id = {USER}
      id = caller
    }}
    remote {{
      auth = psk
      id = gateway
    }}
    children {{
      net {{
        remote_ts = 10.97.1.0/24
        {CHILD}
      }}
      other {{
        remote_ts = 10.97.7.0/24
        {CHILD}
      }}
    }}
  }}
  nowhere {{
    remote_addrs = 192.0.2.99
    proposals = aes128-sha256-modp2048
    local {{
      auth = psk
    }}
    remote {{
      auth = psk
    }}
    children {{
      silent {{
        {CHILD}
      }}
    }}
  }}
}}
secrets {{
  ike-gateway {{
    id = gateway
    secret = "of the gateway"
  }}
}}
""")
far = Daemon(FAR, f"{far_side.FOLDER}/run", far_side.IN_FAR, f"""
connections {{
  callers {{
    local_addrs = 192.0.2.1
    pools = pool
    proposals = aes128-sha256-modp2048
    local {{
      auth = psk
      id = gateway
    }}
    remote {{
      auth = eap-md5
      id = caller
      eap_id = %any
    }}
    children {{
      net {{
        local_ts = 10.97.1.0/24
        {CHILD}
      }}
    }}
  }}
}}
pools {{
  pool {{
    addrs = 10.97.2.0/24
  }}
}}
secrets {{
  eap-caller {{
    id = {USER}
    secret = 0x{SECRET.encode().hex()}
  }}
  ike-gateway {{
    id = gateway
    secret = "of the gateway"
  }}
}}
""")
near.start()
far.start()


# ---- the phonebook ----

def tunnel(name, destination="gateway/net", secret=SECRET, **keys):
    if secret:
        keys["secret"] = secret
    return entry(name, "exec", device_name="strongswan", destination=destination, user_name=USER, **keys)


links = Links([
    tunnel("tunnel", "net"),
    tunnel("whole"),
    tunnel("wrong", secret="wrong"),
    tunnel("other", "gateway/other"),
    tunnel("silent", "silent", secret=None),
    tunnel("unknown", "nosuchchild"),
    tunnel("bad", "a b"),
], agent={"helper_dir": HELPERS}, helpers=True)
lab = links.lab


def ping():
    return subprocess.run(["ping", "-n", "-c", "3", "-i", "0.2", "-s", "500", "-w", "10", "10.97.1.1"], stdout=subprocess.PIPE, check=False)


def no_policies():
    until(lambda: "10.97" not in do("ip", "xfrm", "policy"), 10, "policies are gone")


@test(90)
def strongswan_up():
    """strongSwan: up with EAP, a ping through the tunnel, counters that move, hang-up"""
    for name in ("tunnel", "whole"):
        try:
            row = links.up(name)
        except AssertionError:
            far.tell()
            raise
        equal(address(row["LocalAddr"]), "10.97.2.1")
        done = ping()
        equal(done.returncode, 0, done.stdout.decode())
        i = links.index[name]
        until(lambda n=i: lab.get(f"rasStatsCallInOctets.{n}") >= 1500, 20, "octets are counted")
        row = links.hang_up(name)
        equal((row["LastCause"], row["LastErrorCode"]), ("localRequest", 631))
        no_policies()


@test(120)
def strongswan_fails():
    """strongSwan: a wrong secret, networks that the peer does not have, nobody there, names that do not exist"""
    links.fails("wrong", 691, "authFailure")
    links.fails("other", 720, "protocolError")
    links.fails("silent", 809, "serverUnreachable")
    links.fails("unknown", 623, "configError")
    links.fails("bad", 749, "badAddress")
    no_policies()


@test(90)
def strongswan_lost():
    """strongSwan: the peer ends the tunnel; the peer is frozen"""
    links.up("tunnel")
    far.ctl("--terminate", "--ike", "callers")
    links.lost("tunnel", 829, "linkLost")
    links.up("tunnel")
    pid = int(read(f"{far_side.FOLDER}/run/charon.pid"))
    os.kill(pid, signal.SIGSTOP)
    try:
        links.lost("tunnel", 829, "linkLost", timeout=60)
    finally:
        os.kill(pid, signal.SIGCONT)


@test(90)
def strongswan_outlives():
    """strongSwan: the tunnel outlives kill -9 of the agent, and is hung up by the next one"""
    before = links.up("tunnel")
    lab.kill_agent()
    equal(ping().returncode, 0)
    lab.start_agent()
    row = lab.wait(links.index["tunnel"], "up")
    for column in ("CallId", "ProcessId", "StartTime", "LocalAddr"):
        equal(row[column], before[column], column)
    links.hang_up("tunnel")
    no_policies()


links.run()
