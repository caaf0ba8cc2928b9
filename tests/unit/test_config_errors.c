/* SPDX-License-Identifier: BSD-2-Clause */
/* What a wrong configuration is told: every kind of error, word for word. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "config/config_section.h"

struct golden {
	const char *yaml;
	const char *error; /* behind the name of the file */
};

#define AGENT(keys) "agent:\n  " keys "\n"
#define ENTRY(keys) "entries:\n  - name: a\n    " keys "\n"

static const struct golden syntax[] = {
	{"agent: [\n", "2:1: did not find expected node content (a bracket may not be closed)"},
	{"agent:\n\tname: x\n", "2:1: found character that cannot start any token (indent with spaces, not with tabs)"},
	{"a: b: c\n",
	 "1:5: mapping values are not allowed in this context (quote a text with \": \" in it, or mend the "
	 "indentation)"},
	{"entries:\n  - name: a\n descr: b\n",
	 "3:2: did not find expected key while parsing a block mapping that begins in line 1 (keys of one "
	 "mapping begin in the same column)"},
	{"agent: {name: x\n",
	 "2:1: did not find expected ',' or '}' while parsing a flow mapping that begins in line 1 (a bracket "
	 "may not be closed)"},
	{"agent: \"x\n",
	 "2:1: found unexpected end of stream while scanning a quoted scalar that begins in line 1 (a quote may "
	 "not be closed)"},
	{"agent: %x\n", "1:8: found character that cannot start any token (put a text that begins so in quotes)"},
	{"agent: @x\n", "1:8: found character that cannot start any token (put a text that begins so in quotes)"},
	{"agent: `x\n", "1:8: found character that cannot start any token (put a text that begins so in quotes)"},
	{"- a\n", "1:1: this file must be a mapping, with lines of the form \"key: value\""},
	{"just text\n", "1:1: this file must be a mapping, with lines of the form \"key: value\""},
	{"agent: *x\n", "1:8: aliases (*) are not allowed (put the text in quotes if it is meant so)"},
	{"agent: &x {}\n", "1:8: anchors (&) are not allowed (keys for all entries go into defaults)"},
	{"defaults: &d {redial-max: 1}\nentries:\n  - <<: *d\n    name: a\n",
	 "1:11: anchors (&) are not allowed (keys for all entries go into defaults)"},
	{"agent: {}\n---\nagent: {}\n", "2:1: a second document begins here (a file holds one)"},
	{"? [a]\n: b\n", "1:3: a key must be a word"},
	{"? {a: b}\n: c\n", "1:3: a key must be a word"},
	{"agent: !!binary aGVsbG8=\n", "1:8: a tag that does not fit here (leave it away)"},
	{ENTRY("redial-max: !!float 3"), "3:17: a tag that does not fit here (leave it away)"},
	{ENTRY("redial-max: !!int abc"), "3:17: a tag that does not fit here (leave it away)"},
	{ENTRY("descr: !own x"), "3:12: a tag that does not fit here (leave it away)"},
	{"%YAML 3.0\n---\nagent: {}\n", "1:1: found incompatible YAML document (see yaml.org for the syntax)"},
	{AGENT("name: \xff"), "2:9: octet 0xff is not UTF-8 (save the file in that encoding)"},
	{AGENT("name: a\x01"
	       "b"),
	 "2:10: control character 0x01 (take it out)"},
	{AGENT("name: \xe2\x80\xa8x"), "2:9: character U+2028 (in double quotes it can be written as \\u2028)"},
	{"\xff\xfe"
	 "a\n",
	 "1:1: octet 0xff is not UTF-8 (save the file in that encoding)"},
	{AGENT("name: a\xc2\x85"), "2:10: control character 0x85 (take it out)"},
	{AGENT("name: \xed\xa0\x80"), "2:9: octet 0xed is not UTF-8 (save the file in that encoding)"},
	{"agent:\r  name: x\n", "1:7: control character 0x0d (take it out)"},
	{ENTRY("descr: \"a\\0b\""), "3:12: an octet 0x00, which no text may have"},
};

