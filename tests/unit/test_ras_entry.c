/* SPDX-License-Identifier: BSD-2-Clause */
/* Phonebook entries: copies, comparison, what a type lacks, secrets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ras/entry.h"
#include "sys/macro.h"

/* ---- what is wiped: these stand before those of the C library ---- */

static char wiped[64];
static size_t wiped_len;
static unsigned wipes;

void explicit_bzero(void *s, size_t len);
void __explicit_bzero_chk(void *s, size_t len, size_t room);

void explicit_bzero(void *s, size_t len)
{
	wipes++;
	wiped_len = len;
	memcpy(wiped, s, MIN(len, sizeof(wiped)));
	memset(s, 0, len);
	__asm__ volatile("" : : "r"(s) : "memory");
}

void __explicit_bzero_chk(void *s, size_t len, size_t room)
{
	assert_true(len <= room);
	explicit_bzero(s, len);
}

static void expect_wiped(const char *secret)
{
	assert_int_equal(wipes, 1);
	assert_int_equal(wiped_len, strlen(secret));
	assert_memory_equal(wiped, secret, strlen(secret));
	wipes = 0;
}

static int forget_wipes(void **state)
{
	(void)state;
	wipes = 0;
	wiped_len = 0;
	return 0;
}

/* ---- an entry with something in every field ---- */

static char **list(const char *first, const char *second)
{
	char **l = calloc(3, sizeof(*l));

	assert_non_null(l);
	l[0] = strdup(first);
	l[1] = second ? strdup(second) : NULL;
	return l;
}

static struct ras_entry *full(void)
{
	struct ras_entry *e = ras_entry_new();

	assert_non_null(e);
	e->index = 7;
	str_copy(e->name, "hq", sizeof(e->name));
	str_copy(e->descr, "head office", sizeof(e->descr));
	e->device_type = RAS_DEVICE_MODEM;
	str_copy(e->device_name, "/dev/ttyS0", sizeof(e->device_name));
	str_copy(e->destination, "+15550100", sizeof(e->destination));
	str_copy(e->user_name, "branch7", sizeof(e->user_name));
	assert_int_equal(ras_entry_set_secret(e, "s3cret"), 0);
	e->subentries = calloc(2, sizeof(*e->subentries));
	assert_non_null(e->subentries);
	e->n_subentries = 2;
	e->subentries[0] = (struct ras_subentry){.index = 1, .device_type = RAS_DEVICE_MODEM, .destination = "1"};
	e->subentries[1] = (struct ras_subentry){.index = 2, .device_name = "/dev/ttyS1", .destination = "2"};
	e->routes = list("10.0.0.0/8", NULL);
	e->up_script = strdup("/etc/rasdial/up");
	e->down_script = strdup("/etc/rasdial/down");
	e->speed = 115200;
	e->modem_init = list("ATZ", "ATX3");
	e->apn = strdup("internet");
	str_copy(e->local_address, "10.1.0.2", sizeof(e->local_address));
	str_copy(e->peer_address, "10.1.0.1", sizeof(e->peer_address));
	e->command = list("/usr/bin/ssh", "gw");
	e->pppd_options = list("mtu 1400", NULL);
	e->environment = list("A=1", "B=2");
	e->last_change_ms = 1234;
	return e;
}

/* ---- tests ---- */

static void defaults(void **state)
{
	struct ras_entry *e = ras_entry_new();

	(void)state;
	assert_non_null(e);
	assert_int_equal(e->device_type, RAS_DEVICE_OTHER);
	assert_int_equal(e->auth_methods, 0);
	assert_int_equal(e->dial_mode, RAS_DIAL_MODE_MANUAL);
	assert_int_equal(e->link_mode, RAS_LINK_MODE_SINGLE);
	assert_int_equal(e->redial_max, 0);
	assert_int_equal(e->redial_pause, 60);
	assert_int_equal(e->redial_pause_max, 0);
	assert_false(e->redial_on_drop);
	assert_int_equal(e->dial_timeout, 90);
	assert_int_equal(e->idle_timeout, 0);
	assert_int_equal(e->max_duration, 0);
	assert_int_equal(e->options, 0);
	assert_int_equal(e->notify_types, 1 << RAS_NOTIFY_CONNECTED | 1 << RAS_NOTIFY_DISCONNECTED |
						  1 << RAS_NOTIFY_DIAL_FAILED | 1 << RAS_NOTIFY_REDIAL_EXHAUSTED |
						  1 << RAS_NOTIFY_THREAD_STUCK);
	assert_int_equal(e->notify_failures, 1);
	assert_int_equal(e->storage_type, RAS_STORAGE_NON_VOLATILE);
	assert_int_equal(e->row_status, RAS_ROW_ACTIVE);
	assert_null(e->secret);
	assert_null(ras_entry_unref(e));
}

