/* SPDX-License-Identifier: BSD-2-Clause */
/* What a right configuration means: defaults, every key, limits at both ends, the ways to write a value. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_check.h"
#include "config/config_row.h"
#include "config/config_section.h"
#include "config/config_text.h"

static int parse(const char *yaml, struct config **ret, char error[CONFIG_ERROR_MAX])
{
	struct config_source source = {.name = "t.yaml",
				       .text = yaml,
				       .size = strlen(yaml),
				       .mode = S_IFREG | 0600,
				       .mtime_ms = 1234567890123};

	return config_parse(&source, ret, error);
}

static struct config *must_parse(const char *yaml)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	if (parse(yaml, &config, error) < 0)
		fail_msg("%s", error);
	return config;
}

static void must_fail(const char *yaml, const char *part)
{
	char error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	assert_int_equal(parse(yaml, &config, error), -EINVAL);
	if (!strstr(error, part))
		fail_msg("\"%s\" has no \"%s\"", error, part);
	assert_null(config);
}

static void assert_list(char **list, const char *const expected[])
{
	size_t i = 0;

	assert_non_null(list);
	for (; expected[i]; i++)
		assert_string_equal(list[i], expected[i]);
	assert_null(list[i]);
}
#define ASSERT_LIST(list, ...) assert_list(list, (const char *const[]){__VA_ARGS__, NULL})

/* ---- defaults ---- */

static void test_empty(void **state)
{
	static const char *const empty[] = {"",
					    "\n",
					    "# nothing\n",
					    "---\n",
					    "{}\n",
					    "---\n...\n",
					    "~\n",
					    "agent: {}\nentries: []\n",
					    "defaults: {}\n",
					    "\xef\xbb\xbf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(empty); i++) {
		_cleanup_config_ struct config *config = must_parse(empty[i]);
		const struct config_agent *a = &config->agent;
		char host[256];

		assert_int_equal(config->n_entries, 0);
		assert_int_equal(gethostname(host, sizeof(host)), 0);
		host[64] = '\0';
		assert_string_equal(a->name, host);
		assert_null(a->agentx);
		assert_false(a->agentx_insecure);
		assert_string_equal(a->context, "");
		assert_int_equal(a->ping_interval, 15);
		assert_string_equal(a->state_dir, "/var/lib/rasdial");
		assert_string_equal(a->run_dir, "/run/rasdial");
		assert_string_equal(a->helper_dir, "/usr/libexec/rasdial");
		assert_int_equal(a->on_exit, CONFIG_ON_EXIT_KEEP);
		assert_int_equal(a->hang_up_timeout, 10);
		assert_int_equal(a->admin_mode, RAS_ADMIN_ENABLED);
		assert_int_equal(a->max_entries, 10000);
		assert_int_equal(a->max_concurrent_dials, 64);
		assert_false(a->allow_snmp_entries);
		assert_false(a->allow_snmp_secrets);
		assert_int_equal(a->allow_device_types, 1u << RAS_DEVICE_LOOPBACK);
		assert_null(a->allow_devices);
		assert_null(a->allow_destinations);
		assert_int_equal(a->history_max_entries, 250);
		assert_int_equal(a->history_retain_time, 0);
		assert_int_equal(a->notify_types, 0xff);
		assert_int_equal(a->notify_min_interval, 5);
		assert_int_equal(a->notify_queue, 1024);
		assert_int_equal(a->log_level, LOG_LEVEL_INFO);
		assert_int_equal(a->log_target, LOG_TARGET_AUTO);
	}
}

static void test_entry_defaults(void **state)
{
	_cleanup_config_ struct config *config = must_parse("entries: [{name: a}]\n");
	_cleanup_entry_ struct ras_entry *expected = ras_entry_new();

	(void)state;
	assert_non_null(expected);
	assert_int_equal(config->n_entries, 1);
	strcpy(expected->name, "a");
	expected->origin = RAS_ORIGIN_FILE;
	expected->storage_type = RAS_STORAGE_READ_ONLY;
	expected->row_status = RAS_ROW_ACTIVE;
	assert_true(ras_entry_equal(config->entries[0], expected));
	assert_int_equal(config->entries[0]->last_change_ms, 1234567890123);
	assert_int_equal(config->entries[0]->index, 0);
}

/* ---- every key ---- */