static const struct golden sections[] = {
	{"agnet: {}\n", "1:1: unknown key \"agnet\" in this file (did you mean \"agent\"?)"},
	{"agent:\n", "1:1: key \"agent\" has no value (give it one, or leave the key away for the default)"},
	{"agent: ~\n", "1:1: key \"agent\" has no value (give it one, or leave the key away for the default)"},
	{"entries:\n", "1:1: key \"entries\" has no value (give it one, or leave the key away for the default)"},
	{"entries: {}\n", "1:10: entries: must be a list, each entry beginning with \"- name: ...\""},
	{"entries: none\n", "1:10: entries: must be a list, each entry beginning with \"- name: ...\""},
	{"agent: []\n", "1:8: agent must be a mapping, with lines of the form \"key: value\""},
	{"agent: x\n", "1:8: agent must be a mapping, with lines of the form \"key: value\""},
	{"defaults: 3\n", "1:11: defaults must be a mapping, with lines of the form \"key: value\""},
	{"agent: {}\nagent: {}\n", "2:1: key \"agent\" is given twice (before in line 1)"},
	{"entries:\n  - a\n", "2:5: an entry must be a mapping, with lines of the form \"key: value\""},
	{"entries:\n  - [a]\n", "2:5: an entry must be a mapping, with lines of the form \"key: value\""},
	{"entries:\n  -\n", "2:4: an entry must be a mapping, with lines of the form \"key: value\""},
	{"entries:\n  - descr: x\n", "2:5: an entry without a name (add the key name)"},
	{"entries:\n  - {}\n", "2:5: an entry without a name (add the key name)"},
	{"42: {}\n", "1:1: unknown key \"42\" in this file (its keys are agent, defaults, entries)"},
	{"name: x\n", "1:1: unknown key \"name\" in this file (its keys are agent, defaults, entries)"},
	{"\"\": x\n", "1:1: unknown key \"\" in this file (its keys are agent, defaults, entries)"},
	{"a\"b\\c: x\n", "1:1: unknown key \"a\"b\\c\" in this file (its keys are agent, defaults, entries)"},
};

static const struct golden keys[] = {
	{ENTRY("redial-pauze: 3"), "3:5: unknown key \"redial-pauze\" in an entry (did you mean \"redial-pause\"?)"},
	{ENTRY("redialPause: 3"), "3:5: unknown key \"redialPause\" in an entry (did you mean \"redial-pause\"?)"},
	{ENTRY("redial_pause: 3"), "3:5: unknown key \"redial_pause\" in an entry (did you mean \"redial-pause\"?)"},
	{ENTRY("hello: 3"), "3:5: unknown key \"hello\" in an entry (see rasdial.yaml(5) for its keys)"},
	{ENTRY("user: x"), "3:5: unknown key \"user\" in an entry (see rasdial.yaml(5) for its keys)"},
	/* Keys of stored rows. */
	{ENTRY("row-status: active"), "3:5: unknown key \"row-status\" in an entry (see rasdial.yaml(5) for its keys)"},
	{ENTRY("last-change: 2026-11-24T09:30:00.000Z"),
	 "3:5: unknown key \"last-change\" in an entry (see rasdial.yaml(5) for its keys)"},
	{ENTRY("storage-type: non-volatile"),
	 "3:19: storage-type: \"non-volatile\" is not one of permanent, read-only"},
	{ENTRY("secret: {hex: \"ff\"}"), "3:13: secret: a mapping is given, but it wants a text"},
	{ENTRY("redial-max: 3\n    descr: x\n    redial-max: 3"),
	 "5:5: key \"redial-max\" is given twice (before in line 3)"},
	{ENTRY("descr:"), "3:5: key \"descr\" has no value (give it one, or leave the key away for the default)"},
	{ENTRY("descr: null"), "3:5: key \"descr\" has no value (give it one, or leave the key away for the default)"},
	{ENTRY("descr: ~"), "3:5: key \"descr\" has no value (give it one, or leave the key away for the default)"},
	{ENTRY("descr: Null"), "3:5: key \"descr\" has no value (give it one, or leave the key away for the default)"},
	{ENTRY("routes:"), "3:5: key \"routes\" has no value (give it one, or leave the key away for the default)"},
	{AGENT("history: {max-rows: 3}"),
	 "2:13: unknown key \"max-rows\" in history (its keys are max-entries, retain-time)"},
	{"agent:\n  history: {entries-max: 3}\n",
	 "2:13: unknown key \"entries-max\" in history (its keys are max-entries, retain-time)"},
	{AGENT("notifications: []"), "2:18: notifications must be a mapping, with lines of the form \"key: value\""},
	{AGENT("log: debug"), "2:8: log must be a mapping, with lines of the form \"key: value\""},
	{AGENT("log: {levl: debug}"), "2:9: unknown key \"levl\" in log (did you mean \"level\"?)"},
	{AGENT("histroy: {}"), "2:3: unknown key \"histroy\" in agent (did you mean \"history\"?)"},
	{AGENT("redial-max: 3"), "2:3: unknown key \"redial-max\" in agent (see rasdial.yaml(5) for its keys)"},
};