static void references(void **state)
{
	struct ras_entry *e = full();

	(void)state;
	assert_ptr_equal(ras_entry_ref(e), e);
	assert_null(ras_entry_unref(e));
	assert_string_equal(e->name, "hq");
	assert_null(ras_entry_unref(e));
	assert_null(ras_entry_unref(NULL));
	assert_null(ras_entry_ref(NULL));
}

static void copy_is_whole_and_apart(void **state)
{
	struct ras_entry *e = full(), *copy;

	(void)state;
	ras_entry_ref(e);
	copy = ras_entry_copy(e);
	assert_non_null(copy);
	assert_int_equal(copy->refs, 1);
	assert_true(ras_entry_equal(e, copy));
	assert_int_equal(copy->last_change_ms, 1234);
	assert_ptr_not_equal(copy->secret, e->secret);
	assert_ptr_not_equal(copy->subentries, e->subentries);
	assert_ptr_not_equal(copy->command, e->command);
	assert_ptr_not_equal(copy->command[0], e->command[0]);
	assert_ptr_not_equal(copy->up_script, e->up_script);
	ras_entry_unref(e);
	ras_entry_unref(e);
	assert_string_equal(copy->secret, "s3cret");
	assert_string_equal(copy->modem_init[1], "ATX3");
	assert_null(copy->modem_init[2]);
	assert_string_equal(copy->subentries[1].destination, "2");
	ras_entry_unref(copy);
}

static void copy_of_an_empty_one(void **state)
{
	struct ras_entry *e = ras_entry_new(), *copy = ras_entry_copy(e);

	(void)state;
	assert_non_null(copy);
	assert_true(ras_entry_equal(e, copy));
	assert_null(copy->secret);
	assert_null(copy->subentries);
	assert_null(copy->routes);
	ras_entry_unref(e);
	ras_entry_unref(copy);
}

/* Fields inside the struct: one octet of each is changed. */
#define PLAIN(member)                                                                                                  \
	{                                                                                                              \
#member, offsetof(struct ras_entry, member)                                                            \
	}
static const struct {
	const char *name;
	size_t offset;
} plain[] = {
	PLAIN(index),
	PLAIN(name),
	PLAIN(descr),
	PLAIN(device_type),
	PLAIN(device_name),
	PLAIN(destination),
	PLAIN(user_name),
	PLAIN(auth_methods),
	PLAIN(dial_mode),
	PLAIN(link_mode),
	PLAIN(redial_max),
	PLAIN(redial_pause),
	PLAIN(redial_pause_max),
	PLAIN(redial_on_drop),
	PLAIN(dial_timeout),
	PLAIN(idle_timeout),
	PLAIN(max_duration),
	PLAIN(options),
	PLAIN(notify_types),
	PLAIN(notify_failures),
	PLAIN(origin),
	PLAIN(storage_type),
	PLAIN(row_status),
	PLAIN(bandwidth.add_percent),
	PLAIN(bandwidth.add_time),
	PLAIN(bandwidth.drop_percent),
	PLAIN(bandwidth.drop_time),
	PLAIN(speed),
	PLAIN(local_address),
	PLAIN(peer_address),
};

static void every_plain_field_counts(void **state)
{
	struct ras_entry *e = full();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		struct ras_entry *other = ras_entry_copy(e);

		assert_true(ras_entry_equal(e, other));
		((unsigned char *)other)[plain[i].offset] ^= 1;
		if (ras_entry_equal(e, other) || ras_entry_equal(other, e))
			fail_msg("a change of %s is not seen", plain[i].name);
		ras_entry_unref(other);
	}
	ras_entry_unref(e);
}

