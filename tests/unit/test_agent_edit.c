/* SPDX-License-Identifier: BSD-2-Clause */
/* SETs of rasPhonebookTable and rasSubentryTable, in all their phases, down to an engine of one's own. */
#include "engine_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "agent/mib.h"
#include "agent/objects.h"
#include "config/config_row.h"

#include "test_agent_requests.h"

enum { ROW_FILE = 1, ROW_PERMANENT = 2, ROW_OWN = 7, ROW_NEW = 20 };

static struct lab *lab;
static struct agent agent;
static int store_error; /* of rows, on purpose */

/* ---- the engine ---- */

static int write_row(const struct ras_entry *entry, const struct ras_entry *base, char **ret_text, size_t *ret_size)
{
	return store_error ? store_error : config_row_format.write(entry, base, ret_text, ret_size);
}

static int read_row(const char *path, const char *text, size_t size, struct ras_entry **ret,
		    struct ras_entry **ret_base, char error[RAS_ROW_ERROR_MAX])
{
	return config_row_format.read(path, text, size, ret, ret_base, error);
}

static const struct ras_row_format row_format = {write_row, read_row};

/* ---- varbinds ---- */

static void entry_number(uint32_t index, uint32_t column, long number)
{
	ask_number(&table_phonebook, column, INDEX(index), table_column(&table_phonebook, column)->type, number);
}

static void entry_text(uint32_t index, uint32_t column, const char *text)
{
	ask_set(&table_phonebook, column, INDEX(index), ASN_OCTET_STR, text, strlen(text));
}

static void entry_status(uint32_t index, long status)
{
	entry_number(index, MIB_ENTRY_ROW_STATUS, status);
}

static void subentry_text(uint32_t index, uint32_t subentry, uint32_t column, const char *text)
{
	ask_set(&table_subentry, column, INDEX(index, subentry), ASN_OCTET_STR, text, strlen(text));
}

static void subentry_status(uint32_t index, uint32_t subentry, long status)
{
	ask_number(&table_subentry, MIB_SUBENTRY_ROW_STATUS, INDEX(index, subentry), ASN_INTEGER, status);
}

static void conn_action(uint32_t index, enum ras_action action)
{
	ask_number(&table_conn, MIB_CONN_ACTION, INDEX(index), ASN_INTEGER, action);
}

/* ---- what is there ---- */

static const struct ras_entry *entry_at(uint32_t index)
{
	const struct ras_conn *conn = ras_conn_find(lab->ras, index);

	return conn ? ras_conn_entry(conn) : NULL;
}

/* A sum over all instances of the phonebook and their values. */
static uint64_t phonebook_sum(void)
{
	static const oid root[] = {MIB_ROOT, MIB_OBJECTS, MIB_PHONEBOOK};
	oid name[MAX_OID_LEN];
	size_t len = ARRAY_SIZE(root);
	uint64_t sum = 14695981039346656037u;

	memcpy(name, root, sizeof(root));
	for (;;) {
		netsnmp_variable_list *var;
		const uint8_t *octets;

		forget();
		var = ask(name, len, ASN_NULL, NULL, 0);
		agent.transaction++;
		table_next(&objects_list, &agent, &pdu, requests);
		if (var->type == ASN_NULL || snmp_oidtree_compare(root, ARRAY_SIZE(root), var->name, var->name_length))
			break;
		len = var->name_length;
		memcpy(name, var->name, len * sizeof(oid));
		octets = (const uint8_t *)name;
		for (size_t i = 0; i < len * sizeof(oid); i++)
			sum = (sum ^ octets[i]) * 1099511628211u;
		for (size_t i = 0; i < var->val_len; i++)
			sum = (sum ^ var->val.string[i]) * 1099511628211u;
	}
	forget();
	return sum;
}

/* ---- SETs ---- */

/* Sends what was asked and forgets it. */
static int send_set(void)
{
	static int transaction;
	int error = run_set(++transaction);

	forget();
	assert_false(set_pending());
	return error;
}

#define DONE() assert_int_equal(send_set(), SNMP_ERR_NOERROR)