static void test_agent_keys(void **state)
{
	_cleanup_config_ struct config *config = must_parse("agent:\n"
							    "  name: gw-n\xc3\xb6rth\n"
							    "  agentx: tcp:192.0.2.1:705\n"
							    "  agentx-insecure: true\n"
							    "  context: west\n"
							    "  ping-interval: 7\n"
							    "  state-dir: /tmp/state\n"
							    "  run-dir: /tmp/run\n"
							    "  helper-dir: /tmp/helper\n"
							    "  on-exit: hang-up\n"
							    "  hang-up-timeout: 4\n"
							    "  admin-mode: drain\n"
							    "  max-entries: 17\n"
							    "  max-concurrent-dials: 3\n"
							    "  allow-snmp-entries: true\n"
							    "  allow-snmp-secrets: false\n"
							    "  allow-device-types: [modem, exec]\n"
							    "  allow-devices: [\"/dev/ttyS*\", eth0]\n"
							    "  allow-destinations: [\"+49*\"]\n"
							    "  history: {max-entries: 0, retain-time: 60}\n"
							    "  notifications:\n"
							    "    types: [connected, config-change]\n"
							    "    min-interval: 0\n"
							    "    queue: 9\n"
							    "  log: {level: debug, target: syslog}\n");
	const struct config_agent *a = &config->agent;
	struct ras_settings s;

	(void)state;
	assert_string_equal(a->name, "gw-n\xc3\xb6rth");
	assert_string_equal(a->agentx, "tcp:192.0.2.1:705");
	assert_true(a->agentx_insecure);
	assert_string_equal(a->context, "west");
	assert_int_equal(a->ping_interval, 7);
	assert_string_equal(a->helper_dir, "/tmp/helper");
	assert_true(a->allow_snmp_entries);
	assert_false(a->allow_snmp_secrets);
	assert_int_equal(a->allow_device_types, 1u << RAS_DEVICE_MODEM | 1u << RAS_DEVICE_EXEC);
	ASSERT_LIST(a->allow_devices, "/dev/ttyS*", "eth0");
	ASSERT_LIST(a->allow_destinations, "+49*");
	assert_int_equal(a->log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(a->log_target, LOG_TARGET_SYSLOG);

	config_settings(config, &s);
	assert_string_equal(s.state_dir, "/tmp/state");
	assert_string_equal(s.run_dir, "/tmp/run");
	assert_int_equal(s.value[RAS_SETTING_ADMIN_MODE], RAS_ADMIN_DRAIN);
	assert_int_equal(s.value[RAS_SETTING_MAX_CONCURRENT_DIALS], 3);
	assert_int_equal(s.value[RAS_SETTING_HIST_MAX_ENTRIES], 0);
	assert_int_equal(s.value[RAS_SETTING_HIST_RETAIN_TIME], 60);
	assert_int_equal(s.value[RAS_SETTING_NOTIFY_TYPES],
			 1u << RAS_NOTIFY_CONNECTED | 1u << RAS_NOTIFY_CONFIG_CHANGE);
	assert_int_equal(s.value[RAS_SETTING_NOTIFY_MIN_INTERVAL], 0);
	assert_int_equal(s.max_entries, 17);
	assert_int_equal(s.hang_up_timeout, 4);
	assert_int_equal(s.notify_queue, 9);
	assert_true(s.hang_up_on_exit);
	assert_ptr_equal(s.row_format, &config_row_format);
}

static void test_permissions(void **state)
{
	_cleanup_config_ struct config *none = must_parse(""),
				       *some = must_parse("agent:\n"
							  "  helper-dir: /opt/helper\n"
							  "  allow-snmp-entries: true\n"
							  "  allow-snmp-secrets: true\n"
							  "  allow-device-types: [modem, exec, other]\n"
							  "  allow-devices: [\"/dev/ttyS*\", eth0]\n"
							  "  allow-destinations: [\"+49*\"]\n");
	struct ras_settings s;

	(void)state;
	config_settings(none, &s);
	assert_false(s.permit.entries);
	assert_false(s.permit.secrets);
	assert_int_equal(s.permit.device_types, 1u << RAS_DEVICE_LOOPBACK);
	assert_null(s.permit.devices);
	assert_null(s.permit.destinations);
	assert_string_equal(s.permit.helper_dir, "/usr/libexec/rasdial");

	config_settings(some, &s);
	assert_true(s.permit.entries);
	assert_true(s.permit.secrets);
	assert_int_equal(s.permit.device_types,
			 1u << RAS_DEVICE_MODEM | 1u << RAS_DEVICE_EXEC | 1u << RAS_DEVICE_OTHER);
	assert_string_equal(s.permit.devices[0], "/dev/ttyS*");
	assert_string_equal(s.permit.devices[1], "eth0");
	assert_null(s.permit.devices[2]);
	assert_string_equal(s.permit.destinations[0], "+49*");
	assert_null(s.permit.destinations[1]);
	assert_string_equal(s.permit.helper_dir, "/opt/helper");
}

static const char all_keys[] = "  - name: hq\n"
			       "    index: 2147483647\n"
			       "    descr: head office\n"
			       "    device-type: direct-serial\n"
			       "    device-name: /dev/ttyS0\n"
			       "    destination: +0049 5550100\n"
			       "    user-name: branch7\n"
			       "    secret: \"p\\tss # \\xe4\"\n"
			       "    auth-methods: [pap, eap]\n"
			       "    dial-mode: on-demand\n"
			       "    link-mode: dial-as-needed\n"
			       "    subentries:\n"
			       "      - {destination: 5550101}\n"
			       "      - {device-type: modem, device-name: /dev/ttyS1}\n"
			       "    bandwidth: {add-percent: 76, add-time: 1, drop-percent: 9, drop-time: 3}\n"
			       "    redial-max: 4\n"
			       "    redial-pause: 5\n"
			       "    redial-pause-max: 6\n"
			       "    redial-on-drop: true\n"
			       "    dial-timeout: 7\n"
			       "    idle-timeout: 8\n"
			       "    max-duration: 9\n"
			       "    options: [default-route, paused-states]\n"
			       "    notify-types: [thread-stuck]\n"
			       "    notify-failures: 10\n"
			       "    storage-type: permanent\n"
			       "    routes: [10.0.0.0/8, \"2001:db8::/32\", 0.0.0.0/0]\n"
			       "    up-script: /etc/rasdial/up\n"
			       "    down-script: /etc/rasdial/down\n"
			       "    speed: 115200\n"
			       "    modem-init: [ATZ, AT&F1M0]\n"
			       "    apn: internet\n"
			       "    local-address: 10.1.0.2\n"
			       "    peer-address: 10.1.0.1\n"
			       "    command: [/usr/bin/ssh, -W, \"\"]\n"
			       "    pppd-options: [mtu 1400]\n"
			       "    environment: {KEY: value, _k2: 07, E: \"\"}\n";

static void assert_all_keys(const struct ras_entry *e)
{
	assert_string_equal(e->descr, "head office");
	assert_int_equal(e->device_type, RAS_DEVICE_DIRECT_SERIAL);
	assert_string_equal(e->device_name, "/dev/ttyS0");
	assert_string_equal(e->destination, "+0049 5550100");
	assert_string_equal(e->user_name, "branch7");
	assert_string_equal(e->secret, "p\tss # \xc3\xa4");
	assert_int_equal(e->auth_methods, 1u << RAS_AUTH_PAP | 1u << RAS_AUTH_EAP);
	assert_int_equal(e->dial_mode, RAS_DIAL_MODE_ON_DEMAND);
	assert_int_equal(e->link_mode, RAS_LINK_MODE_DIAL_AS_NEEDED);
	assert_int_equal(e->n_subentries, 2);
	assert_int_equal(e->subentries[0].index, 1);
	assert_int_equal(e->subentries[0].device_type, RAS_DEVICE_OTHER);
	assert_string_equal(e->subentries[0].device_name, "");
	assert_string_equal(e->subentries[0].destination, "5550101");
	assert_int_equal(e->subentries[0].row_status, RAS_ROW_ACTIVE);
	assert_int_equal(e->subentries[1].index, 2);
	assert_int_equal(e->subentries[1].device_type, RAS_DEVICE_MODEM);
	assert_string_equal(e->subentries[1].device_name, "/dev/ttyS1");
	assert_string_equal(e->subentries[1].destination, "");
	assert_int_equal(e->subentries[1].row_status, RAS_ROW_ACTIVE);
	assert_int_equal(e->bandwidth.add_percent, 76);
	assert_int_equal(e->bandwidth.add_time, 1);
	assert_int_equal(e->bandwidth.drop_percent, 9);
	assert_int_equal(e->bandwidth.drop_time, 3);
	assert_int_equal(e->redial_max, 4);
	assert_int_equal(e->redial_pause, 5);
	assert_int_equal(e->redial_pause_max, 6);
	assert_true(e->redial_on_drop);
	assert_int_equal(e->dial_timeout, 7);
	assert_int_equal(e->idle_timeout, 8);
	assert_int_equal(e->max_duration, 9);
	assert_int_equal(e->options, 1u << RAS_OPTION_DEFAULT_ROUTE | 1u << RAS_OPTION_PAUSED_STATES);
	assert_int_equal(e->notify_types, 1u << RAS_NOTIFY_THREAD_STUCK);
	assert_int_equal(e->notify_failures, 10);
	assert_int_equal(e->origin, RAS_ORIGIN_FILE);
	assert_int_equal(e->storage_type, RAS_STORAGE_PERMANENT);
	assert_int_equal(e->row_status, RAS_ROW_ACTIVE);
	ASSERT_LIST(e->routes, "10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0");
	assert_string_equal(e->up_script, "/etc/rasdial/up");
	assert_string_equal(e->down_script, "/etc/rasdial/down");
	assert_int_equal(e->speed, 115200);
	ASSERT_LIST(e->modem_init, "ATZ", "AT&F1M0");
	assert_string_equal(e->apn, "internet");
	assert_string_equal(e->local_address, "10.1.0.2");
	assert_string_equal(e->peer_address, "10.1.0.1");
	ASSERT_LIST(e->command, "/usr/bin/ssh", "-W", "");
	ASSERT_LIST(e->pppd_options, "mtu 1400");
	ASSERT_LIST(e->environment, "KEY=value", "_k2=07", "E=");
}

/* Text with every line indented by two blanks less and the keys left out that only an entry has. */
static void as_defaults(char *ret, size_t size)
{
	const char *keys = strstr(all_keys, "    descr:");

	snprintf(ret, size, "defaults:\n%s", keys);
}

static void test_entry_keys(void **state)
{
	char yaml[sizeof(all_keys) + 32];
	struct config *config;

	(void)state;
	snprintf(yaml, sizeof(yaml), "entries:\n%s", all_keys);
	config = must_parse(yaml);
	assert_int_equal(config->n_entries, 1);
	assert_string_equal(config->entries[0]->name, "hq");
	assert_int_equal(config->entries[0]->index, RAS_INDEX_MAX);
	assert_all_keys(config->entries[0]);
	config_free(config);
}

/* Whatever the place of the section: entries may come first. */
static void test_defaults_section(void **state)
{
	static const char entries[] =
		"entries: [{name: a}, {name: b, redial-max: 1, routes: [], subentries: [], environment: {X: y},\n"
		"  secret: s, bandwidth: {add-time: 99}}]\n";
	char defaults[sizeof(all_keys) + 32], yaml[4096];

	(void)state;
	as_defaults(defaults, sizeof(defaults));
	for (int turn = 0; turn < 2; turn++) {
		struct config *config;
		const struct ras_entry *b;

		snprintf(yaml, sizeof(yaml), "%s%s", turn ? entries : defaults, turn ? defaults : entries);
		config = must_parse(yaml);
		assert_int_equal(config->n_entries, 2);
		assert_string_equal(config->entries[0]->name, "a");
		assert_all_keys(config->entries[0]);
		b = config->entries[1];
		assert_int_equal(b->redial_max, 1);
		assert_int_equal(b->redial_pause, 5);
		assert_null(b->routes);
		assert_int_equal(b->n_subentries, 0);
		ASSERT_LIST(b->environment, "X=y");
		assert_string_equal(b->secret, "s");
		assert_int_equal(b->bandwidth.add_time, 99);
		assert_int_equal(b->bandwidth.add_percent, 76);
		config_free(config);
	}
}

/* Every key of the tables is in the texts above, so that none is forgotten when one is added. */
static void test_no_key_forgotten(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_entry_section.n; i++) {
		char key[TEXT_LABEL_MAX];

		if (!config_has_key(&config_entry_section, &config_entry_section.keys[i]))
			continue;
		snprintf(key, sizeof(key), " %s:", config_entry_section.keys[i].key);
		if (!strstr(all_keys, key) && !str_equal(key, " secret-file:"))
			fail_msg("key%s is not tried", key);
	}
}

