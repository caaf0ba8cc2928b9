/* SPDX-License-Identifier: BSD-2-Clause */
/* Options for pppd: what is written is read back by a reader that follows pppd's getword(), octet by octet; what an
 * operator may not write is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/pppd_options.h"
#include "pppd-plugin/wire.h"
#include "sys/macro.h"

#define WORDS_MAX 256

static struct pppd_options options;
static char words[WORDS_MAX][PPPD_OPTION_WORD_MAX + 1];
static size_t n_words;

/* ---- a reader as pppd's: words, quotes, escapes, comments ---- */

static const char *read_escape(const char *p, char *ret)
{
	static const char letters[] = "abfnrst", values[] = "\a\b\f\n\r \t";
	const char *letter = strchr(letters, *p);
	unsigned value = 0;

	if (*p >= '0' && *p <= '7') {
		for (int i = 0; i < 3 && *p >= '0' && *p <= '7'; i++)
			value = value * 8 + (unsigned)(*p++ - '0');
		*ret = (char)value;
		return p;
	}
	if (*p == 'x')
		fail_msg("hexadecimal escapes are not written");
	*ret = letter && *p != '\0' ? values[letter - letters] : *p;
	return p + 1;
}

static const char *read_word(const char *p, const char *end, char word[PPPD_OPTION_WORD_MAX + 1])
{
	char quote = '\0';
	size_t len = 0;

	while (p < end && (quote || (!isspace((unsigned char)*p) && *p != '#'))) {
		char c = *p++;

		if (c == '\\')
			p = read_escape(p, &c);
		else if (c == quote) {
			quote = '\0';
			continue;
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			continue;
		}
		assert_true(len < PPPD_OPTION_WORD_MAX);
		word[len++] = c;
	}
	assert_int_equal(quote, '\0');
	word[len] = '\0';
	return p;
}

static void read_words(void)
{
	const char *p = options.text, *end = options.text + options.len;

	assert_false(options.overflow);
	n_words = 0;
	for (;;) {
		while (p < end && isspace((unsigned char)*p))
			p++;
		if (p == end)
			return;
		assert_int_not_equal(*p, '#');
		assert_true(n_words < WORDS_MAX);
		p = read_word(p, end, words[n_words++]);
	}
}

static int position(const char *word)
{
	for (size_t i = 0; i < n_words; i++)
		if (str_equal(words[i], word))
			return (int)i;
	return -1;
}

static bool has(const char *word)
{
	return position(word) >= 0;
}

static void assert_value(const char *name, const char *value)
{
	int at = position(name);

	assert_true(at >= 0 && at + 1 < (int)n_words);
	assert_string_equal(words[at + 1], value);
}

/* ---- writing ---- */

static void start(void)
{
	options.len = 0;
	options.overflow = false;
}

static void every_octet_comes_back(void **state UNUSED)
{
	char value[4] = "a?b";

	for (int c = 1; c < 256; c++) {
		value[1] = (char)c;
		start();
		pppd_option(&options, "user", value);
		pppd_option(&options, "next", NULL);
		read_words();
		assert_int_equal(n_words, 3);
		assert_string_equal(words[1], value);
		assert_string_equal(words[2], "next");
	}
}

static void every_pair_comes_back(void **state UNUSED)
{
	static const char odd[] = "\"'\\#`$ \t\n\r\a01789xnabf~\x7f\x80\xff";
	char value[3] = "";

	for (const char *a = odd; *a != '\0'; a++) {
		for (const char *b = odd; *b != '\0'; b++) {
			value[0] = *a;
			value[1] = *b;
			start();
			pppd_option_word(&options, value);
			read_words();
			assert_int_equal(n_words, 1);
			assert_string_equal(words[0], value);
		}
	}
}

static void lines_cannot_be_forged(void **state UNUSED)
{
	start();
	pppd_option(&options, "user", "x\"\npersist\nplugin \"/tmp/evil.so");
	read_words();
	assert_int_equal(n_words, 2);
	assert_false(has("persist"));
	/* One line, whatever is in it. */
	assert_ptr_equal(memchr(options.text, '\n', options.len), options.text + options.len - 1);
}

static void too_long(void **state UNUSED)
{
	char value[PPPD_OPTION_WORD_MAX + 2];

	memset(value, 'a', sizeof(value));
	value[PPPD_OPTION_WORD_MAX] = '\0';
	start();
	pppd_option(&options, "user", value);
	assert_false(options.overflow);
	value[PPPD_OPTION_WORD_MAX] = 'a';
	value[PPPD_OPTION_WORD_MAX + 1] = '\0';
	pppd_option(&options, "user", value);
	assert_true(options.overflow);

	start();
	value[1000] = '\0';
	for (int i = 0; i < 16; i++)
		pppd_option(&options, "user", value);
	assert_false(options.overflow);
	pppd_option(&options, "user", value);
	assert_true(options.overflow);
	pppd_option(&options, "short", NULL);
	assert_true(options.overflow);
	assert_true(options.len <= sizeof(options.text));
}