static const struct golden numbers[] = {
	{ENTRY("redial-pause: abc"), "3:19: redial-pause: \"abc\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 0"), "3:19: redial-pause: \"0\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 86401"), "3:19: redial-pause: \"86401\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: -1"), "3:19: redial-pause: \"-1\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: +5"), "3:19: redial-pause: \"+5\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 1.5"), "3:19: redial-pause: \"1.5\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 0x10"), "3:19: redial-pause: \"0x10\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 0o17"), "3:19: redial-pause: \"0o17\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 010"), "3:19: redial-pause: \"010\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 1_000"), "3:19: redial-pause: \"1_000\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 30s"), "3:19: redial-pause: \"30s\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 4294967297"), "3:19: redial-pause: \"4294967297\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: 99999999999999999999999"),
	 "3:19: redial-pause: \"99999999999999999999999\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: \"60\""),
	 "3:19: redial-pause: \"60\" is not a number from 1 to 86400 (leave the quotes away)"},
	{ENTRY("redial-pause: true"), "3:19: redial-pause: \"true\" is not a number from 1 to 86400"},
	{ENTRY("redial-pause: [60]"), "3:19: redial-pause: a list is given, but it wants a number from 1 to 86400"},
	{ENTRY("redial-pause: {s: 60}"),
	 "3:19: redial-pause: a mapping is given, but it wants a number from 1 to 86400"},
	{ENTRY("redial-pause: \"\""), "3:19: redial-pause: \"\" is not a number from 1 to 86400"},
	{ENTRY("index: 0"), "3:12: index: \"0\" is not a number from 1 to 2147483647"},
	{ENTRY("index: 2147483648"), "3:12: index: \"2147483648\" is not a number from 1 to 2147483647"},
};

static const struct golden booleans[] = {
	{ENTRY("redial-on-drop: yes"), "3:21: redial-on-drop: \"yes\" is not true or false (write true)"},
	{ENTRY("redial-on-drop: off"), "3:21: redial-on-drop: \"off\" is not true or false (write false)"},
	{ENTRY("redial-on-drop: 1"), "3:21: redial-on-drop: \"1\" is not true or false (write true)"},
	{ENTRY("redial-on-drop: \"true\""),
	 "3:21: redial-on-drop: \"true\" is not true or false (leave the quotes away)"},
	{ENTRY("redial-on-drop: [true]"), "3:21: redial-on-drop: a list is given, but it wants true or false"},
	{ENTRY("redial-on-drop: tRue"), "3:21: redial-on-drop: \"tRue\" is not true or false (write true)"},
};

static const struct golden texts[] = {
	{ENTRY("descr: true"), "3:12: descr: \"true\" is true or false, not a text (put it in quotes)"},
	{ENTRY("descr: False"), "3:12: descr: \"False\" is true or false, not a text (put it in quotes)"},
	{ENTRY("descr: [a]"), "3:12: descr: a list is given, but it wants a text"},
	{ENTRY("descr: {a: b}"), "3:12: descr: a mapping is given, but it wants a text"},
	{ENTRY("descr: \"a\\tb\""), "3:12: descr: \"a\\x09b\" has a control character in it"},
	{ENTRY("descr: \"\\x9b\""), "3:12: descr: \"\\xc2\\x9b\" has a control character in it"},
	{ENTRY("descr: |\n      two\n      lines"), "3:12: descr: \"two\\x0alines\\x0a\" has a line break in it"},
	{ENTRY("destination: \"1\\n2\""), "3:18: destination: what is given has a line break in it"},
	{ENTRY("user-name: \"secret\\tname\""), "3:16: user-name: what is given has a control character in it"},
	{ENTRY("user-name: true"), "3:16: user-name: what is given is true or false, not a text (put it in quotes)"},
	{ENTRY("user-name: [a]"), "3:16: user-name: a list is given, but it wants a text"},
	{"entries:\n  - name: \"\"\n", "2:11: name: must not be empty"},
	{"entries:\n  - name: true\n", "2:11: name: \"true\" is true or false, not a text (put it in quotes)"},
	{"entries:\n  - name: \"a\\nb\"\n", "2:11: name: \"a\\x0ab\" has a line break in it"},
};

