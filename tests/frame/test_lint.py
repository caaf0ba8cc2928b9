# SPDX-License-Identifier: BSD-2-Clause
"""The rules of the house, held against small trees that break them."""

import os
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "agent"), os.path.join(TESTS, "linter")]

import rules  # noqa: E402
from source import TOP_LEVEL  # noqa: E402
from tap import check, equal, main, test  # noqa: E402

LICENCE = "/* " + rules.SPDX + " */\n"


def complaints(rule, **tree):
    """What a rule says of a tree of files; "__" in a name stands for "/", a final "_c" for ".c"."""
    with tempfile.TemporaryDirectory() as top:
        for name, text in tree.items():
            stem, _, ending = name.replace("__", "/").rpartition("_")
            path = os.path.join(top, f"{stem}.{ending}")
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        return list(rule(top))


def refused(rule, words, **tree):
    found = complaints(rule, **tree)
    equal(len(found), 1, found)
    check(words in found[0], f"{words!r} is not in {found[0]!r}")


@test()
def includes():
    """Includes against the direction are found"""
    header = {"plugin__ras__ras_h": LICENCE, "plugin__agent__set_h": LICENCE, "plugin__driver__pppd_h": LICENCE}
    equal(complaints(rules.includes, plugin__agent__a_c='#include "ras/ras.h"\n', **header), [])
    refused(rules.includes, "sys/ must not include", plugin__sys__a_c='#include "ras/ras.h"\n', **header)
    refused(rules.includes, "ras/ must not include", plugin__ras__a_c='#include "driver/pppd.h"\n', **header)
    refused(rules.includes, "config/ must not include", plugin__config__a_c='#  include "agent/set.h"\n', **header)
    refused(rules.includes, "is not below plugin/", plugin__ras__a_c='#include "ras/nothing.h"\n', **header)
    refused(rules.includes, "only tests named test_agent_*", tests__unit__test_a_c='#include "agent/set.h"\n', **header)
    equal(complaints(rules.includes, tests__unit__test_agent_a_c='#include "agent/set.h"\n', **header), [])


@test()
def libraries():
    """Headers of libraries outside of their folder are found"""
    refused(rules.includes, "only agent", plugin__ras__a_c="#include <net-snmp/net-snmp-config.h>\n")
    refused(rules.includes, "only config", plugin__agent__a_c="#include <yaml.h>\n")
    refused(rules.includes, "only pppd-plugin", plugin__driver__a_c="#include <pppd/pppd.h>\n")
    equal(complaints(rules.includes, plugin__config__a_c="#include <yaml.h>\n"), [])


@test()
def root_of_the_mib():
    """A second place for the root of the MIB is found"""
    good = {"plugin__agent__mib_h": f"/* {rules.OID_ROOT} */\n#define ROOT {rules.OID_ROOT}\n",
            "mibs__M_txt": f"::= {{ x {rules.OID_ROOT} }}\n"}
    equal(complaints(rules.oid_root, **good), [])
    check(complaints(rules.oid_root, plugin__agent__b_c=f"int x = {rules.OID_ROOT};\n", **good), "twice in C")
    check(complaints(rules.oid_root, plugin__agent__mib_h=good["plugin__agent__mib_h"]), "not in the MIB")


@test()
def words():
    """Paths of a machine, things left to do, a missing licence are found"""
    refused(rules.machine_paths, "plugin/sys/a.c:1", plugin__sys__a_c='"' + "/home" + '/me/x"\n')
    equal(complaints(rules.machine_paths, plugin__sys__a_c='"$HOME/home' + '/x"\n'), [])
    refused(rules.left_to_do, "plugin/sys/a.c:1", plugin__sys__a_c="/* FIX" + "ME */\n")
    refused(rules.licence, "plugin/sys/a.c", plugin__sys__a_c="int x;\n")
    equal(complaints(rules.licence, plugin__sys__a_c=LICENCE), [])


@test()
def lengths():
    """Long functions and files are found"""
    refused(rules.lengths, "a function of 81 lines", plugin__sys__a_c="int f(void)\n{\n" + "\tg();\n" * 81 + "}\n")
    equal(complaints(rules.lengths, plugin__sys__a_c="int f(void)\n{\n" + "\tg();\n" * 80 + "}\n"), [])
    refused(rules.lengths, "601 lines", plugin__sys__a_c="int x;\n" * 601)


@test()
def top_level():
    """What does not belong at the top of the tree is found, and what is missing there"""
    with tempfile.TemporaryDirectory() as top:
        for name in TOP_LEVEL:
            os.mkdir(os.path.join(top, name))
        os.mkdir(os.path.join(top, "build"))
        equal(list(rules.top_level(top)), [])
        os.rmdir(os.path.join(top, "README.md"))
        os.mkdir(os.path.join(top, "src"))
        equal(list(rules.top_level(top)), ["src: does not belong at the top of the tree", "README.md: is missing"])


sys.exit(main())
