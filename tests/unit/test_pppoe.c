/* SPDX-License-Identifier: BSD-2-Clause */
/* What an entry of device type pppoe may say, and what a refusal by one concentrator means when another one answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "driver/drivers.h"
#include "driver/pppd_log.h"
#include "sys/macro.h"

static int32_t checked(const char *device, const char *service)
{
	struct ras_error error = {.code = 0};
	struct ras_entry entry = {.device_type = RAS_DEVICE_PPPOE};

	str_copy(entry.device_name, device, sizeof(entry.device_name));
	str_copy(entry.destination, service, sizeof(entry.destination));
	if (ras_driver_pppoe.check(&entry, &error) == 0)
		return 0;
	assert_int_not_equal(error.code, 0);
	assert_int_not_equal(error.text[0], '\0');
	return error.code;
}

static void interfaces(void **state UNUSED)
{
	static const char *const good[] = {"eth0", "eth0.7", "enp3s0f1", "br-lan", "abcdefghijklmno"};
	static const char *const bad[] = {"",      ".",     "..",     "a/b",  "/dev/ttyS0",       "eth 0",
					  "eth\"", "eth\n", "eth\\0", "eth#", "abcdefghijklmnop", "eth0:1"};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(checked(good[i], ""), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(checked(bad[i], ""), 814);
}

static void services(void **state UNUSED)
{
	assert_int_equal(checked("eth0", "internet"), 0);
	assert_int_equal(checked("eth0", "Zugang \"B\" \\ #1 \xc3\xbc"), 0);
	assert_int_equal(checked("eth0", "a\nplugin x.so"), 749);
	assert_int_equal(checked("eth0", "a\x7f"), 749);
}

static void shown(void *context UNUSED, const char *line, char ret[PPPD_LINE_MAX])
{
	str_copy(ret, line, PPPD_LINE_MAX);
}

static int32_t first(const char *text)
{
	struct pppd_log log = {.len = 0};

	pppd_log_feed(&log, text, strlen(text), false, shown, NULL);
	return log.first.code;
}

static void concentrators(void **state UNUSED)
{
	static const char connected[] = "Connected to 02:00:00:aa:bb:cc via interface eth0\n";
	char text[512];

	assert_int_equal(first("PADO: Generic-Error: not here\n"), 815);
	snprintf(text, sizeof(text), "PADO: Generic-Error: not here\n%s", connected);
	assert_int_equal(first(text), 0);
	snprintf(text, sizeof(text), "PADO: Generic-Error: not here\n%sPAP authentication failed\n", connected);
	assert_int_equal(first(text), 691);
	assert_int_equal(first("PADS: System-Error: RP-PPPoE: Server: No client slots available\n"
			       "Timeout waiting for PADS packets\nUnable to complete PPPoE Discovery\n"),
			 813);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(interfaces),
		cmocka_unit_test(services),
		cmocka_unit_test(concentrators),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("pppoe", tests, NULL, NULL);
}