/* ---- the ways to write ---- */

static void test_spellings(void **state)
{
	static const struct {
		const char *yaml, *descr;
	} texts[] = {
		{"descr: 0049", "0049"},
		{"descr: +49 555", "+49 555"},
		{"descr: 12345678901234567890123", "12345678901234567890123"},
		{"descr: 1e3", "1e3"},
		{"descr: yes", "yes"},
		{"descr: No", "No"},
		{"descr: \"null\"", "null"},
		{"descr: '~'", "~"},
		{"descr: 'true'", "true"},
		{"descr: \"\"", ""},
		{"descr: !!str 5", "5"},
		{"descr: !!str true", "true"},
		{"descr: ! 5", "5"},
		{"descr: !!int 5", "5"},
		{"\"descr\": a", "a"},
		{"descr: >-\n      two\n      lines", "two lines"},
		{"descr: \"\\u2028\"", "\xe2\x80\xa8"},
		{"descr: \xf0\x9f\x93\x9e", "\xf0\x9f\x93\x9e"},
		{"descr: a # b", "a"},
		{"? descr\n    : a", "a"},
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		_cleanup_config_ struct config *config = NULL;

		snprintf(yaml, sizeof(yaml), "entries:\r\n  - name: a\r\n    %s\r\n", texts[i].yaml);
		config = must_parse(yaml);
		assert_string_equal(config->entries[0]->descr, texts[i].descr);
	}
}