/* ---- what an entry becomes ---- */

static const struct pppd_place place = {
	.index = 7, .unit = 7, .socket = 4, .log = 2, .plugin = "/lib/o b.so", .state_file = "/run/x/31.ppp"};

static void build(const struct ras_entry *entry)
{
	pppd_options_begin(&options, entry, &place);
	pppd_options_finish(&options, entry);
	read_words();
}

static void always(void **state UNUSED)
{
	static const char *const constants[] = {"nodetach",    "noauth",        "nopersist", "nodefaultroute",
						"noipdefault", "hide-password", "noipv6"};
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	build(entry);
	for (size_t i = 0; i < ARRAY_SIZE(constants); i++)
		assert_true(has(constants[i]));
	assert_value("linkname", "rasdial-7");
	assert_value("ipparam", "rasdial-7");
	assert_value("ifname", "ras7");
	assert_value("logfd", "2");
	assert_value("idle", "0");
	assert_true(has("lcp-echo-interval") && has("lcp-echo-failure"));
	assert_value("plugin", "/lib/o b.so");
	assert_value(WIRE_OPTION_SOCKET, "4");
	assert_value(WIRE_OPTION_STATE, "/run/x/31.ppp");
	assert_int_equal(position("plugin"), 0);
	assert_false(has("user") || has(WIRE_OPTION_SECRET) || has("persist") || has("usepeerdns"));
	assert_false(has("multilink") || has("bundle") || has("endpoint"));
}

/* Names of its own, but for interface and scripts, which are the bundle's; who knows the one name for its pppds, and
 * the other one for the peer. */
static void link_of_a_bundle(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	struct pppd_place of_link = place;

	of_link.index = UINT32_MAX;
	of_link.bundle = 0xabcdef;
	pppd_options_begin(&options, entry, &of_link);
	read_words();
	assert_true(has("multilink"));
	assert_value("bundle", "rasdial-0000000000abcdef");
	assert_value("endpoint", "local:0000000000abcdef");
	assert_value("linkname", "rasdial-4294967295");
	assert_value("ipparam", "rasdial-7");
	assert_value("ifname", "ras7");
}

static void secret_is_not_in_it(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	str_copy(entry->user_name, "branch7", sizeof(entry->user_name));
	assert_int_equal(ras_entry_set_secret(entry, "open sesame"), 0);
	build(entry);
	assert_value("user", "branch7");
	assert_true(has(WIRE_OPTION_SECRET));
	assert_null(memmem(options.text, options.len, "sesame", 6));
	assert_false(has("password"));
}

static void methods(void **state UNUSED)
{
	static const char *const refuse[RAS_AUTH_MAX] = {"refuse-pap", "refuse-chap", "refuse-mschap",
							 "refuse-mschap-v2", "refuse-eap"};
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	for (uint32_t mask = 0; mask < 1u << RAS_AUTH_MAX; mask++) {
		entry->auth_methods = mask;
		build(entry);
		for (unsigned i = 0; i < RAS_AUTH_MAX; i++)
			assert_int_equal(has(refuse[i]), mask != 0 && (mask & 1u << i) == 0);
	}
}

static void entry_options(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();

	entry->options = 0;
	build(entry);
	assert_true(has("noccp") && has("novj") && has("nodeflate") && has("nobsdcomp"));

	entry->options = 1u << RAS_OPTION_DEFAULT_ROUTE | 1u << RAS_OPTION_USE_PEER_DNS | 1u << RAS_OPTION_IPV6;
	build(entry);
	assert_true(has("defaultroute") && has("defaultroute6") && has("usepeerdns") && has("+ipv6"));
	assert_false(has("nodefaultroute") || has("noipv6"));

	entry->options = 1u << RAS_OPTION_COMPRESSION;
	build(entry);
	assert_false(has("noccp") || has("novj") || has("nodeflate"));

	entry->options = 1u << RAS_OPTION_REQUIRE_ENCRYPTION;
	build(entry);
	assert_true(has("require-mppe-128") && has("nodeflate"));
	assert_false(has("noccp"));
}