/* Fields in memory of their own: changed, shortened, left out. */
static void every_list_counts(void **state)
{
	static const size_t lists[] = {
		offsetof(struct ras_entry, routes),      offsetof(struct ras_entry, modem_init),
		offsetof(struct ras_entry, command),     offsetof(struct ras_entry, pppd_options),
		offsetof(struct ras_entry, environment),
	};
	struct ras_entry *e = full();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct ras_entry *other = ras_entry_copy(e);
		char ***l = (char ***)((uintptr_t)other + lists[i]);
		size_t n = 0;

		while ((*l)[n])
			n++;
		(*l)[n - 1][0] ^= 1;
		assert_false(ras_entry_equal(e, other));
		(*l)[n - 1][0] ^= 1;
		assert_true(ras_entry_equal(e, other));
		free((*l)[n - 1]);
		(*l)[n - 1] = NULL;
		assert_false(ras_entry_equal(e, other));
		assert_false(ras_entry_equal(other, e));
		for (size_t k = 0; k + 1 < n; k++)
			free((*l)[k]);
		free(*l);
		*l = NULL;
		assert_false(ras_entry_equal(e, other));
		assert_false(ras_entry_equal(other, e));
		ras_entry_unref(other);
	}
	ras_entry_unref(e);
}

static void every_string_counts(void **state)
{
	static const size_t strings[] = {
		offsetof(struct ras_entry, secret),
		offsetof(struct ras_entry, up_script),
		offsetof(struct ras_entry, down_script),
		offsetof(struct ras_entry, apn),
	};
	struct ras_entry *e = full();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		struct ras_entry *other = ras_entry_copy(e);
		char **s = (char **)((uintptr_t)other + strings[i]);

		(*s)[0] ^= 1;
		assert_false(ras_entry_equal(e, other));
		free(*s);
		*s = NULL;
		assert_false(ras_entry_equal(e, other));
		assert_false(ras_entry_equal(other, e));
		ras_entry_unref(other);
	}
	ras_entry_unref(e);
}

static void every_subentry_counts(void **state)
{
	struct ras_entry *e = full();

	(void)state;
	for (unsigned what = 0; what < 5; what++) {
		struct ras_entry *other = ras_entry_copy(e);
		struct ras_subentry *s = &other->subentries[1];

		if (what == 0)
			s->index++;
		else if (what == 1)
			s->device_type = RAS_DEVICE_LOOPBACK;
		else if (what == 2)
			s->device_name[0] ^= 1;
		else if (what == 3)
			s->destination[0] ^= 1;
		else
			other->n_subentries--;
		assert_false(ras_entry_equal(e, other));
		assert_false(ras_entry_equal(other, e));
		ras_entry_unref(other);
	}
	ras_entry_unref(e);
}

static void reference_count_and_date_do_not_count(void **state)
{
	struct ras_entry *e = full(), *other = ras_entry_copy(e);

	(void)state;
	ras_entry_ref(other);
	other->last_change_ms = 99;
	assert_true(ras_entry_equal(e, other));
	/* What stands behind the end of a text is nothing. */
	other->descr[100] = 'x';
	assert_true(ras_entry_equal(e, other));
	ras_entry_unref(other);
	ras_entry_unref(other);
	ras_entry_unref(e);
}

/* Nothing and an empty one are the same: a reload must not take them for a change. */
static void empty_and_missing_are_equal(void **state)
{
	struct ras_entry *e = ras_entry_new(), *other = ras_entry_new();

	(void)state;
	other->routes = calloc(1, sizeof(*other->routes));
	other->apn = strdup("");
	assert_true(ras_entry_equal(e, other));
	assert_true(ras_entry_equal(other, e));
	ras_entry_unref(e);
	ras_entry_unref(other);
}