static void test_tags_and_marks(void **state)
{
	_cleanup_config_ struct config *config = must_parse(
		"\xef\xbb\xbf%YAML 1.2\n--- !!map\nentries: !!seq\n"
		"  - !!map {name: !!str 7, redial-max: !!int 7, redial-on-drop: !!bool TRUE}\n...\n");

	(void)state;
	assert_string_equal(config->entries[0]->name, "7");
	assert_int_equal(config->entries[0]->redial_max, 7);
	assert_true(config->entries[0]->redial_on_drop);
	must_fail("\xef\xbb\xbfx: 1\n", "t.yaml:1:1:");
}

/* JSON is YAML. */
static void test_json(void **state)
{
	_cleanup_config_ struct config *config = must_parse(
		"{\"agent\": {\"name\": \"x\"},\n \"entries\": [{\"name\": \"a\", \"redial-max\": 3}]}\n");

	(void)state;
	assert_string_equal(config->agent.name, "x");
	assert_int_equal(config->entries[0]->redial_max, 3);
}

/* What a row lacks that the file need not give: it is shown as notReady, and the file is good. */
static void test_incomplete_entries(void **state)
{
	static const struct {
		const char *keys, *missing;
	} entries[] = {
		{"", "device-type"},
		{"device-type: other", "device-type"},
		{"device-type: loopback", NULL},
		{"device-type: modem, destination: 5550100", "device-name"},
		{"device-type: direct-serial", "device-name"},
		{"device-type: pppoe, device-name: eth0", NULL},
		{"device-type: pty", "command"},
		{"device-type: pty, command: [/bin/true]", NULL},
		{"device-type: exec", "device-name"},
		{"device-type: exec, device-name: open_vpn-2.x", NULL},
	};
	char yaml[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
		_cleanup_config_ struct config *config = NULL;
		const char *missing;

		snprintf(yaml, sizeof(yaml), "entries: [{name: a, %s}]\n", entries[i].keys);
		config = must_parse(yaml);
		missing = ras_entry_missing(config->entries[0]);
		if (entries[i].missing)
			assert_string_equal(missing, entries[i].missing);
		else
			assert_null(missing);
	}
}