static const struct golden labels[] = {
	{ENTRY("device-type: modum"),
	 "3:18: device-type: \"modum\" is not one of other, loopback, modem, direct-serial, cellular, pppoe, "
	 "pptp, l2tp, pty, exec (did you mean modem?)"},
	{ENTRY("device-type: directSerial"),
	 "3:18: device-type: \"directSerial\" is not one of other, loopback, modem, direct-serial, cellular, "
	 "pppoe, pptp, l2tp, pty, exec (did you mean direct-serial?)"},
	{ENTRY("device-type: 3"),
	 "3:18: device-type: \"3\" is not one of other, loopback, modem, direct-serial, cellular, pppoe, pptp, "
	 "l2tp, pty, exec"},
	{ENTRY("device-type: [modem]"), "3:18: device-type: a list is given, but it wants a single word"},
	{ENTRY("device-type: isdn"),
	 "3:18: device-type: \"isdn\" is not one of other, loopback, modem, direct-serial, cellular, pppoe, "
	 "pptp, l2tp, pty, exec"},
	{ENTRY("dial-mode: autoStart"),
	 "3:16: dial-mode: \"autoStart\" is not one of manual, auto-start, on-demand, persistent (did you mean "
	 "auto-start?)"},
	{ENTRY("dial-mode: always"),
	 "3:16: dial-mode: \"always\" is not one of manual, auto-start, on-demand, persistent"},
	{ENTRY("link-mode: alternate"),
	 "3:16: link-mode: \"alternate\" is not one of single, alternates, dial-all, dial-as-needed (did you "
	 "mean alternates?)"},
	{ENTRY("auth-methods: chap"), "3:19: auth-methods: \"chap\" is not a list, such as [first, second]"},
	{ENTRY("auth-methods: [chap, pap, chap]"), "3:31: auth-methods: \"chap\" is given twice"},
	{ENTRY("auth-methods: [mschapv3]"),
	 "3:20: auth-methods: \"mschapv3\" is not one of pap, chap, mschap, mschapv2, eap (did you mean mschapv2?)"},
	{ENTRY("auth-methods: {chap: true}"),
	 "3:19: auth-methods: a mapping is given, but it wants a list, such as [first, second]"},
	{ENTRY("auth-methods: [[chap]]"), "3:20: auth-methods: a list is given, but it wants a single word"},
	{ENTRY("options: [defaultRoute]"),
	 "3:15: options: \"defaultRoute\" is not one of default-route, use-peer-dns, ipv6, compression, "
	 "require-encryption, paused-states (did you mean default-route?)"},
	{ENTRY("notify-types: [up]"),
	 "3:20: notify-types: \"up\" is not one of connected, disconnected, dial-failed, redial-exhausted, "
	 "state-change, link-change, thread-stuck, config-change"},
	{"entries:\n  - name: a\n    notify-types: [connected, ~]\n    \n",
	 "3:31: notify-types: \"~\" is not one of connected, disconnected, dial-failed, redial-exhausted, "
	 "state-change, link-change, thread-stuck, config-change"},
	{ENTRY("storage-type: volatile"), "3:19: storage-type: \"volatile\" is not one of permanent, read-only"},
	{ENTRY("storage-type: readOnly"),
	 "3:19: storage-type: \"readOnly\" is not one of permanent, read-only (did you mean read-only?)"},
	{ENTRY("storage-type: non-volatile"),
	 "3:19: storage-type: \"non-volatile\" is not one of permanent, read-only"},
	{AGENT("admin-mode: on"), "2:15: admin-mode: \"on\" is not one of enabled, drain, disabled"},
	{AGENT("on-exit: hangup"), "2:12: on-exit: \"hangup\" is not one of keep, hang-up (did you mean hang-up?)"},
	{AGENT("log: {level: notice}"), "2:16: level: \"notice\" is not one of error, warning, info, debug"},
	{AGENT("log: {target: journal}"), "2:17: target: \"journal\" is not one of auto, stderr, syslog"},
	{AGENT("notifications: {types: [dialfailed]}"),
	 "2:27: types: \"dialfailed\" is not one of connected, disconnected, dial-failed, redial-exhausted, "
	 "state-change, link-change, thread-stuck, config-change (did you mean dial-failed?)"},
	{AGENT("allow-device-types: [pty]"),
	 "2:24: allow-device-types: \"pty\" is not one of other, loopback, modem, direct-serial, cellular, "
	 "pppoe, pptp, l2tp, exec"},
	{AGENT("allow-device-types: pppoe"),
	 "2:23: allow-device-types: \"pppoe\" is not a list, such as [first, second]"},
};