/* Refused at this varbind, and nothing is changed. */
#define REFUSED(wanted, at)                                                                                            \
	do {                                                                                                           \
		assert_int_equal(send_set(), SNMP_ERR_##wanted);                                                       \
		assert_int_equal(refused_at, at);                                                                      \
		assert_true(phonebook_sum() == sum);                                                                   \
	} while (0)

static void permit(bool entries, bool secrets)
{
	lab->settings.permit.entries = entries;
	lab->settings.permit.secrets = secrets;
	assert_int_equal(ras_settings_reload(lab->ras, &lab->settings), 0);
}

static void create(uint32_t index, const char *name)
{
	entry_text(index, MIB_ENTRY_NAME, name);
	entry_number(index, MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_LOOPBACK);
	entry_status(index, MIB_ROW_CREATE_AND_GO);
	DONE();
}

static int set_up(void **state UNUSED)
{
	static const char *const devices[] = {"/dev/ttyS*", NULL};
	static const char *const destinations[] = {"*.example.net", "setup=*", NULL};
	struct ras_entry *entry;

	lab = lab_new();
	lab->settings.permit = (struct ras_permissions){
		.entries = true,
		.secrets = true,
		.device_types = 1u << RAS_DEVICE_LOOPBACK | 1u << RAS_DEVICE_PPTP | 1u << RAS_DEVICE_MODEM,
		.devices = devices,
		.destinations = destinations,
	};
	lab->settings.row_format = &row_format;
	lab->settings.max_entries = 6;
	entry = lab_line(lab, "file", "");
	entry->index = ROW_FILE;
	entry->subentries = calloc(1, sizeof(*entry->subentries));
	entry->subentries[0] = (struct ras_subentry){.index = 1,
						     .device_type = RAS_DEVICE_OTHER,
						     .row_status = RAS_ROW_ACTIVE};
	entry->n_subentries = 1;
	entry = lab_line(lab, "permanent", "");
	entry->index = ROW_PERMANENT;
	entry->storage_type = RAS_STORAGE_PERMANENT;
	lab_start(lab);
	agent = (struct agent){.ras = lab->ras, .name = "lab", .context = ""};
	asked_list = &objects_list;
	asked_agent = &agent;
	store_error = 0;
	forget();
	create(ROW_OWN, "own");
	return 0;
}

static int tear_down(void **state UNUSED)
{
	set_expire(&agent, 0);
	forget();
	lab_free(lab);
	return 0;
}

/* ---- rows are made ---- */

static void created_with_defaults(void **state UNUSED)
{
	const struct ras_entry *e;

	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	DONE();
	e = entry_at(ROW_NEW);
	assert_non_null(e);
	assert_int_equal(e->index, ROW_NEW);
	assert_string_equal(e->name, "new");
	assert_string_equal(e->descr, "");
	assert_int_equal(e->device_type, RAS_DEVICE_OTHER);
	assert_int_equal(e->dial_mode, RAS_DIAL_MODE_MANUAL);
	assert_int_equal(e->redial_pause, 60);
	assert_int_equal(e->dial_timeout, 90);
	assert_int_equal(e->notify_failures, 1);
	assert_int_equal(e->origin, RAS_ORIGIN_SNMP);
	assert_int_equal(e->storage_type, RAS_STORAGE_NON_VOLATILE);
	assert_int_equal(e->row_status, RAS_ROW_ACTIVE);
	assert_true(clock_real_ms() - e->last_change_ms < LAB_PATIENCE_MS);
	assert_null(e->secret);
	assert_ptr_equal(ras_conn_by_name(lab->ras, "NEW"), ras_conn_find(lab->ras, ROW_NEW));
}

static void created_with_all_columns(void **state UNUSED)
{
	static const struct {
		uint32_t column;
		long number;
		size_t offset;
		uint32_t want;
	} numbers[] = {
#define NUMBER(column, number, field, want) {column, number, offsetof(struct ras_entry, field), want}
		NUMBER(MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_PPTP, device_type, RAS_DEVICE_PPTP),
		NUMBER(MIB_ENTRY_DIAL_MODE, RAS_DIAL_MODE_PERSISTENT, dial_mode, RAS_DIAL_MODE_PERSISTENT),
		NUMBER(MIB_ENTRY_LINK_MODE, RAS_LINK_MODE_ALTERNATES, link_mode, RAS_LINK_MODE_ALTERNATES),
		NUMBER(MIB_ENTRY_REDIAL_MAX, 65535, redial_max, 65535),
		NUMBER(MIB_ENTRY_REDIAL_PAUSE, 86400, redial_pause, 86400),
		NUMBER(MIB_ENTRY_REDIAL_PAUSE_MAX, 5, redial_pause_max, 5),
		NUMBER(MIB_ENTRY_DIAL_TIMEOUT, 3600, dial_timeout, 3600),
		NUMBER(MIB_ENTRY_IDLE_TIMEOUT, 2592000, idle_timeout, 2592000),
		NUMBER(MIB_ENTRY_MAX_DURATION, 6, max_duration, 6),
		NUMBER(MIB_ENTRY_NOTIFY_FAILURES, 65535, notify_failures, 65535),
		NUMBER(MIB_ENTRY_STORAGE_TYPE, RAS_STORAGE_VOLATILE, storage_type, RAS_STORAGE_VOLATILE),
	};
	const struct ras_entry *e;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		entry_number(ROW_NEW, numbers[i].column, numbers[i].number);
	entry_number(ROW_NEW, MIB_ENTRY_REDIAL_ON_DROP, 1);
	entry_text(ROW_NEW, MIB_ENTRY_AUTH_METHODS, "\x88");
	entry_text(ROW_NEW, MIB_ENTRY_OPTIONS, "");
	entry_text(ROW_NEW, MIB_ENTRY_NOTIFY_TYPES, "\x01");
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "n\xc3\xa9w");
	entry_text(ROW_NEW, MIB_ENTRY_DESCR, "some text");
	entry_text(ROW_NEW, MIB_ENTRY_DEVICE_NAME, "/dev/ttyS1");
	entry_text(ROW_NEW, MIB_ENTRY_DESTINATION, "vpn.example.net");
	entry_text(ROW_NEW, MIB_ENTRY_USER_NAME, "user");
	entry_text(ROW_NEW, MIB_ENTRY_SECRET, "\xff\x01 secret");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	DONE();
	e = entry_at(ROW_NEW);
	assert_non_null(e);
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		assert_int_equal(*(const uint32_t *)((const char *)e + numbers[i].offset), numbers[i].want);
	assert_true(e->redial_on_drop);
	assert_int_equal(e->auth_methods, 1u << RAS_AUTH_PAP | 1u << RAS_AUTH_EAP);
	assert_int_equal(e->options, 0);
	assert_int_equal(e->notify_types, 1u << RAS_NOTIFY_CONFIG_CHANGE);
	assert_string_equal(e->name, "n\xc3\xa9w");
	assert_string_equal(e->descr, "some text");
	assert_string_equal(e->device_name, "/dev/ttyS1");
	assert_string_equal(e->destination, "vpn.example.net");
	assert_string_equal(e->user_name, "user");
	assert_string_equal(e->secret, "\xff\x01 secret");
}