/* ---- limits ---- */

/* An entry or the agent section with one key of one text value. */
static void one_key(char *yaml, size_t size, const struct config_section *section, const char *above, const char *key,
		    const char *value)
{
	const char *head = section == &config_agent_section ? "agent: {" : "entries: [{name: first}, {";
	const char *tail = section == &config_agent_section ? "}" : "}]";
	const char *name = section == &config_agent_section || str_equal(key, "name") ? "" : "name: a, ";

	if (above)
		snprintf(yaml, size, "%s%s%s: {%s: %s}%s\n", head, name, above, key, value, tail);
	else
		snprintf(yaml, size, "%s%s%s: %s%s\n", head, name, key, value, tail);
}

static void try_number(const struct config_section *section, const char *above, const struct config_key *key,
		       const void *(*object)(const struct config *))
{
	const int64_t tries[] = {key->min, key->max, (int64_t)key->min - 1, (int64_t)key->max + 1};
	char yaml[512], value[32], expected[128];

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		snprintf(value, sizeof(value), "%lld", (long long)tries[i]);
		one_key(yaml, sizeof(yaml), section, above, key->key, value);
		if (i < 2) {
			uint32_t got;
			struct config *config;

			/* The least add-percent is below the default drop-percent, which is refused for another reason.
			 */
			if (str_equal(key->key, "add-percent") || str_equal(key->key, "drop-percent"))
				continue;
			config = must_parse(yaml);
			memcpy(&got, (const char *)object(config) + key->offset, sizeof(got));
			assert_int_equal(got, tries[i]);
			config_free(config);
		} else {
			snprintf(expected, sizeof(expected), " %s: \"%s\" is not a number from %u to %u", key->key,
				 value, key->min, key->max);
			must_fail(yaml, expected);
		}
	}
}