static const struct golden lists[] = {
	{ENTRY("routes: 10.0.0.0/8"), "3:13: routes: \"10.0.0.0/8\" is not a list, such as [first, second]"},
	{ENTRY("routes: [10.0.0.0]"), "3:14: routes: \"10.0.0.0\" is not a prefix such as 10.0.0.0/8"},
	{ENTRY("routes: [10.0.0.0/33]"), "3:14: routes: \"10.0.0.0/33\" has a length above 32"},
	{ENTRY("routes: [10.0.0.1/8]"),
	 "3:14: routes: \"10.0.0.1/8\" has bits set behind its length (set them to zero)"},
	{ENTRY("routes: [\"2001:db8::/129\"]"), "3:14: routes: \"2001:db8::/129\" has a length above 128"},
	{ENTRY("routes: [host/8]"), "3:14: routes: \"host/8\" does not begin with an IPv4 or IPv6 address"},
	{ENTRY("routes: [10.0.0.0/08]"), "3:14: routes: \"10.0.0.0/08\" is not a prefix such as 10.0.0.0/8"},
	{ENTRY("routes: [10.0.0.0/8, ~]"), "3:26: routes: has no value (write \"\" for an empty text)"},
	{ENTRY("routes: [\"\"]"), "3:14: routes: must not be empty"},
	{ENTRY("command: /bin/true"),
	 "3:14: command: a single value is given, but it wants a list, such as [first, second]"},
	{ENTRY("command: [ssh, host]"),
	 "3:14: command: the program must be given by its absolute path (such as /usr/bin/ssh)"},
	{ENTRY("pppd-options: [true]"),
	 "3:20: pppd-options: what is given is true or false, not a text (put it in quotes)"},
	{ENTRY("modem-init: [\"AT\\r\"]"), "3:18: modem-init: what is given has a control character in it"},
	{AGENT("allow-devices: x"), "2:18: allow-devices: \"x\" is not a list, such as [first, second]"},
	{AGENT("allow-devices: [\"\"]"), "2:19: allow-devices: must not be empty"},
};

static const struct golden addresses[] = {
	{ENTRY("local-address: 10.1.0"), "3:20: local-address: \"10.1.0\" is not an IPv4 or IPv6 address"},
	{ENTRY("local-address: gw"), "3:20: local-address: \"gw\" is not an IPv4 or IPv6 address"},
	{ENTRY("peer-address: \"\""), "3:19: peer-address: must not be empty"},
	{ENTRY("local-address: 10.1.0.2\n    peer-address: fe80::1"),
	 "4:19: peer-address: \"fe80::1\" and local-address \"10.1.0.2\" are of different families"},
	{ENTRY("up-script: up"), "3:16: up-script: \"up\" is not an absolute path (it must begin with /)"},
	{ENTRY("down-script: bin/down"),
	 "3:18: down-script: \"bin/down\" is not an absolute path (it must begin with /)"},
	{AGENT("state-dir: lib"), "2:14: state-dir: \"lib\" is not an absolute path (it must begin with /)"},
	{AGENT("run-dir: \"\""), "2:12: run-dir: must not be empty"},
	{AGENT("helper-dir: ../x"), "2:15: helper-dir: \"../x\" is not an absolute path (it must begin with /)"},
};

