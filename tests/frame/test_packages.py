# SPDX-License-Identifier: BSD-2-Clause
"""What happens where packages lack, with made-up programs in place of the system's own."""

import os
import shutil
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "agent"))

from tap import check, equal, main, test  # noqa: E402

TOOLS = ("sh", "env", "tr", "tail", "cat", "rm", "mktemp", "touch", "chmod", "ln")

# Makes what it is asked for, unless it has no lists.
APT_GET = """#!/bin/sh
echo "$*" >>"$0.calls"
case " $* " in
*" update "*) touch "$0.lists" ;;
*) [ -e "$0.lists" ] || exit 100
   for name in clang clang-format clang-tidy cppcheck smilint python3 snmptable systemd-analyze make gcc; do
       [ -e "${0%/*}/$name" ] || ln -s sh "${0%/*}/$name"
   done ;;
esac
"""


class Machine:
    """A PATH with little in it."""

    def __init__(self, user=0, apt_get=APT_GET):
        self.folder = tempfile.mkdtemp(prefix="packages-")
        for tool in TOOLS:
            os.symlink(shutil.which(tool), os.path.join(self.folder, tool))
        self.program("id", f"#!/bin/sh\necho {user}\n")
        if apt_get:
            self.program("apt-get", apt_get)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def program(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def packages(self, *arguments):
        return subprocess.run([os.path.join(TESTS, "packages"), *arguments], env={"PATH": self.folder},
                              capture_output=True, text=True, check=False)

    def calls(self):
        try:
            with open(os.path.join(self.folder, "apt-get.calls"), encoding="utf-8") as file:
                return file.read().splitlines()
        except OSError:
            return []


@test()
def installs():
    """What lacks is installed, with new lists only when it is not found, and but once"""
    with Machine() as machine:
        done = machine.packages("lint")
        equal(done.returncode, 0, done.stderr)
        verbs = ["update" if "update" in call else "install" for call in machine.calls()]
        equal(verbs, ["install", "update", "install"])
        check("smitools" in machine.calls()[0], machine.calls())
        again = machine.packages("lint")
        equal((again.returncode, again.stdout, again.stderr), (0, "", ""))
        equal(len(machine.calls()), 3)


@test()
def cannot_be_had():
    """A package that cannot be had is named, and a mere try goes on without"""
    with Machine(apt_get="#!/bin/sh\necho no such package\nexit 100\n") as machine:
        done = machine.packages("lint")
        equal(done.returncode, 1)
        check("could not install:" in done.stderr and "cppcheck" in done.stderr, done.stderr)
        check("no such package" in done.stderr, "what apt-get said")
        equal(machine.packages("-t", "lint").returncode, 0)


@test()
def no_rights():
    """Without rights, the one command to type is printed"""
    with Machine(user=1000) as machine:
        done = machine.packages("lint")
        equal(done.returncode, 1)
        command = done.stderr.splitlines()[-1].strip()
        check(command.startswith("sudo apt-get install -y "), done.stderr)
        for program in ("clang-format", "clang-tidy", "cppcheck", "smitools"):
            check(program in command.split(), f"{program} is not in {command}")
        equal(machine.calls(), [])


@test()
def sudo():
    """sudo is used where it asks for no password"""
    with Machine(user=1000) as machine:
        machine.program("true", "#!/bin/sh\n")
        machine.program("sudo", '#!/bin/sh\n[ "$1" = -n ] && shift && exec "$@"\n')
        done = machine.packages("lint")
        equal(done.returncode, 0, done.stderr)
        check(machine.calls(), "apt-get was called")


@test()
def other_system():
    """A system without apt-get is told what is needed"""
    with Machine(apt_get=None) as machine:
        done = machine.packages("lint")
        equal(done.returncode, 1)
        check("no apt-get" in done.stderr and "cppcheck" in done.stderr, done.stderr)


sys.exit(main())