/* The longest texts, which leave no octet free for a NUL in the request. */
static void texts_of_full_length(void **state UNUSED)
{
	char name[65], text[256];

	memset(name, 'n', 64);
	name[64] = '\0';
	memset(text, 't', 255);
	text[255] = '\0';
	entry_text(ROW_OWN, MIB_ENTRY_NAME, name);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, text);
	entry_text(ROW_OWN, MIB_ENTRY_USER_NAME, text);
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, text);
	DONE();
	assert_string_equal(entry_at(ROW_OWN)->name, name);
	assert_string_equal(entry_at(ROW_OWN)->descr, text);
	assert_string_equal(entry_at(ROW_OWN)->user_name, text);
	assert_string_equal(entry_at(ROW_OWN)->secret, text);
	/* And back to nothing. */
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "");
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, "");
	DONE();
	assert_string_equal(entry_at(ROW_OWN)->descr, "");
	assert_null(entry_at(ROW_OWN)->secret);
}

static void not_created(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 0); /* no name */
	entry_text(ROW_NEW, MIB_ENTRY_DESCR, "no name");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 1);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "OWN"); /* taken, but for the case of letters */
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 1);
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_number(ROW_NEW, MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_PPTP); /* without destination */
	REFUSED(INCONSISTENTVALUE, 0);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_number(ROW_NEW, MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_PTY);
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 2);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	REFUSED(INCONSISTENTNAME, 0);
	entry_status(ROW_NEW, MIB_ROW_ACTIVE);
	REFUSED(INCONSISTENTVALUE, 0);
	entry_status(ROW_NEW, MIB_ROW_NOT_IN_SERVICE);
	REFUSED(INCONSISTENTVALUE, 0);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_status(ROW_NEW, MIB_ROW_ACTIVE);
	REFUSED(INCONSISTENTNAME, 0);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_status(ROW_NEW, 3); /* notReady */
	REFUSED(WRONGVALUE, 1);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_status(ROW_NEW, 5); /* createAndWait */
	REFUSED(WRONGVALUE, 1);
}

static void created_where_there_is_one(void **state UNUSED)
{
	static const uint32_t rows[] = {ROW_OWN, ROW_FILE, ROW_PERMANENT};
	const uint64_t sum = phonebook_sum();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		entry_status(rows[i], MIB_ROW_CREATE_AND_GO);
		REFUSED(INCONSISTENTVALUE, 0);
		/* RowStatus is to blame, wherever it stands. */
		entry_text(rows[i], MIB_ENTRY_NAME, "new");
		entry_number(rows[i], MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_LOOPBACK);
		entry_status(rows[i], MIB_ROW_CREATE_AND_GO);
		REFUSED(INCONSISTENTVALUE, 2);
	}
}

static void limit_of_rows(void **state UNUSED)
{
	uint64_t sum;

	for (uint32_t i = 0; i < 3; i++)
		create(ROW_NEW + i, (const char *const[]){"a", "b", "c"}[i]);
	sum = phonebook_sum();
	entry_text(ROW_NEW + 3, MIB_ENTRY_NAME, "d");
	entry_status(ROW_NEW + 3, MIB_ROW_CREATE_AND_GO);
	REFUSED(RESOURCEUNAVAILABLE, 1);
	/* One in the place of another. */
	entry_text(ROW_NEW + 3, MIB_ENTRY_NAME, "d");
	entry_status(ROW_NEW + 3, MIB_ROW_CREATE_AND_GO);
	entry_status(ROW_NEW, MIB_ROW_DESTROY);
	DONE();
	assert_null(entry_at(ROW_NEW));
	assert_non_null(entry_at(ROW_NEW + 3));
}