static const struct golden rules[] = {
	{ENTRY("device-type: modem"), "2:5: entry \"a\" has no destination, which device-type modem needs"},
	{ENTRY("device-type: cellular\n    device-name: /dev/ttyUSB0"),
	 "2:5: entry \"a\" has no destination, which device-type cellular needs"},
	{ENTRY("device-type: pptp"), "2:5: entry \"a\" has no destination, which device-type pptp needs"},
	{ENTRY("device-type: l2tp"), "2:5: entry \"a\" has no destination, which device-type l2tp needs"},
	{"defaults: {device-type: modem}\nentries:\n  - name: a\n",
	 "3:5: entry \"a\" has no destination, which device-type modem needs"},
	{ENTRY("device-type: exec\n    device-name: ../x"),
	 "4:18: device-name: \"../x\" is not the name of a helper (a file name in helper-dir of letters, digits, "
	 "_ . -, not beginning with . or -)"},
	{ENTRY("device-type: exec\n    device-name: -x"),
	 "4:18: device-name: \"-x\" is not the name of a helper (a file name in helper-dir of letters, digits, _ "
	 ". -, not beginning with . or -)"},
	{ENTRY("device-type: exec\n    device-name: .x"),
	 "4:18: device-name: \".x\" is not the name of a helper (a file name in helper-dir of letters, digits, _ "
	 ". -, not beginning with . or -)"},
	{"defaults: {device-name: a/b}\nentries:\n  - name: a\n    device-type: exec\n",
	 "1:25: device-name: \"a/b\" is not the name of a helper (a file name in helper-dir of letters, digits, "
	 "_ . -, not beginning with . or -)"},
	{ENTRY("dial-mode: on-demand"), "3:16: dial-mode: on-demand needs local-address and peer-address"},
	{ENTRY("dial-mode: on-demand\n    local-address: 10.1.0.2"),
	 "3:16: dial-mode: on-demand needs local-address and peer-address"},
	{"defaults: {dial-mode: on-demand}\nentries:\n  - name: a\n",
	 "1:23: dial-mode: on-demand needs local-address and peer-address"},
	{ENTRY("bandwidth: {add-percent: 20, drop-percent: 20}"),
	 "3:16: bandwidth: drop-percent 20 is not below add-percent 20"},
	{ENTRY("bandwidth: {add-percent: 101}"), "3:30: add-percent: \"101\" is not a number from 1 to 100"},
	{ENTRY("bandwidth: {drop-percent: 100}"), "3:31: drop-percent: \"100\" is not a number from 0 to 99"},
	{ENTRY("bandwidth: {add-time: 0}"), "3:27: add-time: \"0\" is not a number from 1 to 86400"},
	{ENTRY("bandwidth: 75"), "3:16: bandwidth must be a mapping, with lines of the form \"key: value\""},
};

static const struct golden defaults[] = {
	{"defaults: {name: a}\n", "1:18: name: not possible in defaults (each entry has its own)"},
	{"defaults: {index: 3}\n", "1:19: index: not possible in defaults (each entry has its own)"},
	{"defaults: {redial-max: x}\n", "1:24: redial-max: \"x\" is not a number from 0 to 65535"},
	{"defaults: {hello: x}\n", "1:12: unknown key \"hello\" in defaults (see rasdial.yaml(5) for its keys)"},
};

static const struct golden subentries[] = {
	{ENTRY("subentries: {destination: x}"),
	 "3:17: subentries: a mapping is given, but it wants a list, such as [{destination: \"5550100\"}]"},
	{ENTRY("subentries: [x]"), "3:18: a subentry must be a mapping, with lines of the form \"key: value\""},
	{ENTRY("subentries: [{name: x}]"),
	 "3:19: unknown key \"name\" in a subentry (its keys are device-type, device-name, destination)"},
	{ENTRY("subentries: [{index: 1}]"),
	 "3:19: unknown key \"index\" in a subentry (its keys are device-type, device-name, destination)"},
	{ENTRY("subentries: [{row-status: active}]"),
	 "3:19: unknown key \"row-status\" in a subentry (its keys are device-type, device-name, destination)"},
	{ENTRY("subentries: [{device-type: moden}]"),
	 "3:32: device-type: \"moden\" is not one of other, loopback, modem, direct-serial, cellular, pppoe, "
	 "pptp, l2tp, pty, exec (did you mean modem?)"},
	{ENTRY("subentries:\n      - destination: \"1\"\n      - destination: true"),
	 "5:22: destination: what is given is true or false, not a text (put it in quotes)"},
};

static const struct golden environment[] = {
	{ENTRY("environment: [A=b]"),
	 "3:18: environment: a list is given, but it wants a mapping, such as {KEY: value}"},
	{ENTRY("environment: {1A: b}"),
	 "3:19: environment: \"1A\" is not the name of a variable (letters, digits and _, not beginning with a digit)"},
	{ENTRY("environment: {A-B: b}"),
	 "3:19: environment: \"A-B\" is not the name of a variable (letters, digits and _, not beginning with a "
	 "digit)"},
	{ENTRY("environment: {RAS_USER: b}"),
	 "3:19: environment: \"RAS_USER\" is set by rasdial itself (names with RAS_ are taken)"},
	{ENTRY("environment: {A: b, B: c, A: d}"), "3:31: environment: \"A\" is given twice"},
	{ENTRY("environment: {A: true}"),
	 "3:22: environment: what is given is true or false, not a text (put it in quotes)"},
	{ENTRY("environment: {A: }"), "3:22: environment: has no value (write \"\" for an empty text)"},
	{ENTRY("environment: {A: [b]}"), "3:22: environment: a list is given, but it wants a text"},
};

