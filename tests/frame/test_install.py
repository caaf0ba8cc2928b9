# SPDX-License-Identifier: BSD-2-Clause
"""make install and make uninstall, into a folder, with one of the places changed."""

import glob
import os
import stat
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "agent"))

from tap import check, equal, main, test  # noqa: E402

BUILD = os.environ.get("RASDIAL_BUILD", os.path.join(TOP, "build"))
PREFIX = "/usr"
SBINDIR = "/opt/rasdial/sbin"
CONFIG = "etc/rasdial/rasdial.yaml"


def make(target, folder):
    done = subprocess.run(["make", "-C", TOP, f"BUILD={BUILD}", f"DESTDIR={folder}", f"SBINDIR={SBINDIR}", target],
                          capture_output=True, text=True, check=False, env=os.environ | {"MAKEFLAGS": ""})
    check(done.returncode == 0, f"make {target}: {done.stdout}{done.stderr}")


def tree(folder):
    """Paths of all files below, with their mode."""
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            found[os.path.relpath(path, folder)] = stat.S_IMODE(os.stat(path).st_mode)
    return found


def expected():
    prefix = PREFIX.lstrip("/")
    files = {
        f"{SBINDIR.lstrip('/')}/rasdiald": 0o755,
        f"{prefix}/bin/rasdial": 0o755,
        f"{prefix}/lib/rasdial/rasdial-pppd.so": 0o644,
        f"{prefix}/lib/rasdial/rasdial.so": 0o644,
        f"{prefix}/lib/systemd/system/rasdiald.service": 0o644,
        f"{prefix}/share/snmp/mibs/RASDIAL-MIB.txt": 0o644,
        f"{prefix}/share/man/man8/rasdiald.8": 0o644,
        f"{prefix}/share/man/man1/rasdial.1": 0o644,
        f"{prefix}/share/man/man5/rasdial.yaml.5": 0o644,
        CONFIG: 0o600,
    }
    for path in glob.glob(os.path.join(TOP, "plugin/helpers/*")):
        name = os.path.basename(path).removesuffix(".c")
        files[f"{prefix}/libexec/rasdial/{name}"] = 0o644 if name == "functions" else 0o755
    examples = [path for kind in ("yaml", "conf") for path in glob.glob(os.path.join(TOP, "config", f"*.{kind}"))]
    for path in examples:
        files[f"{prefix}/share/doc/rasdial/examples/{os.path.basename(path)}"] = 0o644
    return files


@test(120)
def installs():
    """Exactly the files that belong to it are installed"""
    with tempfile.TemporaryDirectory() as folder:
        make("install", folder)
        equal(tree(folder), expected())
        with open(f"{folder}{PREFIX}/lib/systemd/system/rasdiald.service", encoding="utf-8") as file:
            check(f"ExecStart={SBINDIR}/rasdiald -f\n" in file.read(), "the unit names the installed program")


@test(120)
def installed_program():
    """The installed program runs and takes the installed configuration"""
    with tempfile.TemporaryDirectory() as folder:
        make("install", folder)
        program = f"{folder}{SBINDIR}/rasdiald"
        version = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
        equal(version.returncode, 0, version.stderr)
        checked = subprocess.run([program, "-t", "-c", f"{folder}/{CONFIG}"], capture_output=True, text=True, check=False)
        equal(checked.returncode, 0, checked.stdout + checked.stderr)


@test(120)
def keeps_configuration():
    """A second installation leaves the configuration as it is"""
    with tempfile.TemporaryDirectory() as folder:
        make("install", folder)
        with open(f"{folder}/{CONFIG}", "w", encoding="utf-8") as file:
            file.write("entries: []\n")
        make("install", folder)
        with open(f"{folder}/{CONFIG}", encoding="utf-8") as file:
            equal(file.read(), "entries: []\n")


@test(120)
def uninstalls():
    """Uninstalling takes back all but the configuration and what others put there"""
    with tempfile.TemporaryDirectory() as folder:
        make("install", folder)
        stranger = f"{PREFIX.lstrip('/')}/lib/rasdial/stranger"
        with open(f"{folder}/{stranger}", "w", encoding="utf-8"):
            pass
        make("uninstall", folder)
        equal(sorted(tree(folder)), sorted([CONFIG, stranger]))
        check(not os.path.exists(f"{folder}{PREFIX}/share/doc/rasdial"), "its own folders go too")
        make("uninstall", folder)


sys.exit(main())