static void malformed_index(void **state UNUSED)
{
	static const struct table_index bad_rows[] = {{.n = 0},
						      {.n = 1, .sub = {0}},
						      {.n = 1, .sub = {2147483648}},
						      {.n = 1, .sub = {4294967295}},
						      {.n = 2, .sub = {7, 1}}};
	static const struct table_index bad_subentries[] = {
		{.n = 1, .sub = {7}},       {.n = 2, .sub = {7, 0}}, {.n = 2, .sub = {7, 256}},
		{.n = 3, .sub = {7, 1, 1}}, {.n = 2, .sub = {0, 1}}, {.n = 2, .sub = {2147483648, 1}}};
	const uint64_t sum = phonebook_sum();

	for (size_t i = 0; i < ARRAY_SIZE(bad_rows); i++)
		for (long status = MIB_ROW_CREATE_AND_GO; status <= MIB_ROW_DESTROY; status += 2) {
			ask_number(&table_phonebook, MIB_ENTRY_ROW_STATUS, &bad_rows[i], ASN_INTEGER, status);
			REFUSED(NOCREATION, 0);
		}
	for (size_t i = 0; i < ARRAY_SIZE(bad_subentries); i++)
		for (long status = MIB_ROW_CREATE_AND_GO; status <= MIB_ROW_DESTROY; status += 2) {
			ask_number(&table_subentry, MIB_SUBENTRY_ROW_STATUS, &bad_subentries[i], ASN_INTEGER, status);
			REFUSED(NOCREATION, 0);
		}
}

/* ---- rows are changed and removed ---- */

static void out_of_service_and_back(void **state UNUSED)
{
	entry_status(ROW_OWN, MIB_ROW_NOT_IN_SERVICE);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "pause");
	DONE();
	assert_int_equal(entry_at(ROW_OWN)->row_status, RAS_ROW_NOT_IN_SERVICE);
	assert_string_equal(entry_at(ROW_OWN)->descr, "pause");
	assert_int_equal(lab_info(ras_conn_find(lab->ras, ROW_OWN)).status, RAS_STATUS_NOT_READY);
	/* Out of service it may lack what it needs. */
	entry_number(ROW_OWN, MIB_ENTRY_DEVICE_TYPE, RAS_DEVICE_PPTP);
	DONE();
	entry_status(ROW_OWN, MIB_ROW_ACTIVE);
	assert_int_equal(send_set(), SNMP_ERR_INCONSISTENTVALUE);
	entry_status(ROW_OWN, MIB_ROW_ACTIVE);
	entry_text(ROW_OWN, MIB_ENTRY_DESTINATION, "vpn.example.net");
	DONE();
	assert_int_equal(entry_at(ROW_OWN)->row_status, RAS_ROW_ACTIVE);
}

static void removed(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	create(ROW_NEW, "new");
	entry_status(ROW_NEW, MIB_ROW_DESTROY);
	DONE();
	assert_null(entry_at(ROW_NEW));
	assert_true(phonebook_sum() == sum);
	entry_status(ROW_NEW, MIB_ROW_DESTROY);
	DONE();
	subentry_status(ROW_OWN, 9, MIB_ROW_DESTROY);
	DONE();
	subentry_status(ROW_NEW, 9, MIB_ROW_DESTROY);
	DONE();
	assert_true(phonebook_sum() == sum); /* last changes too */
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "what for");
	REFUSED(INCONSISTENTVALUE, 0);
}

static void all_rows_or_none(void **state UNUSED)
{
	uint64_t sum;

	create(ROW_NEW, "second");
	sum = phonebook_sum();
	entry_text(ROW_NEW + 2, MIB_ENTRY_NAME, "third");
	entry_status(ROW_NEW + 2, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_NEW, MIB_ENTRY_DESCR, "changed");
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "own"); /* taken */
	entry_status(ROW_NEW + 1, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_NEW + 1, MIB_ENTRY_NAME, "fourth");
	/* The row has no RowStatus here: its first varbind in the order of OIDs answers. */
	REFUSED(INCONSISTENTVALUE, 3);
	entry_text(ROW_OWN, MIB_ENTRY_NAME, "second");
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "own");
	DONE(); /* names change hands */
	assert_string_equal(entry_at(ROW_OWN)->name, "second");
	assert_string_equal(entry_at(ROW_NEW)->name, "own");
}

static void written_twice(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "one");
	entry_text(ROW_OWN, MIB_ENTRY_USER_NAME, "user");
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "two");
	REFUSED(INCONSISTENTVALUE, 2);
	entry_status(ROW_OWN, MIB_ROW_ACTIVE);
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 1);
}

/* ---- subentries ---- */

