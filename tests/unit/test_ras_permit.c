/* SPDX-License-Identifier: BSD-2-Clause */
/* What rows made over SNMP may be, and what becomes of them when that changes. */
#include "engine_rows.h"

static const char *const all[] = {"*", NULL};

static struct permissions permissions(uint32_t types, const char *const *devices, const char *const *destinations)
{
	struct permissions p = {.entries = false};

	assert_int_equal(permissions_copy(&(struct ras_permissions){.device_types = types,
								    .devices = devices,
								    .destinations = destinations},
					  &p),
			 0);
	return p;
}

static bool permits(struct permissions *p, enum ras_device_type type, const char *device, const char *destination)
{
	struct ras_entry *e = ras_entry_new();
	const char *reason;

	assert_non_null(e);
	e->device_type = type;
	str_copy(e->device_name, device, sizeof(e->device_name));
	str_copy(e->destination, destination, sizeof(e->destination));
	reason = permit_why_not(p, e);
	/* Reasons name no value. */
	if (reason && strlen(device) > 2)
		assert_null(strstr(reason, device));
	ras_entry_unref(e);
	return !reason;
}

/* ---- rules ---- */

static void device_types(void **state)
{
	(void)state;
	for (uint32_t mask = 0; mask < 1u << (RAS_DEVICE_EXEC + 1); mask = mask * 2 + 1) {
		struct permissions p = permissions(mask, all, all);

		for (int type = 0; type <= RAS_DEVICE_EXEC; type++) {
			bool listed = (mask & 1u << type) != 0;

			if (!ras_label_has(ras_device_type_labels, type))
				continue;
			assert_int_equal(permits(&p, (enum ras_device_type)type, "x", "y"),
					 type == RAS_DEVICE_OTHER || (type != RAS_DEVICE_PTY && listed));
		}
		permissions_done(&p);
	}
}

static void patterns(void **state)
{
	static const char *const devices[] = {"/dev/ttyS[0-3]", "/dev/usb/*", "eth?", NULL};
	static const char *const numbers[] = {"+49*", "[0-9][0-9][0-9]", "a\\*b", NULL};
	static const struct {
		const char *device, *destination;
		bool permitted;
	} cases[] = {
		{"", "", true},
		{"/dev/ttyS0", "", true},
		{"/dev/ttyS3", "+49", true},
		{"/dev/ttyS4", "", false},
		{"/dev/ttyS0x", "", false},
		{"x/dev/ttyS0", "", false},
		{"/dev/usb/a/b", "", true},
		{"/dev/usb/", "", true},
		{"/dev/usb", "", false},
		{"eth0", "", true},
		{"eth", "", false},
		{"ETH0", "", false},
		{"eth0", "+4930123", true},
		{"eth0", "+1", false},
		{"eth0", "123", true},
		{"eth0", "1234", false},
		{"eth0", "a*b", true},
		{"eth0", "axb", false},
		{"/dev/usb/../ttyS9", "", false},
		{"/dev/usb/./x", "", false},
		{"/dev/usb/..", "", false},
		{"/dev/usb/.", "", false},
		{"..", "", false},
		{"/dev/usb/...", "", true},
		{"/dev/usb/..x", "", true},
		{"/dev/usb/x..", "", true},
		{"/dev/usb/.x", "", true},
		{"/dev/usb//x", "", true},
	};
	struct permissions p = permissions(1u << RAS_DEVICE_MODEM, devices, numbers);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (permits(&p, RAS_DEVICE_MODEM, cases[i].device, cases[i].destination) != cases[i].permitted)
			fail_msg("\"%s\", \"%s\" should be %s", cases[i].device, cases[i].destination,
				 cases[i].permitted ? "permitted" : "refused");
	permissions_done(&p);
}

static void empty_lists(void **state)
{
	static const char *const lo[] = {"setup=*", NULL};
	uint32_t types = 1u << RAS_DEVICE_MODEM | 1u << RAS_DEVICE_LOOPBACK;
	struct permissions p = permissions(types, NULL, NULL);

	(void)state;
	assert_true(permits(&p, RAS_DEVICE_MODEM, "", ""));
	assert_false(permits(&p, RAS_DEVICE_MODEM, "/dev/ttyS0", ""));
	assert_false(permits(&p, RAS_DEVICE_MODEM, "", "123"));
	assert_false(permits(&p, RAS_DEVICE_OTHER, "", "123"));
	assert_true(permits(&p, RAS_DEVICE_LOOPBACK, "anything", "drop=1s"));
	assert_false(permits(&p, RAS_DEVICE_LOOPBACK, "a/../b", ""));
	permissions_done(&p);
	/* A list that is there holds for it, too. */
	p = permissions(types, NULL, lo);
	assert_true(permits(&p, RAS_DEVICE_LOOPBACK, "anything", "setup=1s"));
	assert_false(permits(&p, RAS_DEVICE_LOOPBACK, "anything", "drop=1s"));
	permissions_done(&p);
}

