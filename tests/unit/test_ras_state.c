/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and states are those of the MIB, which this test reads itself. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ras/state.h"
#include "sys/macro.h"

#define MIB "mibs/RASDIAL-MIB.txt"

static char *mib;

static const struct {
	const char *where; /* definition in the MIB whose syntax has the labels */
	const struct ras_label *labels;
} enumerations[] = {
	{"RasCallState ::=", ras_state_labels},
	{"RasOperStatus ::=", ras_status_labels},
	{"RasCause ::=", ras_cause_labels},
	{"RasDeviceType ::=", ras_device_type_labels},
	{"RasNotifySet ::=", ras_notify_type_labels},
	{"rasAdminMode OBJECT-TYPE", ras_admin_mode_labels},
	{"rasStorageStatus OBJECT-TYPE", ras_storage_status_labels},
	{"rasEntryAuthMethods OBJECT-TYPE", ras_auth_method_labels},
	{"rasEntryDialMode OBJECT-TYPE", ras_dial_mode_labels},
	{"rasEntryLinkMode OBJECT-TYPE", ras_link_mode_labels},
	{"rasEntryOptions OBJECT-TYPE", ras_option_labels},
	{"rasEntryOrigin OBJECT-TYPE", ras_origin_labels},
	{"rasConnAction OBJECT-TYPE", ras_action_labels},
	{"rasConnDesired OBJECT-TYPE", ras_desired_labels},
	{"rasConnThreadState OBJECT-TYPE", ras_thread_state_labels},
	{"rasAddrRole OBJECT-TYPE", ras_addr_role_labels},
	{"rasHistTrigger OBJECT-TYPE", ras_trigger_labels},
	{"rasNotifyChange OBJECT-TYPE", ras_change_labels},
};

/* Where the labels of a definition begin: behind the brace of its SYNTAX. */
static const char *find_syntax(const char *where)
{
	char at_line_start[80];
	const char *p;

	snprintf(at_line_start, sizeof(at_line_start), "\n%s", where);
	p = strstr(mib, at_line_start);
	assert_non_null(p);
	p = strstr(p, "SYNTAX ");
	assert_non_null(p);
	p = strchr(p, '{');
	assert_non_null(p);
	return p + 1;
}

static void labels_are_those_of_the_mib(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(enumerations); i++) {
		const struct ras_label *label = enumerations[i].labels;
		const char *p = find_syntax(enumerations[i].where);
		int step, value;
		char name[64];

		while (sscanf(p, " %63[A-Za-z0-9] ( %d ) %n", name, &value, &step) == 2) {
			assert_non_null(label->name);
			assert_string_equal(label->name, name);
			assert_int_equal(label->value, value);
			label++;
			p += step;
			if (*p == ',')
				p++;
		}
		assert_int_equal(*p, '}');
		assert_null(label->name);
		assert_ptr_not_equal(label, enumerations[i].labels);
	}
}

/* Two come from other modules. */
static void labels_of_textual_conventions(void **state)
{
	(void)state;
	assert_string_equal(ras_label_name(ras_storage_type_labels, 1), "other");
	assert_string_equal(ras_label_name(ras_storage_type_labels, 2), "volatile");
	assert_string_equal(ras_label_name(ras_storage_type_labels, 3), "nonVolatile");
	assert_string_equal(ras_label_name(ras_storage_type_labels, 4), "permanent");
	assert_string_equal(ras_label_name(ras_storage_type_labels, 5), "readOnly");
	assert_string_equal(ras_label_name(ras_row_status_labels, 1), "active");
	assert_string_equal(ras_label_name(ras_row_status_labels, 2), "notInService");
	assert_string_equal(ras_label_name(ras_row_status_labels, 3), "notReady");
}

static void every_bit_has_a_label(void **state)
{
	(void)state;
	for (int32_t bit = 0; bit <= 8; bit++) {
		assert_int_equal(ras_label_has(ras_auth_method_labels, bit), bit < RAS_AUTH_MAX);
		assert_int_equal(ras_label_has(ras_option_labels, bit), bit < RAS_OPTION_MAX);
		assert_int_equal(ras_label_has(ras_notify_type_labels, bit), bit < RAS_NOTIFY_MAX);
	}
	for (int32_t status = 0; status <= RAS_STATUS_MAX; status++)
		assert_int_equal(ras_label_has(ras_status_labels, status), status >= 1 && status < RAS_STATUS_MAX);
}