static void subentries_with_their_entry(void **state UNUSED)
{
	const struct ras_entry *e;

	subentry_status(ROW_NEW, 255, MIB_ROW_CREATE_AND_GO);
	subentry_text(ROW_NEW, 3, MIB_SUBENTRY_DESTINATION, "b.example.net");
	subentry_status(ROW_NEW, 3, MIB_ROW_CREATE_AND_GO);
	subentry_status(ROW_NEW, 1, MIB_ROW_CREATE_AND_GO);
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	DONE();
	e = entry_at(ROW_NEW);
	assert_int_equal(e->n_subentries, 3);
	assert_int_equal(e->subentries[0].index, 1);
	assert_int_equal(e->subentries[1].index, 3);
	assert_int_equal(e->subentries[2].index, 255);
	assert_string_equal(e->subentries[1].destination, "b.example.net");
	assert_int_equal(e->subentries[1].device_type, RAS_DEVICE_OTHER);
	assert_int_equal(e->subentries[1].row_status, RAS_ROW_ACTIVE);
}

static void subentries_are_changed(void **state UNUSED)
{
	const struct ras_entry *e;

	for (uint32_t i = 1; i <= 3; i++)
		subentry_status(ROW_OWN, i, MIB_ROW_CREATE_AND_GO);
	DONE();
	subentry_text(ROW_OWN, 2, MIB_SUBENTRY_DESTINATION, "setup=1s");
	subentry_status(ROW_OWN, 2, MIB_ROW_NOT_IN_SERVICE);
	subentry_status(ROW_OWN, 1, MIB_ROW_DESTROY);
	DONE();
	e = entry_at(ROW_OWN);
	assert_int_equal(e->n_subentries, 2);
	assert_int_equal(e->subentries[0].index, 2);
	assert_string_equal(e->subentries[0].destination, "setup=1s");
	assert_int_equal(e->subentries[0].row_status, RAS_ROW_NOT_IN_SERVICE);
	ask_get(&table_subentry, MIB_SUBENTRY_ROW_STATUS, INDEX(ROW_OWN, 2));
	ask_get(&table_subentry, MIB_SUBENTRY_ROW_STATUS, INDEX(ROW_OWN, 3));
	table_get(&objects_list, &agent, requests);
	assert_int_equal(*requests[0].requestvb->val.integer, RAS_ROW_NOT_IN_SERVICE);
	assert_int_equal(*requests[1].requestvb->val.integer, RAS_ROW_ACTIVE);
	forget();
	subentry_status(ROW_OWN, 3, MIB_ROW_DESTROY);
	subentry_status(ROW_OWN, 2, MIB_ROW_DESTROY);
	subentry_status(ROW_OWN, 4, MIB_ROW_CREATE_AND_GO);
	DONE();
	e = entry_at(ROW_OWN);
	assert_int_equal(e->n_subentries, 1);
	assert_int_equal(e->subentries[0].index, 4);
	/* With their entry they go, named or not. */
	subentry_status(ROW_OWN, 4, MIB_ROW_DESTROY);
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	DONE();
	assert_null(entry_at(ROW_OWN));
}