static void missing(void **state)
{
	static const struct {
		enum ras_device_type type;
		const char *device_name, *destination;
		bool command;
		const char *missing;
	} cases[] = {
		{RAS_DEVICE_OTHER, "/dev/ttyS0", "1", true, "device-type"},
		{RAS_DEVICE_LOOPBACK, "", "", false, NULL},
		{RAS_DEVICE_MODEM, "", "", false, "destination"},
		{RAS_DEVICE_MODEM, "", "1", false, "device-name"},
		{RAS_DEVICE_MODEM, "/dev/ttyS0", "", false, "destination"},
		{RAS_DEVICE_MODEM, "/dev/ttyS0", "1", false, NULL},
		{RAS_DEVICE_DIRECT_SERIAL, "", "1", false, "device-name"},
		{RAS_DEVICE_DIRECT_SERIAL, "/dev/ttyS0", "", false, NULL},
		{RAS_DEVICE_CELLULAR, "/dev/ttyUSB0", "", false, "destination"},
		{RAS_DEVICE_CELLULAR, "", "*99#", false, "device-name"},
		{RAS_DEVICE_CELLULAR, "/dev/ttyUSB0", "*99#", false, NULL},
		{RAS_DEVICE_PPPOE, "", "", false, "device-name"},
		{RAS_DEVICE_PPPOE, "eth0", "", false, NULL},
		{RAS_DEVICE_PPTP, "", "", false, "destination"},
		{RAS_DEVICE_PPTP, "", "vpn.example.net", false, NULL},
		{RAS_DEVICE_L2TP, "", "", false, "destination"},
		{RAS_DEVICE_L2TP, "", "vpn.example.net", false, NULL},
		{RAS_DEVICE_PTY, "", "x", false, "command"},
		{RAS_DEVICE_PTY, "", "", true, NULL},
		{RAS_DEVICE_EXEC, "", "x", false, "device-name"},
		{RAS_DEVICE_EXEC, "helper", "", false, NULL},
		{(enum ras_device_type)0, "x", "x", true, "device-type"},
		{(enum ras_device_type)99, "x", "x", true, "device-type"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ras_entry *e = ras_entry_new();
		const char *lacks;

		e->device_type = cases[i].type;
		str_copy(e->device_name, cases[i].device_name, sizeof(e->device_name));
		str_copy(e->destination, cases[i].destination, sizeof(e->destination));
		e->command = cases[i].command ? list("/bin/cat", NULL) : NULL;
		lacks = ras_entry_missing(e);
		if (cases[i].missing) {
			assert_non_null(lacks);
			assert_string_equal(lacks, cases[i].missing);
		} else {
			assert_null(lacks);
		}
		ras_entry_unref(e);
	}
}

static void a_command_without_words_is_none(void **state)
{
	struct ras_entry *e = ras_entry_new();

	(void)state;
	e->device_type = RAS_DEVICE_PTY;
	e->command = calloc(1, sizeof(*e->command));
	assert_string_equal(ras_entry_missing(e), "command");
	ras_entry_unref(e);
}

static void secrets_are_wiped(void **state)
{
	struct ras_entry *e = ras_entry_new(), *copy;

	(void)state;
	assert_int_equal(ras_entry_set_secret(e, "first"), 0);
	assert_int_equal(wipes, 0);
	assert_int_equal(ras_entry_set_secret(e, "second one"), 0);
	expect_wiped("first");
	assert_string_equal(e->secret, "second one");
	copy = ras_entry_copy(e);
	assert_int_equal(ras_entry_set_secret(e, ""), 0);
	expect_wiped("second one");
	assert_null(e->secret);
	assert_int_equal(ras_entry_set_secret(e, NULL), 0);
	assert_null(e->secret);
	assert_int_equal(wipes, 0);

	ras_entry_ref(copy);
	ras_entry_unref(copy);
	assert_int_equal(wipes, 0);
	ras_entry_unref(copy);
	expect_wiped("second one");
	ras_entry_unref(e);
	assert_int_equal(wipes, 0);
}

/* A secret may be replaced by itself. */
static void secret_of_its_own(void **state)
{
	struct ras_entry *e = ras_entry_new();

	(void)state;
	assert_int_equal(ras_entry_set_secret(e, "same"), 0);
	assert_int_equal(ras_entry_set_secret(e, e->secret), 0);
	assert_string_equal(e->secret, "same");
	ras_entry_unref(e);
}

static void names(void **state)
{
	static const struct {
		const char *a, *b;
		int sign;
	} cases[] = {
		{"hq", "hq", 0},
		{"HQ", "hq", 0},
		{"a", "b", -1},
		{"B", "a", 1},
		{"a", "aa", -1},
		{"", "", 0},
		{"", "a", -1},
		{"Zz", "zZ", 0},
		{"[", "{", -1},
		{"@", "`", -1},
		{"a1", "A2", -1},
		{"\xc3\xa9", "e", 1},
		{"\xc3\x89", "\xc3\xa9", -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int forth = ras_name_compare(cases[i].a, cases[i].b), back = ras_name_compare(cases[i].b, cases[i].a);

		assert_int_equal((forth > 0) - (forth < 0), cases[i].sign);
		assert_int_equal((back > 0) - (back < 0), -cases[i].sign);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(references),
		cmocka_unit_test(copy_is_whole_and_apart),
		cmocka_unit_test(copy_of_an_empty_one),
		cmocka_unit_test(every_plain_field_counts),
		cmocka_unit_test(every_list_counts),
		cmocka_unit_test(every_string_counts),
		cmocka_unit_test(every_subentry_counts),
		cmocka_unit_test(reference_count_and_date_do_not_count),
		cmocka_unit_test(empty_and_missing_are_equal),
		cmocka_unit_test(missing),
		cmocka_unit_test(a_command_without_words_is_none),
		cmocka_unit_test_setup(secrets_are_wiped, forget_wipes),
		cmocka_unit_test(secret_of_its_own),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