/* autoStart -> auto-start; a run of capitals is one word. */
static void to_kebab(const char *label, char *kebab)
{
	for (bool before = false; *label; before = isupper((unsigned char)*label), label++) {
		if (isupper((unsigned char)*label) && !before)
			*kebab++ = '-';
		*kebab++ = (char)tolower((unsigned char)*label);
	}
	*kebab = '\0';
}

static void every_name_reads_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(enumerations); i++) {
		for (const struct ras_label *label = enumerations[i].labels; label->name; label++) {
			int32_t value = -7;
			char kebab[64];

			assert_true(ras_label_has(enumerations[i].labels, label->value));
			assert_string_equal(ras_label_name(enumerations[i].labels, label->value), label->name);
			assert_int_equal(ras_label_value(enumerations[i].labels, label->name, &value), 0);
			assert_int_equal(value, label->value);
			to_kebab(label->name, kebab);
			value = -7;
			assert_int_equal(ras_label_value(enumerations[i].labels, kebab, &value), 0);
			assert_int_equal(value, label->value);
		}
	}
}

static void kebab_case(void **state)
{
	static const struct {
		const struct ras_label *labels;
		const char *name;
		int32_t value;
	} good[] = {
		{ras_dial_mode_labels, "auto-start", RAS_DIAL_MODE_AUTO_START},
		{ras_dial_mode_labels, "autoStart", RAS_DIAL_MODE_AUTO_START},
		{ras_dial_mode_labels, "manual", RAS_DIAL_MODE_MANUAL},
		{ras_link_mode_labels, "dial-as-needed", RAS_LINK_MODE_DIAL_AS_NEEDED},
		{ras_device_type_labels, "direct-serial", RAS_DEVICE_DIRECT_SERIAL},
		{ras_device_type_labels, "l2tp", RAS_DEVICE_L2TP},
		{ras_option_labels, "use-peer-dns", RAS_OPTION_USE_PEER_DNS},
		{ras_option_labels, "default-route", RAS_OPTION_DEFAULT_ROUTE},
		{ras_auth_method_labels, "mschapv2", RAS_AUTH_MSCHAPV2},
		{ras_state_labels, "invoke-eap-ui", RAS_INVOKE_EAP_UI},
		{ras_state_labels, "openPort", RAS_OPEN_PORT},
	};
	static const char *const bad[] = {
		"",           "-",           "auto",        "autostart",   "auto_start",  "auto-Start",
		"Auto-start", "auto--start", "auto-start-", "-auto-start", "auto-starts", "AUTOSTART",
		"auto start", " manual",     "manual ",     "manua",       "Manual",      "1",
		"auto-star",  "auto-",       "auto-\xff",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int32_t value = -7;

		assert_int_equal(ras_label_value(good[i].labels, good[i].name, &value), 0);
		assert_int_equal(value, good[i].value);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		int32_t value = -7;

		assert_int_equal(ras_label_value(ras_dial_mode_labels, bad[i], &value), -EINVAL);
		assert_int_equal(value, -7);
	}
}

static void unknown_values(void **state)
{
	static const int32_t values[] = {-1, 0, 5, 4096, INT32_MAX, INT32_MIN};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		assert_false(ras_label_has(ras_dial_mode_labels, values[i]));
		assert_string_equal(ras_label_name(ras_dial_mode_labels, values[i]), "?");
	}
	/* 0 ends the tables but is a value of some of them. */
	assert_true(ras_label_has(ras_state_labels, 0));
	assert_true(ras_label_has(ras_option_labels, 0));
}