static void subentries_refused(void **state UNUSED)
{
	uint64_t sum;

	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	DONE();
	sum = phonebook_sum();
	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_status(ROW_NEW, 1, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTNAME, 0);
	subentry_status(ROW_NEW, 1, MIB_ROW_ACTIVE);
	REFUSED(INCONSISTENTNAME, 0);
	subentry_text(ROW_OWN, 2, MIB_SUBENTRY_DESTINATION, "");
	REFUSED(INCONSISTENTNAME, 0);
	subentry_status(ROW_OWN, 2, MIB_ROW_NOT_IN_SERVICE);
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_text(ROW_OWN, 1, MIB_SUBENTRY_DESTINATION, "");
	subentry_status(ROW_OWN, 1, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 1);
	subentry_text(ROW_OWN, 1, MIB_SUBENTRY_DESTINATION, "elsewhere.example.org"); /* no permission */
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_status(ROW_OWN, 2, MIB_ROW_CREATE_AND_GO);
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 0);
	/* Of the file. */
	subentry_text(ROW_FILE, 1, MIB_SUBENTRY_DESTINATION, "");
	REFUSED(NOTWRITABLE, 0);
	subentry_status(ROW_FILE, 1, MIB_ROW_ACTIVE);
	REFUSED(NOTWRITABLE, 0);
	subentry_status(ROW_FILE, 1, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_status(ROW_FILE, 1, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_status(ROW_FILE, 2, MIB_ROW_CREATE_AND_GO);
	REFUSED(NOCREATION, 0);
	subentry_status(ROW_PERMANENT, 1, MIB_ROW_CREATE_AND_GO);
	REFUSED(NOCREATION, 0);
}

/* ---- permissions ---- */

static void rows_of_the_file(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	for (uint32_t row = ROW_FILE; row <= ROW_PERMANENT; row++) {
		entry_text(row, MIB_ENTRY_NAME, "mine");
		REFUSED(NOTWRITABLE, 0);
		entry_number(row, MIB_ENTRY_REDIAL_MAX, 1);
		REFUSED(NOTWRITABLE, 0);
		entry_number(row, MIB_ENTRY_STORAGE_TYPE, RAS_STORAGE_NON_VOLATILE);
		REFUSED(WRONGVALUE, 0);
		entry_status(row, MIB_ROW_DESTROY);
		REFUSED(INCONSISTENTVALUE, 0);
		entry_status(row, MIB_ROW_NOT_IN_SERVICE);
		REFUSED(INCONSISTENTVALUE, 0);
		entry_status(row, MIB_ROW_ACTIVE);
		REFUSED(NOTWRITABLE, 0);
	}
	entry_text(ROW_FILE, MIB_ENTRY_USER_NAME, "user");
	REFUSED(NOTWRITABLE, 0);
	entry_text(ROW_PERMANENT, MIB_ENTRY_USER_NAME, "user");
	entry_text(ROW_PERMANENT, MIB_ENTRY_DESCR, "mine");
	REFUSED(NOTWRITABLE, 1);
	entry_text(ROW_PERMANENT, MIB_ENTRY_USER_NAME, "user");
	entry_text(ROW_PERMANENT, MIB_ENTRY_SECRET, "secret");
	entry_text(ROW_PERMANENT, MIB_ENTRY_NOTIFY_TYPES, "");
	DONE();
	assert_string_equal(entry_at(ROW_PERMANENT)->user_name, "user");
	assert_string_equal(entry_at(ROW_PERMANENT)->secret, "secret");
	assert_int_equal(entry_at(ROW_PERMANENT)->notify_types, 0);
	assert_int_equal(entry_at(ROW_PERMANENT)->origin, RAS_ORIGIN_FILE);
	assert_int_equal(entry_at(ROW_PERMANENT)->storage_type, RAS_STORAGE_PERMANENT);
}

static void without_permission(void **state UNUSED)
{
	uint64_t sum;

	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	DONE();
	permit(false, true);
	sum = phonebook_sum();
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(NOCREATION, 0);
	entry_status(ROW_NEW, MIB_ROW_ACTIVE);
	REFUSED(NOCREATION, 0);
	subentry_status(ROW_OWN, 2, MIB_ROW_CREATE_AND_GO);
	REFUSED(NOCREATION, 0);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "text");
	REFUSED(NOTWRITABLE, 0);
	entry_text(ROW_PERMANENT, MIB_ENTRY_USER_NAME, "user");
	REFUSED(NOTWRITABLE, 0);
	for (long status = MIB_ROW_ACTIVE; status <= MIB_ROW_DESTROY; status++) {
		if (status == 3 || status == 5)
			continue;
		entry_status(ROW_OWN, status);
		REFUSED(NOTWRITABLE, 0);
		subentry_status(ROW_OWN, 1, status);
		REFUSED(NOTWRITABLE, 0);
	}
	entry_status(ROW_NEW, MIB_ROW_DESTROY);
	subentry_status(ROW_OWN, 2, MIB_ROW_DESTROY);
	DONE();
	/* Values are checked before all that. */
	entry_number(ROW_OWN, MIB_ENTRY_DIAL_TIMEOUT, 0);
	REFUSED(WRONGVALUE, 0);
	permit(true, false);
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, "");
	REFUSED(NOTWRITABLE, 0);
	entry_text(ROW_PERMANENT, MIB_ENTRY_SECRET, "secret");
	REFUSED(NOTWRITABLE, 0);
	entry_text(ROW_NEW, MIB_ENTRY_SECRET, "secret");
	REFUSED(INCONSISTENTNAME, 0);
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_text(ROW_NEW, MIB_ENTRY_SECRET, "secret");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	REFUSED(NOTWRITABLE, 1);
}

/* ---- phases ---- */

static void ask_much(void)
{
	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_text(ROW_NEW, MIB_ENTRY_SECRET, "secret");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "changed");
	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	subentry_status(ROW_NEW, 1, MIB_ROW_CREATE_AND_GO);
}

static void phases_until(int last)
{
	forget();
	ask_much();
	for (int mode = MODE_SET_RESERVE1; mode <= last; mode++)
		assert_int_equal(phase(mode, 1, NULL), SNMP_ERR_NOERROR);
}

static void given_back(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	for (int last = MODE_SET_RESERVE1; last <= MODE_SET_ACTION; last++) {
		phases_until(last);
		phase(last == MODE_SET_ACTION ? MODE_SET_UNDO : MODE_SET_FREE, 1, NULL);
		assert_true(phonebook_sum() == sum);
		/* A master that died. */
		phases_until(last);
		set_expire(&agent, 0);
		assert_true(phonebook_sum() == sum);
	}
	lab_stop(lab);
	lab_start(lab);
	agent.ras = lab->ras;
	assert_true(phonebook_sum() == sum);
}

/* The agent ends before the last phase: the manager may have been told that it is done. */
static void stored_is_done(void **state UNUSED)
{
	phases_until(MODE_SET_ACTION);
	set_leave(&agent);
	lab_stop(lab);
	lab_start(lab);
	agent.ras = lab->ras;
	assert_non_null(entry_at(ROW_NEW));
	assert_string_equal(entry_at(ROW_OWN)->descr, "changed");
}