static void subentries(void **state)
{
	static const char *const devices[] = {"eth*", NULL};
	struct permissions p = permissions(1u << RAS_DEVICE_PPPOE, devices, all);
	struct ras_entry *e = ras_entry_new();
	struct ras_subentry *s;

	(void)state;
	assert_non_null(e);
	e->device_type = RAS_DEVICE_PPPOE;
	str_copy(e->device_name, "eth0", sizeof(e->device_name));
	e->subentries = s = calloc(2, sizeof(*s));
	assert_non_null(s);
	e->n_subentries = 2;
	/* Without a type it is of the entry's. */
	s[0] = (struct ras_subentry){.index = 1, .device_type = RAS_DEVICE_OTHER, .device_name = "eth1"};
	s[1] = (struct ras_subentry){.index = 2, .device_type = RAS_DEVICE_PPPOE, .device_name = "eth2"};
	assert_null(permit_why_not(&p, e));
	s[1].device_type = RAS_DEVICE_MODEM;
	assert_non_null(permit_why_not(&p, e));
	s[1].device_type = RAS_DEVICE_PTY;
	assert_non_null(permit_why_not(&p, e));
	s[1].device_type = RAS_DEVICE_PPPOE;
	str_copy(s[0].device_name, "wlan0", sizeof(s[0].device_name));
	assert_non_null(permit_why_not(&p, e));
	str_copy(s[0].device_name, "eth/../wlan0", sizeof(s[0].device_name));
	assert_non_null(permit_why_not(&p, e));
	ras_entry_unref(e);
	permissions_done(&p);
}

/* An entry of which nothing is asked lends its device to a link of which something is. */
static void subentry_with_the_device_of_its_entry(void **state)
{
	struct permissions p = permissions(1u << RAS_DEVICE_LOOPBACK | 1u << RAS_DEVICE_PPPOE, NULL, all);
	struct ras_entry *e = ras_entry_new();

	(void)state;
	assert_non_null(e);
	e->device_type = RAS_DEVICE_LOOPBACK;
	str_copy(e->device_name, "eth0", sizeof(e->device_name));
	assert_null(permit_why_not(&p, e));
	e->subentries = calloc(1, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	e->n_subentries = 1;
	e->subentries[0] = (struct ras_subentry){.index = 1, .device_type = RAS_DEVICE_LOOPBACK};
	assert_null(permit_why_not(&p, e));
	e->subentries[0].device_type = RAS_DEVICE_PPPOE;
	assert_non_null(permit_why_not(&p, e));
	e->device_name[0] = '\0';
	assert_null(permit_why_not(&p, e));
	ras_entry_unref(e);
	permissions_done(&p);
}

static void put_helper(const struct lab *lab, const char *name, mode_t mode)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static struct ras_row_change exec_row(uint32_t index, const char *helper)
{
	struct ras_row_change c = made(index, "helped", "");

	c.entry->device_type = RAS_DEVICE_EXEC;
	str_copy(c.entry->device_name, helper, sizeof(c.entry->device_name));
	return c;
}

static void helpers(void **state)
{
	struct lab *lab = *state;

	lab->settings.permit.device_types = 1u << RAS_DEVICE_EXEC;
	lab->settings.permit.devices = all;
	lab->settings.permit.helper_dir = lab->dir;
	lab_start(lab);
	put_helper(lab, "wg", 0755);
	put_helper(lab, "readme", 0644);
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "none"));
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "readme"));
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "state"));
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "state/journal"));
	REFUSED(lab, -EINVAL, 0, "", exec_row(1, "../wg"));
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "/bin/sh"));
	APPLY(lab, exec_row(1, "wg"));
	/* None yet is no fault of the row, which is not ready. */
	APPLY(lab, exec_row(1, ""));
	lab->settings.permit.helper_dir = NULL;
	assert_int_equal(ras_settings_reload(lab->ras, &lab->settings), 0);
	REFUSED(lab, -EINVAL, 0, "helper", exec_row(1, "wg"));
}

static void may_rows_be_made(void **state)
{
	struct lab *lab = *state;

	lab->settings.permit.entries = false;
	lab_start(lab);
	assert_false(ras_permits_entries(lab->ras));
	assert_false(ras_permits_secrets(lab->ras));
	assert_int_equal(ras_index_next(lab->ras), 0);
	lab->settings.permit.entries = lab->settings.permit.secrets = true;
	assert_int_equal(ras_settings_reload(lab->ras, &lab->settings), 0);
	assert_true(ras_permits_entries(lab->ras));
	assert_true(ras_permits_secrets(lab->ras));
	assert_int_not_equal(ras_index_next(lab->ras), 0);
}

/* ---- permissions that change ---- */

static void allow(struct lab *lab, uint32_t types)
{
	lab->settings.permit.device_types = types;
	assert_int_equal(ras_settings_reload(lab->ras, &lab->settings), 0);
	check_book(lab);
}

static enum ras_status status_of(const struct lab *lab, const char *name)
{
	return lab_info(lab_conn(lab, name)).status;
}