static void every_state_has_its_status(void **state)
{
	static const struct {
		enum ras_state state;
		enum ras_status status;
	} cases[] = {
		{RAS_OPEN_PORT, RAS_STATUS_DIALING},
		{RAS_PORT_OPENED, RAS_STATUS_DIALING},
		{RAS_CONNECT_DEVICE, RAS_STATUS_DIALING},
		{RAS_DEVICE_CONNECTED, RAS_STATUS_DIALING},
		{RAS_ALL_DEVICES_CONNECTED, RAS_STATUS_DIALING},
		{RAS_AUTHENTICATE, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_NOTIFY, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_RETRY, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_CALLBACK, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_CHANGE_PASSWORD, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_PROJECT, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_LINK_SPEED, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTH_ACK, RAS_STATUS_AUTHENTICATING},
		{RAS_RE_AUTHENTICATE, RAS_STATUS_AUTHENTICATING},
		{RAS_AUTHENTICATED, RAS_STATUS_AUTHENTICATING},
		{RAS_PREPARE_FOR_CALLBACK, RAS_STATUS_DIALING},
		{RAS_WAIT_FOR_MODEM_RESET, RAS_STATUS_DIALING},
		{RAS_WAIT_FOR_CALLBACK, RAS_STATUS_DIALING},
		{RAS_PROJECTED, RAS_STATUS_AUTHENTICATING},
		{RAS_START_AUTHENTICATION, RAS_STATUS_AUTHENTICATING},
		{RAS_CALLBACK_COMPLETE, RAS_STATUS_AUTHENTICATING},
		{RAS_LOGON_NETWORK, RAS_STATUS_AUTHENTICATING},
		{RAS_SUBENTRY_CONNECTED, RAS_STATUS_DIALING},
		{RAS_SUBENTRY_DISCONNECTED, RAS_STATUS_DIALING},
		{RAS_APPLY_SETTINGS, RAS_STATUS_AUTHENTICATING},
		{RAS_INTERACTIVE, RAS_STATUS_AUTHENTICATING},
		{RAS_RETRY_AUTHENTICATION, RAS_STATUS_AUTHENTICATING},
		{RAS_CALLBACK_SET_BY_CALLER, RAS_STATUS_AUTHENTICATING},
		{RAS_PASSWORD_EXPIRED, RAS_STATUS_AUTHENTICATING},
		{RAS_INVOKE_EAP_UI, RAS_STATUS_AUTHENTICATING},
		{RAS_CONNECTED, RAS_STATUS_UP},
		{RAS_DISCONNECTED, RAS_STATUS_DOWN},
	};
	size_t n = 0;

	(void)state;
	for (const struct ras_label *label = ras_state_labels; label->name; label++, n++) {
		assert_int_equal(cases[n].state, label->value);
		assert_int_equal(ras_state_status(cases[n].state), cases[n].status);
		assert_int_equal(ras_state_paused(cases[n].state), label->value >= 4096 && label->value < 8192);
	}
	assert_int_equal(n, ARRAY_SIZE(cases));
}

static void set_up_counts_as_such(void **state)
{
	(void)state;
	for (enum ras_status status = RAS_STATUS_DOWN; status < RAS_STATUS_MAX; status++)
		assert_int_equal(ras_status_in_setup(status),
				 status == RAS_STATUS_DIALING || status == RAS_STATUS_AUTHENTICATING);
}

static int read_mib(void **state)
{
	size_t size = 1024 * 1024, len;
	FILE *file = fopen(MIB, "re");

	(void)state;
	if (!file) {
		fprintf(stderr, MIB ": %m; run this in the top folder of the source\n");
		return -1;
	}
	mib = malloc(size);
	assert_non_null(mib);
	len = fread(mib, 1, size - 1, file);
	mib[len] = '\0';
	fclose(file);
	return 0;
}

static int free_mib(void **state)
{
	(void)state;
	free(mib);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_those_of_the_mib),
		cmocka_unit_test(labels_of_textual_conventions),
		cmocka_unit_test(every_bit_has_a_label),
		cmocka_unit_test(every_name_reads_back),
		cmocka_unit_test(kebab_case),
		cmocka_unit_test(unknown_values),
		cmocka_unit_test(every_state_has_its_status),
		cmocka_unit_test(set_up_counts_as_such),
	};

	return cmocka_run_group_tests(tests, read_mib, free_mib);
}