static void one_edit_at_a_time(void **state UNUSED)
{
	phases_until(MODE_SET_RESERVE2);
	forget();
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "other");
	assert_int_equal(phase(MODE_SET_RESERVE1, 2, NULL), SNMP_ERR_NOERROR);
	assert_int_equal(phase(MODE_SET_RESERVE2, 2, NULL), SNMP_ERR_RESOURCEUNAVAILABLE);
	set_expire(&agent, 0);
	assert_int_equal(run_set(3), SNMP_ERR_NOERROR);
	assert_string_equal(entry_at(ROW_OWN)->descr, "other");
}

static void not_stored(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	store_error = -ENOSPC;
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "changed");
	REFUSED(COMMITFAILED, 0);
	ask_much();
	/* The first in the order of OIDs took it through. */
	REFUSED(COMMITFAILED, 0);
	store_error = 0;
	ask_much();
	DONE();
	assert_string_equal(entry_at(ROW_OWN)->descr, "changed");
}

static void file_is_read_again(void)
{
	struct ras_error error;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

static void reload_between_phases(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();

	phases_until(MODE_SET_RESERVE2);
	file_is_read_again();
	assert_int_equal(phase(MODE_SET_ACTION, 1, NULL), SNMP_ERR_COMMITFAILED);
	phase(MODE_SET_UNDO, 1, NULL);
	assert_true(phonebook_sum() == sum);

	phases_until(MODE_SET_RESERVE2);
	file_is_read_again();
	phase(MODE_SET_FREE, 1, NULL);
	assert_true(phonebook_sum() == sum);

	/* Permissions that went meanwhile. */
	phases_until(MODE_SET_RESERVE1);
	permit(false, false);
	assert_int_equal(phase(MODE_SET_RESERVE2, 1, NULL), SNMP_ERR_NOCREATION);
	permit(true, true);
	assert_true(phonebook_sum() == sum);

	phases_until(MODE_SET_ACTION);
	file_is_read_again();
	assert_int_equal(phase(MODE_SET_COMMIT, 1, NULL), SNMP_ERR_NOERROR);
	assert_non_null(entry_at(ROW_NEW));
	assert_string_equal(entry_at(ROW_OWN)->descr, "changed");
	assert_false(set_pending());
}

/* ---- with other objects in the same PDU ---- */

static void with_the_spin_lock(void **state UNUSED)
{
	const uint64_t sum = phonebook_sum();
	const uint32_t now = ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK);

	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "changed");
	ask_number(&table_system, MIB_SPIN_LOCK, INDEX(0), ASN_INTEGER, (long)now + 1);
	REFUSED(INCONSISTENTVALUE, 1);
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "changed");
	ask_number(&table_system, MIB_SPIN_LOCK, INDEX(0), ASN_INTEGER, (long)now);
	DONE();
	assert_int_equal(ras_setting_get(lab->ras, RAS_SETTING_SPIN_LOCK), now + 1);
	assert_string_equal(entry_at(ROW_OWN)->descr, "changed");
}

static void with_an_action(void **state UNUSED)
{
	struct ras_conn *conn = lab_conn(lab, "own");
	const uint64_t sum = phonebook_sum();

	entry_text(ROW_NEW, MIB_ENTRY_NAME, "new");
	entry_status(ROW_NEW, MIB_ROW_CREATE_AND_GO);
	conn_action(ROW_NEW, RAS_ACTION_DIAL);
	REFUSED(INCONSISTENTNAME, 2);
	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	entry_status(ROW_OWN, MIB_ROW_NOT_IN_SERVICE);
	REFUSED(INCONSISTENTVALUE, 0);
	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 0);
	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	entry_text(ROW_OWN, MIB_ENTRY_NAME, "renamed");
	REFUSED(INCONSISTENTVALUE, 0);
	assert_int_equal(lab_info(conn).counters.attempts, 0);

	entry_status(ROW_OWN, MIB_ROW_NOT_IN_SERVICE);
	DONE();
	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	assert_int_equal(send_set(), SNMP_ERR_INCONSISTENTVALUE);
	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	entry_status(ROW_OWN, MIB_ROW_ACTIVE);
	DONE();
	lab_wait_status(lab, conn, RAS_STATUS_UP);
}

/* What cannot be done during a call, and what can. */
static void during_a_call(void **state UNUSED)
{
	struct ras_conn *conn = lab_conn(lab, "own");
	uint64_t sum;

	conn_action(ROW_OWN, RAS_ACTION_DIAL);
	DONE();
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	sum = phonebook_sum();
	entry_status(ROW_OWN, MIB_ROW_DESTROY);
	REFUSED(INCONSISTENTVALUE, 0);
	entry_status(ROW_OWN, MIB_ROW_NOT_IN_SERVICE);
	REFUSED(INCONSISTENTVALUE, 0);
	entry_text(ROW_OWN, MIB_ENTRY_NAME, "renamed");
	REFUSED(INCONSISTENTVALUE, 0);
	entry_number(ROW_OWN, MIB_ENTRY_LINK_MODE, RAS_LINK_MODE_ALTERNATES);
	REFUSED(INCONSISTENTVALUE, 0);
	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	REFUSED(INCONSISTENTVALUE, 0);
	entry_text(ROW_OWN, MIB_ENTRY_DESTINATION, "setup=5s");
	DONE();
	assert_int_equal(lab_info(conn).status, RAS_STATUS_UP);
	assert_string_equal(entry_at(ROW_OWN)->destination, "setup=5s");
}