static void rows_without_a_call(void **state)
{
	struct lab *lab = *state;

	lab_line(lab, "filed", "");
	lab_start(lab);
	APPLY(lab, made(5, "mine", "setup=1ms"), made(6, "failed", "fail=691"));
	call_once(lab, "failed");
	for (int i = 0; i < 2; i++) {
		allow(lab, 0);
		assert_int_equal(status_of(lab, "filed"), RAS_STATUS_DOWN);
		assert_int_equal(status_of(lab, "mine"), RAS_STATUS_NOT_READY);
		assert_int_equal(status_of(lab, "failed"), RAS_STATUS_NOT_READY);
		assert_int_equal(ras_dial(lab->ras, lab_conn(lab, "mine"), NULL, NULL), -EINVAL);
		/* What it says may stay as it is, but not become another thing that is not allowed. */
		APPLY(lab, renamed(lab, 5, i ? "mine" : "Mine"));
		REFUSED(lab, -EINVAL, 0, "allow-device-types", redirected(lab, 5, "setup=2ms"));
		REFUSED(lab, -EINVAL, 0, "allow-device-types", made(7, "new", ""));
		assert_int_equal(status_of(lab, "mine"), RAS_STATUS_NOT_READY);
		restart(lab);
		assert_int_equal(status_of(lab, "mine"), RAS_STATUS_NOT_READY);
		allow(lab, 1u << RAS_DEVICE_LOOPBACK);
		assert_int_equal(status_of(lab, "mine"), RAS_STATUS_DOWN);
		call_once(lab, "mine");
		assert_int_equal(attempts_of(lab, "mine"), i + 1);
	}
	allow(lab, 0);
	APPLY(lab, gone(5), put_to(lab, 6, RAS_ROW_NOT_IN_SERVICE));
	APPLY(lab, put_to(lab, 6, RAS_ROW_ACTIVE));
	assert_int_equal(status_of(lab, "failed"), RAS_STATUS_NOT_READY);
}

static void a_row_that_is_up(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;
	uint32_t call;

	lab_start(lab);
	APPLY(lab, made(1, "mine", "setup=1ms"));
	conn = lab_conn(lab, "mine");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
	call = lab_info(conn).call_id;
	allow(lab, 0);
	assert_int_equal(status_of(lab, "mine"), RAS_STATUS_UP);
	/* Also when another agent takes the link over. */
	restart(lab);
	conn = lab_conn(lab, "mine");
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_int_equal(lab_info(conn).call_id, call);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	allow(lab, 1u << RAS_DEVICE_LOOPBACK);
	assert_int_equal(status_of(lab, "mine"), RAS_STATUS_DOWN);
}

static void a_row_that_waits_for_its_redial(void **state)
{
	struct lab *lab = *state;
	struct ras_row_change c;
	struct ras_conn *conn;

	lab_start(lab);
	c = made(1, "mine", "fail=676,setup=1ms");
	c.entry->redial_max = 9;
	c.entry->redial_pause = 1;
	APPLY(lab, c);
	conn = lab_conn(lab, "mine");
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), -EIO);
	LAB_WAIT(lab, lab_info(conn).status == RAS_STATUS_WAITING_REDIAL);
	allow(lab, 0);
	lab_wait_status(lab, conn, RAS_STATUS_NOT_READY);
	LAB_WAIT(lab, lab_threads(lab) == 0);
	assert_int_equal(lab_info(conn).counters.attempts, 1);
	check_book(lab);
	allow(lab, 1u << RAS_DEVICE_LOOPBACK);
	assert_int_equal(status_of(lab, "mine"), RAS_STATUS_DOWN);
}

/* Permissions are taken away between the phases of a dial, or of a change. */
static void between_the_phases(void **state)
{
	struct lab *lab = *state;
	struct ras_request *request;
	struct ras_edit *edit;
	uint32_t number;

	lab_start(lab);
	APPLY(lab, made(1, "mine", "setup=1ms"));
	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, "mine"), RAS_ACTION_DIAL, 0, RAS_TRIGGER_SNMP,
					     &request),
			 0);
	number = ras_request_number(request);
	allow(lab, 0);
	assert_null(ras_request_find(lab->ras, number));
	LAB_WAIT(lab, lab_threads(lab) == 0);
	allow(lab, 1u << RAS_DEVICE_LOOPBACK);
	edit = RESERVE(lab, made(2, "new", ""), redirected(lab, 1, "setup=2ms"));
	allow(lab, 0);
	assert_ptr_equal(ras_edit_find(lab->ras, edit_number), edit);
	assert_int_equal(ras_edit_write(edit), 0);
	ras_edit_commit(edit);
	check_book(lab);
	assert_int_equal(status_of(lab, "new"), RAS_STATUS_NOT_READY);
	assert_int_equal(status_of(lab, "mine"), RAS_STATUS_NOT_READY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_types),
		cmocka_unit_test(patterns),
		cmocka_unit_test(empty_lists),
		cmocka_unit_test(subentries),
		cmocka_unit_test(subentry_with_the_device_of_its_entry),
		ROWS_TEST(helpers),
		ROWS_TEST(may_rows_be_made),
		ROWS_TEST(rows_without_a_call),
		ROWS_TEST(a_row_that_is_up),
		ROWS_TEST(a_row_that_waits_for_its_redial),
		ROWS_TEST(between_the_phases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