static const struct golden secrets[] = {
	{ENTRY("secret: [hunter2]"), "3:13: secret: a list is given, but it wants a text"},
	{ENTRY("secret: {hunter2: 1}"), "3:13: secret: a mapping is given, but it wants a text"},
	{ENTRY("secret: \"\""), "3:13: secret: a secret has 1 to 255 octets, not 0"},
	{ENTRY("secret: \"hunter2\\nx\""), "3:13: secret: the secret has a line break in it"},
	{ENTRY("secret: true"), "3:13: secret: a secret that reads true or false must be put in quotes"},
	{ENTRY("secret:"), "3:5: key \"secret\" has no value (give it one, or leave the key away for the default)"},
	{ENTRY("secret: hunter2\n    secret-file: x"),
	 "4:18: secret-file: given together with secret (leave one of them away)"},
	{ENTRY("secret-file: /nonexistent/file"),
	 "3:18: secret-file: \"/nonexistent/file\": No such file or directory"},
	{ENTRY("secret-file: /dev/zero"), "3:18: secret-file: \"/dev/zero\": not a regular file"},
	{ENTRY("secret-file: /"), "3:18: secret-file: \"/\": Is a directory"},
	{ENTRY("secret-file: \"\""), "3:18: secret-file: must not be empty"},
	{ENTRY("secret-file: [x]"), "3:18: secret-file: a list is given, but it wants a text"},
};

static const struct golden uniqueness[] = {
	{"entries:\n  - name: a\n  - name: b\n  - name: A\n",
	 "4:5: a second entry with the name \"A\" (the first is in line 2)"},
	{"entries:\n  - {name: a, index: 7}\n  - {name: b}\n  - {name: c, index: 7}\n",
	 "4:5: entry \"c\" has index 7, which \"a\" in line 2 has already"},
	{"agent: {max-entries: 1}\nentries:\n  - name: a\n  - name: b\n",
	 "3:3: entries: 2 entries, but max-entries of section agent is 1"},
	{"entries: [{name: a}, {name: b}]\nagent: {max-entries: 1}\n",
	 "1:10: entries: 2 entries, but max-entries of section agent is 1"},
};

static const struct golden agent[] = {
	{AGENT("name: \"\""), "2:9: name: must not be empty"},
	{AGENT("context: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
	 "2:12: context: 33 octets are given, at most 32 are possible"},
	{AGENT("ping-interval: 0"), "2:18: ping-interval: \"0\" is not a number from 1 to 3600"},
	{AGENT("hang-up-timeout: 601"), "2:20: hang-up-timeout: \"601\" is not a number from 1 to 600"},
	{"agent:\n  max-entries: 2147483648\n",
	 "2:16: max-entries: \"2147483648\" is not a number from 0 to 2147483647"},
	{AGENT("max-concurrent-dials: 65536"), "2:25: max-concurrent-dials: \"65536\" is not a number from 0 to 65535"},
	{AGENT("notifications: {queue: 0}"), "2:26: queue: \"0\" is not a number from 1 to 65535"},
	{AGENT("notifications: {min-interval: 3601}"), "2:33: min-interval: \"3601\" is not a number from 0 to 3600"},
	{AGENT("history: {retain-time: 525601}"), "2:26: retain-time: \"525601\" is not a number from 0 to 525600"},
	{AGENT("agentx: unix:master"),
	 "2:11: agentx: \"unix:master\" does not name a socket by its absolute path (unix:/var/agentx/master)"},
	{AGENT("agentx: master"),
	 "2:11: agentx: \"master\" is not the address of a master agent (unix:/path, tcp:host:port or "
	 "tcp6:[address]:port)"},
	{AGENT("agentx: tcp:127.0.0.1"),
	 "2:11: agentx: \"tcp:127.0.0.1\" is not the address of a master agent (unix:/path, tcp:host:port or "
	 "tcp6:[address]:port)"},
	{AGENT("agentx: udp:127.0.0.1:705"),
	 "2:11: agentx: \"udp:127.0.0.1:705\" is not the address of a master agent (unix:/path, tcp:host:port or "
	 "tcp6:[address]:port)"},
	{AGENT("agentx: tcp:127.0.0.1:0"),
	 "2:11: agentx: \"tcp:127.0.0.1:0\" is not the address of a master agent (unix:/path, tcp:host:port or "
	 "tcp6:[address]:port)"},
	{AGENT("agentx: tcp:127.0.0.1:65536"),
	 "2:11: agentx: \"tcp:127.0.0.1:65536\" is not the address of a master agent (unix:/path, tcp:host:port "
	 "or tcp6:[address]:port)"},
	{AGENT("agentx: tcp6:localhost:705"),
	 "2:11: agentx: \"tcp6:localhost:705\" is not of the form tcp6:[address]:port"},
	{AGENT("agentx: tcp:192.0.2.1:705"),
	 "2:11: agentx: \"tcp:192.0.2.1:705\" is not on this host, and AgentX has no authentication (set "
	 "agentx-insecure: true if a tunnel or a closed network protects it)"},
	{AGENT("agentx: gw.example.net:705"),
	 "2:11: agentx: \"gw.example.net:705\" is not on this host, and AgentX has no authentication (set "
	 "agentx-insecure: true if a tunnel or a closed network protects it)"},
	{AGENT("agentx: \"tcp6:[2001:db8::1]:705\""),
	 "2:11: agentx: \"tcp6:[2001:db8::1]:705\" is not on this host, and AgentX has no authentication (set "
	 "agentx-insecure: true if a tunnel or a closed network protects it)"},
	{AGENT("agentx-insecure: true\n  allow-snmp-secrets: true"),
	 "3:23: allow-snmp-secrets: refused together with agentx-insecure: true (secrets would cross the network "
	 "in the clear)"},
	{AGENT("allow-snmp-secrets: true\n  agentx: tcp:192.0.2.1:705\n  agentx-insecure: true"),
	 "2:23: allow-snmp-secrets: refused together with agentx-insecure: true (secrets would cross the network "
	 "in the clear)"},
};

static void check(const struct golden *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct config_source source = {.name = "t.yaml",
					       .text = table[i].yaml,
					       .size = strlen(table[i].yaml),
					       .mode = S_IFREG | 0600};
		char error[CONFIG_ERROR_MAX] = "", expected[CONFIG_ERROR_MAX];
		struct config *config = NULL;

		snprintf(expected, sizeof(expected), "t.yaml:%s", table[i].error);
		assert_int_equal(config_parse(&source, &config, error), -EINVAL);
		assert_string_equal(error, expected);
		assert_null(config);
	}
}