/* ---- secrets and the log ---- */

static void secret_is_never_read(void **state UNUSED)
{
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, "secret");
	DONE();
	ask_get(&table_phonebook, MIB_ENTRY_SECRET, INDEX(ROW_OWN));
	ask_get(&table_phonebook, MIB_ENTRY_SECRET_STORED, INDEX(ROW_OWN));
	table_get(&objects_list, &agent, requests);
	assert_int_equal(requests[0].requestvb->type, ASN_OCTET_STR);
	assert_int_equal(requests[0].requestvb->val_len, 0);
	assert_int_equal(*requests[1].requestvb->val.integer, 1);
	forget();
	ask_get(&table_phonebook, MIB_ENTRY_SECRET, &(struct table_index){.n = 0});
	table_next(&objects_list, &agent, &pdu, requests);
	assert_int_equal(requests[0].requestvb->val_len, 0);
}

static int log_file, real_stderr;

static void log_begin(void)
{
	log_file = memfd_create("log", MFD_CLOEXEC);
	real_stderr = dup(STDERR_FILENO);
	assert_true(log_file >= 0 && real_stderr >= 0);
	assert_true(dup2(log_file, STDERR_FILENO) >= 0);
	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_DEBUG);
}

static void log_end(char *ret, size_t size)
{
	ssize_t n = pread(log_file, ret, size - 1, 0);

	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	close(log_file);
	log_open("test", LOG_TARGET_STDERR, LOG_LEVEL_ERROR);
	assert_true(n >= 0);
	ret[n] = '\0';
}

static void log_tells_columns(void **state UNUSED)
{
	static const char *const never[] = {"hush", "someone", "setup=1s", "words"};
	static const char *const lines[] = {
		"set entry 20 (new): created\n",
		("set entry 7 (other, was own): changed: name, descr, destination, user-name, secret, "
		 "redial-pause-max, subentry 200, subentry 1\n"),
		"set entry 7 (other): changed: notInService\n",
		"set entry 20 (new): removed\n",
	};
	char text[8192];

	log_begin();
	create(ROW_NEW, "new");
	subentry_text(ROW_OWN, 200, MIB_SUBENTRY_DESTINATION, "setup=1s");
	subentry_status(ROW_OWN, 200, MIB_ROW_CREATE_AND_GO);
	subentry_status(ROW_OWN, 1, MIB_ROW_CREATE_AND_GO);
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, "hush");
	entry_text(ROW_OWN, MIB_ENTRY_USER_NAME, "someone");
	entry_text(ROW_OWN, MIB_ENTRY_DESTINATION, "setup=1s");
	entry_text(ROW_OWN, MIB_ENTRY_DESCR, "words");
	entry_text(ROW_OWN, MIB_ENTRY_NAME, "other");
	entry_number(ROW_OWN, MIB_ENTRY_REDIAL_PAUSE_MAX, 5);
	DONE();
	entry_status(ROW_OWN, MIB_ROW_NOT_IN_SERVICE);
	DONE();
	entry_status(ROW_NEW, MIB_ROW_DESTROY);
	DONE();
	entry_text(ROW_OWN, MIB_ENTRY_SECRET, "hush\n");
	assert_int_equal(send_set(), SNMP_ERR_WRONGVALUE);
	log_end(text, sizeof(text));
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (!strstr(text, lines[i]))
			fail_msg("the log lacks \"%s\": %s", lines[i], text);
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (strstr(text, never[i]))
			fail_msg("the log has \"%s\": %s", never[i], text);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(created_with_defaults),
		TEST(created_with_all_columns),
		TEST(texts_of_full_length),
		TEST(not_created),
		TEST(created_where_there_is_one),
		TEST(limit_of_rows),
		TEST(malformed_index),
		TEST(out_of_service_and_back),
		TEST(removed),
		TEST(all_rows_or_none),
		TEST(written_twice),
		TEST(subentries_with_their_entry),
		TEST(subentries_are_changed),
		TEST(subentries_refused),
		TEST(rows_of_the_file),
		TEST(without_permission),
		TEST(given_back),
		TEST(stored_is_done),
		TEST(one_edit_at_a_time),
		TEST(not_stored),
		TEST(reload_between_phases),
		TEST(with_the_spin_lock),
		TEST(with_an_action),
		TEST(during_a_call),
		TEST(secret_is_never_read),
		TEST(log_tells_columns),
	};

	return cmocka_run_group_tests_name("agent: changes of the phonebook", tests, NULL, NULL);
}