static void addresses(void **state UNUSED)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	struct ras_error error;

	str_copy(entry->local_address, "10.1.0.2", sizeof(entry->local_address));
	build(entry);
	assert_true(has("10.1.0.2:"));
	str_copy(entry->peer_address, "10.1.0.1", sizeof(entry->peer_address));
	build(entry);
	assert_true(has("10.1.0.2:10.1.0.1"));
	assert_int_equal(pppd_options_check(entry, &error), 0);
	str_copy(entry->peer_address, "10.1.0.1 persist", sizeof(entry->peer_address));
	assert_true(pppd_options_check(entry, &error) < 0);
	assert_int_equal(error.code, 625);
}

static void names(void **state UNUSED)
{
	char ifname[16], linkname[32];

	pppd_ifname(RAS_INDEX_MAX, ifname);
	assert_string_equal(ifname, "ras2147483647");
	pppd_linkname(RAS_INDEX_MAX, linkname);
	assert_string_equal(linkname, "rasdial-2147483647");
}

/* ---- what an operator may write ---- */

static int check_one(const char *line)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new();
	struct ras_error error = RAS_ERROR_INIT;
	int r;

	entry->pppd_options = calloc(2, sizeof(char *));
	entry->pppd_options[0] = strdup(line);
	r = pppd_options_check(entry, &error);
	if (r == 0) {
		build(entry);
		assert_int_equal(error.code, 0);
	} else {
		assert_int_equal(error.code, 625);
		assert_non_null(strstr(error.text, "Line 1 of pppd-options"));
	}
	return r;
}

static void accepted(void **state UNUSED)
{
	static const char *const good[] = {
		"mtu 1400",
		"local",
		"  novj  ",
		"lcp-echo-interval 5",
		"remotename 'far side'",
		"remotename \"x\"",
		"+mppe-128",
		"-pcomp",
		"debug",
		"set NAME=value",
		"active-filter 'not port 123'",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (check_one(good[i]) < 0)
			fail_msg("refused: %s", good[i]);
	/* It stands as it was written, after all of ours. */
	assert_int_equal(check_one("mtu 1400"), 0);
	assert_string_equal(words[n_words - 2], "mtu");
	assert_string_equal(words[n_words - 1], "1400");
}

static void refused(void **state UNUSED)
{
	static const char *const bad[] = {
		"persist",
		"pppoe-service internet",
		"pppoe-padi-timeout 1",
		"updetach",
		"detach",
		"demand",
		"idle 5",
		"maxconnect 5",
		"logfile /tmp/x",
		"logfd 1",
		"plugin x.so",
		"file /tmp/x",
		"call x",
		"linkname x",
		"ifname x",
		"ipparam x",
		"unit 3",
		"connect /bin/sh",
		"init /bin/sh",
		"disconnect x",
		"welcome x",
		"pty x",
		"notty",
		"socket a:1",
		"record x",
		"user x",
		"password x",
		"+ua /tmp/x",
		"show-password",
		"kdebug 7",
		"dump",
		"dryrun",
		"multilink",
		"mp",
		"rasdial-socket 3",
		"rasdial-secret",
		"rasdial-state x",
		"--version",
		"--help",
		/* more than one, hidden, or no option at all */
		"mtu 1400 persist",
		"mtu 1400 plugin x",
		"\"persist\"",
		"per'sist'",
		"'plugin' x",
		"\tpersist",
		"novj\npersist",
		"novj\rpersist",
		"novj # persist",
		"\\persist",
		"pers\\151st",
		"\"novj",
		"'novj",
		"\"\"",
		"''",
		"",
		"   ",
		"/dev/ttyS1",
		"115200",
		"10.0.0.1:10.0.0.2",
		"mtu \x01",
		"mtu \x7f",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (check_one(bad[i]) == 0)
			fail_msg("accepted: %s", bad[i]);
}

static void long_words(void **state UNUSED)
{
	char line[PPPD_OPTION_WORD_MAX + 3];

	memset(line, 'a', sizeof(line));
	line[PPPD_OPTION_WORD_MAX] = '\0';
	assert_int_equal(check_one(line), 0);
	line[PPPD_OPTION_WORD_MAX] = 'a';
	line[PPPD_OPTION_WORD_MAX + 1] = '\0';
	assert_true(check_one(line) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_octet_comes_back),
		cmocka_unit_test(every_pair_comes_back),
		cmocka_unit_test(lines_cannot_be_forged),
		cmocka_unit_test(too_long),
		cmocka_unit_test(always),
		cmocka_unit_test(link_of_a_bundle),
		cmocka_unit_test(secret_is_not_in_it),
		cmocka_unit_test(methods),
		cmocka_unit_test(entry_options),
		cmocka_unit_test(addresses),
		cmocka_unit_test(names),
		cmocka_unit_test(accepted),
		cmocka_unit_test(refused),
		cmocka_unit_test(long_words),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pppd_options", tests, NULL, NULL);
}