static void test_syntax(void **state)
{
	(void)state;
	check(syntax, ARRAY_SIZE(syntax));
}

static void test_sections(void **state)
{
	(void)state;
	check(sections, ARRAY_SIZE(sections));
}

static void test_keys(void **state)
{
	(void)state;
	check(keys, ARRAY_SIZE(keys));
}

static void test_numbers(void **state)
{
	(void)state;
	check(numbers, ARRAY_SIZE(numbers));
}

static void test_booleans(void **state)
{
	(void)state;
	check(booleans, ARRAY_SIZE(booleans));
}

static void test_texts(void **state)
{
	(void)state;
	check(texts, ARRAY_SIZE(texts));
}

static void test_labels(void **state)
{
	(void)state;
	check(labels, ARRAY_SIZE(labels));
}

static void test_lists(void **state)
{
	(void)state;
	check(lists, ARRAY_SIZE(lists));
}

static void test_addresses(void **state)
{
	(void)state;
	check(addresses, ARRAY_SIZE(addresses));
}

static void test_rules(void **state)
{
	(void)state;
	check(rules, ARRAY_SIZE(rules));
}

static void test_defaults(void **state)
{
	(void)state;
	check(defaults, ARRAY_SIZE(defaults));
}

static void test_subentries(void **state)
{
	(void)state;
	check(subentries, ARRAY_SIZE(subentries));
}

static void test_environment(void **state)
{
	(void)state;
	check(environment, ARRAY_SIZE(environment));
}

static void test_secrets(void **state)
{
	(void)state;
	check(secrets, ARRAY_SIZE(secrets));
}

static void test_uniqueness(void **state)
{
	(void)state;
	check(uniqueness, ARRAY_SIZE(uniqueness));
}

static void test_agent(void **state)
{
	(void)state;
	check(agent, ARRAY_SIZE(agent));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_syntax),      cmocka_unit_test(test_sections), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_numbers),     cmocka_unit_test(test_booleans), cmocka_unit_test(test_texts),
		cmocka_unit_test(test_labels),      cmocka_unit_test(test_lists),    cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_rules),       cmocka_unit_test(test_defaults), cmocka_unit_test(test_subentries),
		cmocka_unit_test(test_environment), cmocka_unit_test(test_secrets),  cmocka_unit_test(test_uniqueness),
		cmocka_unit_test(test_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