static const void *agent_of(const struct config *config)
{
	return &config->agent;
}

static const void *entry_of(const struct config *config)
{
	return config->entries[1];
}

static void try_numbers(const struct config_section *top, const struct config_section *section, const char *above,
			const void *(*object)(const struct config *))
{
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];

		if (key->type == CONFIG_NUMBER && config_has_key(section, key))
			try_number(top, above, key, object);
		else if (key->type == CONFIG_SECTION)
			try_numbers(top, key->section, key->key, object);
	}
}

static void test_number_limits(void **state)
{
	(void)state;
	try_numbers(&config_agent_section, &config_agent_section, NULL, agent_of);
	try_numbers(&config_entry_section, &config_entry_section, NULL, entry_of);
}

/* A text of n octets of the kind a check lets pass. */
static void filled(char *ret, const struct config_key *key, size_t n)
{
	memset(ret, 'x', n);
	ret[n] = '\0';
	if (key->check == check_path && n > 0)
		ret[0] = '/';
}

static void try_text(const struct config_section *section, const struct config_key *key, size_t min, size_t max)
{
	char text[1200], value[1210], yaml[1400], expected[128];

	for (int i = 0; i < 4; i++) {
		const size_t sizes[] = {min, max, min - 1, max + 1};

		if (i == 2 && min == 0)
			continue;
		filled(text, key, sizes[i]);
		snprintf(value, sizeof(value), key->type == CONFIG_LIST ? "[\"%s\"]" : "\"%s\"", text);
		one_key(yaml, sizeof(yaml), section, NULL, key->key, value);
		if (i < 2) {
			config_free(must_parse(yaml));
			continue;
		}
		if (i == 2)
			snprintf(expected, sizeof(expected), " %s: must not be empty", key->key);
		else
			snprintf(expected, sizeof(expected), " %s: %zu octets are given, at most %zu are possible",
				 key->key, max + 1, max);
		must_fail(yaml, expected);
	}
}

static void test_text_limits(void **state)
{
	const struct config_section *const sections[] = {&config_agent_section, &config_entry_section};

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sections); s++) {
		for (size_t i = 0; i < sections[s]->n; i++) {
			const struct config_key *key = &sections[s]->keys[i];

			/* Syntax of its own: no filler text passes. */
			if ((key->check && key->check != check_path) || str_equal(key->key, "command"))
				continue;
			if (key->type == CONFIG_TEXT)
				try_text(sections[s], key, key->min, key->size - 1);
			else if (key->type == CONFIG_STRING || key->type == CONFIG_LIST)
				try_text(sections[s], key, key->min, key->max);
		}
	}
}

/* n items between two brackets. */
static void repeated(char *ret, size_t size, const char *open, const char *item, size_t n, const char *close)
{
	size_t len = (size_t)snprintf(ret, size, "%s", open);

	for (size_t i = 0; i < n; i++)
		len += (size_t)snprintf(ret + len, size - len, "%s%s", i > 0 ? ", " : "", item);
	snprintf(ret + len, size - len, "%s", close);
}

static void test_count_limits(void **state)
{
	char value[4096], yaml[4200];

	(void)state;
	repeated(value, sizeof(value), "[", "10.0.0.0/8", CONFIG_LIST_MAX, "]");
	one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "routes", value);
	config_free(must_parse(yaml));
	repeated(value, sizeof(value), "[", "10.0.0.0/8", CONFIG_LIST_MAX + 1, "]");
	one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "routes", value);
	must_fail(yaml, " routes: 65 items are given, at most 64 are possible");

	repeated(value, sizeof(value), "[", "{}", RAS_SUBENTRIES_MAX, "]");
	one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "subentries", value);
	config_free(must_parse(yaml));
	repeated(value, sizeof(value), "[", "{}", RAS_SUBENTRIES_MAX + 1, "]");
	one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "subentries", value);
	must_fail(yaml, " subentries: 256 subentries are given, at most 255 are possible");

	repeated(value, sizeof(value), "{", "A: b", CONFIG_LIST_MAX + 1, "}");
	one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "environment", value);
	must_fail(yaml, " environment: 65 variables are given, at most 64 are possible");
}

static void test_secret_limits(void **state)
{
	char secret[512], yaml[1024];

	(void)state;
	for (size_t n = 255; n <= 256; n++) {
		memset(secret, 'q', n);
		secret[n] = '\0';
		one_key(yaml, sizeof(yaml), &config_entry_section, NULL, "secret", secret);
		if (n == 255) {
			struct config *config = must_parse(yaml);

			assert_string_equal(config->entries[1]->secret, secret);
			config_free(config);
		} else {
			must_fail(yaml, " secret: a secret has 1 to 255 octets, not 256");
		}
	}
}

static void test_max_entries(void **state)
{
	char yaml[256];

	(void)state;
	for (unsigned max = 0; max <= 3; max++) {
		snprintf(yaml, sizeof(yaml), "entries: [{name: a}, {name: b}]\nagent: {max-entries: %u}\n", max);
		if (max == 1)
			must_fail(yaml, "t.yaml:1:10: entries: 2 entries, but max-entries of section agent is 1");
		else
			config_free(must_parse(yaml));
	}
}

/* ---- master agents ---- */

static void test_agentx(void **state)
{
	static const struct {
		const char *text, *spelled;
		bool local;
	} masters[] = {
		{"/var/agentx/master", "unix:/var/agentx/master", true},
		{"unix:/var/agentx/master", "unix:/var/agentx/master", true},
		{"Unix:/x", "unix:/x", true},
		{"localhost:705", "tcp:localhost:705", true},
		{"tcp:127.0.0.1:1", "tcp:127.0.0.1:1", true},
		{"TCP:127.255.0.9:65535", "tcp:127.255.0.9:65535", true},
		{"tcp6:[::1]:705", "tcp6:[::1]:705", true},
		{"tcp6:::1:705", "tcp6:::1:705", true},
		{"192.0.2.1:705", "tcp:192.0.2.1:705", false},
		{"tcp:128.0.0.1:705", "tcp:128.0.0.1:705", false},
		{"tcp:0.0.0.0:705", "tcp:0.0.0.0:705", false},
		{"tcp:127.0.0.1.example.net:705", "tcp:127.0.0.1.example.net:705", false},
		{"tcp:localhost.example.net:705", "tcp:localhost.example.net:705", false},
		{"tcp6:[2001:db8::1]:705", "tcp6:[2001:db8::1]:705", false},
		{"tcp6:[::ffff:127.0.0.1]:705", "tcp6:[::ffff:127.0.0.1]:705", false},
	};
	char error[CONFIG_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(masters); i++) {
		_cleanup_config_ struct config *closed = must_parse(""),
					       *open = must_parse("agent: {agentx-insecure: true}\n");

		assert_int_equal(config_set_agentx(open, masters[i].text, error), 0);
		assert_string_equal(open->agent.agentx, masters[i].spelled);
		assert_int_equal(agentx_is_local(masters[i].text), masters[i].local);
		assert_int_equal(config_set_agentx(closed, masters[i].text, error), masters[i].local ? 0 : -EINVAL);
		if (!masters[i].local) {
			assert_null(closed->agent.agentx);
			assert_non_null(strstr(error, "agentx-insecure: true"));
		}
	}
}

static void test_agentx_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "unix:",
					    "unix:x",
					    "master",
					    "705",
					    "tcp:705",
					    "tcp::705",
					    "tcp:[]:705",
					    "tcp:a b:705",
					    "tcp:[::1]:705",
					    "tcp:127.0.0.1:",
					    "tcp:127.0.0.1:x",
					    "tcp:127.0.0.1:007",
					    "tcp6:127.0.0.1:705",
					    "udp:127.0.0.1:705",
					    "ssh:host:22"};
	_cleanup_config_ struct config *config = must_parse("agent: {agentx-insecure: true, agentx: /a}\n");
	char error[CONFIG_ERROR_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		assert_int_equal(config_set_agentx(config, wrong[i], error), -EINVAL);
		assert_string_equal(config->agent.agentx, "unix:/a");
		assert_int_equal(error[0], '"');
	}
}

/* ---- tables and texts ---- */

static void check_section(const struct config_section *section)
{
	static const size_t sizes[] = {
		[CONFIG_BOOL] = sizeof(bool),     [CONFIG_NUMBER] = sizeof(uint32_t), [CONFIG_STRING] = sizeof(char *),
		[CONFIG_LABEL] = sizeof(int32_t), [CONFIG_LABELS] = sizeof(uint32_t), [CONFIG_LIST] = sizeof(char **),
		[CONFIG_TIME] = sizeof(int64_t)};
	char name[TEXT_LABEL_MAX];

	assert_in_range(section->n, 1, CONFIG_KEYS_MAX);
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];

		if (!config_has_key(section, key))
			continue;
		for (size_t j = 0; j < i; j++)
			if (config_has_key(section, &section->keys[j]))
				assert_string_not_equal(key->key, section->keys[j].key);
		if (key->type == CONFIG_SECTION)
			check_section(key->section);
		if (key->type < ARRAY_SIZE(sizes) && sizes[key->type] != 0)
			assert_int_equal(key->size, sizes[key->type]);
		assert_int_equal(key->labels != NULL, key->type == CONFIG_LABEL || key->type == CONFIG_LABELS);
		for (const struct ras_label *l = key->labels; l && l->name; l++) {
			int32_t value = -1;

			assert_in_range(l->value, 0, 31);
			assert_int_equal(ras_label_value(key->labels, ras_label_kebab(l->name, name), &value), 0);
			assert_int_equal(value, l->value);
		}
	}
}

static void test_tables(void **state)
{
	(void)state;
	check_section(&config_agent_section);
	check_section(&config_entry_section);
	check_section(&config_subentry_section);
	check_section(&config_file_section);
	check_section(&config_row_section);
}

static void test_quote(void **state)
{
	char buf[TEXT_QUOTE_MAX], text[400];

	(void)state;
	assert_string_equal(text_quote("", buf), "\"\"");
	assert_string_equal(text_quote("a\x1b[31m\x7f", buf), "\"a\\x1b[31m\\x7f\"");
	assert_string_equal(text_quote("\xff\xc3\xa4\xc2\x9b", buf), "\"\\xff\xc3\xa4\\xc2\\x9b\"");
	for (size_t n = 1; n < sizeof(text); n++) {
		memset(text, n % 2 ? '\x01' : 'x', n);
		text[n] = '\0';
		text_quote(text, buf);
		assert_in_range(strlen(buf), 3, TEXT_QUOTE_MAX - 1);
		assert_int_equal(buf[strlen(buf) - 1], '"');
	}
}

static void test_distance(void **state)
{
	static const struct {
		const char *a, *b;
		unsigned distance;
	} pairs[] = {
		{"", "", 0},       {"abc", "", 3},    {"", "abc", 3},           {"abc", "abc", 0},
		{"ABC", "abc", 0}, {"a_c", "a-c", 0}, {"abc", "abd", 1},        {"abc", "ac", 1},
		{"ac", "abc", 1},  {"acb", "abc", 1}, {"kitten", "sitting", 3}, {"redial-pauze", "redial-pause", 1},
	};
	char word[TEXT_LABEL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		assert_int_equal(text_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(text_distance(word, "x"), TEXT_LABEL_MAX);
	word[TEXT_LABEL_MAX - 1] = '\0';
	assert_int_equal(text_distance(word, "x"), TEXT_LABEL_MAX - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_entry_defaults),
		cmocka_unit_test(test_agent_keys),
		cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_entry_keys),
		cmocka_unit_test(test_defaults_section),
		cmocka_unit_test(test_no_key_forgotten),
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_tags_and_marks),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_incomplete_entries),
		cmocka_unit_test(test_number_limits),
		cmocka_unit_test(test_text_limits),
		cmocka_unit_test(test_count_limits),
		cmocka_unit_test(test_secret_limits),
		cmocka_unit_test(test_max_entries),
		cmocka_unit_test(test_agentx),
		cmocka_unit_test(test_agentx_refused),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_quote),
		cmocka_unit_test(test_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
