/* SPDX-License-Identifier: BSD-2-Clause */
/* Stored rows as libFuzzer likes them: whatever the octets, a message of one line or a row within its limits, which is
 * the same when it has been written and read again. */
#include <stdio.h>
#include <string.h>

#include "config/config_row.h"
#include "config/config_section.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void check_error(const char *error)
{
	require(strncmp(error, "7.yaml:", 7) == 0, "an error without file");
	require(strlen(error) < RAS_ROW_ERROR_MAX, "an error that is too long");
	for (const char *p = error; *p; p++)
		require((unsigned char)*p >= 0x20 && *p != 0x7f, "a control character in an error");
}

static void check_row(const struct ras_entry *e)
{
	require(e->name[0] != '\0', "no name");
	require(e->index >= 1 && e->index <= RAS_INDEX_MAX, "index");
	require(!e->secret || (e->secret[0] && strlen(e->secret) <= 255 && !strpbrk(e->secret, "\r\n")), "secret");
	require(e->redial_pause >= 1 && e->redial_pause <= 86400, "redial-pause");
	require(e->dial_timeout >= 1 && e->dial_timeout <= 3600, "dial-timeout");
	require(e->row_status == RAS_ROW_ACTIVE || e->row_status == RAS_ROW_NOT_IN_SERVICE, "row-status");
	require(!e->command && !e->pppd_options && !e->up_script && !e->down_script, "what only the file may say");
	require(e->n_subentries <= RAS_SUBENTRIES_MAX, "too many subentries");
	for (size_t i = 0; i < e->n_subentries; i++)
		require(e->subentries[i].index > (i > 0 ? e->subentries[i - 1].index : 0), "order of subentries");
}

/* Values that do not differ from the base are not written, so what is read again has defaults there. */
static void check_changes(const struct ras_entry *e, const struct ras_entry *base, const struct ras_entry *e2,
			  const struct ras_entry *base2)
{
	if (!str_equal(e->user_name, base->user_name))
		require(str_equal(e->user_name, e2->user_name) && str_equal(base->user_name, base2->user_name),
			"another user-name");
	else
		require(str_equal(e2->user_name, base2->user_name), "a user-name from nowhere");
	if (!str_equal(e->secret ?: "", base->secret ?: ""))
		require(str_equal(e->secret ?: "", e2->secret ?: "") &&
				str_equal(base->secret ?: "", base2->secret ?: ""),
			"another secret");
	else
		require(!e2->secret && !base2->secret, "a secret from nowhere");
	if (e->notify_types != base->notify_types)
		require(e->notify_types == e2->notify_types && base->notify_types == base2->notify_types,
			"other notify-types");
	else
		require(e2->notify_types == base2->notify_types, "notify-types from nowhere");
	require(e->index == e2->index && str_equal(e->name, e2->name) && e2->storage_type == RAS_STORAGE_PERMANENT,
		"another entry");
}

static void write_and_read(const struct ras_entry *e, const struct ras_entry *base)
{
	_cleanup_entry_ struct ras_entry *e2 = NULL, *base2 = NULL;
	char error[RAS_ROW_ERROR_MAX] = "";
	_cleanup_free_ char *text = NULL;
	size_t size = 0;

	require(config_row_format.write(e, base, &text, &size) == 0, "cannot be written");
	require(config_row_format.read("7.yaml", text, size, &e2, &base2, error) == 0, error);
	require(!base == !base2, "another kind of row");
	if (base)
		check_changes(e, base, e2, base2);
	else
		require(ras_entry_equal(e, e2) && e->last_change_ms == e2->last_change_ms, "another row");
}

static void try_text(const char *text, size_t size)
{
	_cleanup_entry_ struct ras_entry *entry = NULL, *base = NULL;
	char error[RAS_ROW_ERROR_MAX] = "";

	if (config_row_format.read("7.yaml", text, size, &entry, &base, error) < 0) {
		check_error(error);
		return;
	}
	check_row(entry);
	if (base)
		check_row(base);
	write_and_read(entry, base);
}

/* A row that is good, whole or of a permanent entry. */
static void good_row(bool whole, char **ret_text, size_t *ret_size)
{
	_cleanup_entry_ struct ras_entry *entry = ras_entry_new(), *base = ras_entry_new();

	require(entry && base, "no memory");
	entry->index = 7;
	entry->name[0] = 'a';
	entry->last_change_ms = 1764000000123;
	entry->storage_type = whole ? RAS_STORAGE_NON_VOLATILE : RAS_STORAGE_PERMANENT;
	entry->notify_types = 1;
	require(ras_entry_set_secret(entry, whole ? "s" : "\xff") == 0, "no memory");
	require(config_row_format.write(entry, whole ? NULL : base, ret_text, ret_size) == 0, "cannot be written");
}

#define HEAD 4 /* octets that say which row, where, and how much of it goes */

/* A good row, a part of which gives place to octets that do not belong there. */
static void try_damaged(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *good = NULL, *text = NULL;
	size_t length, at, gone;

	good_row(data[0] & 1, &good, &length);
	at = ((size_t)data[1] << 8 | data[2]) % length;
	gone = MIN((size_t)data[3], length - at);
	data += HEAD;
	size -= HEAD;
	text = malloc(length - gone + size + 1);
	require(text, "no memory");
	memcpy(text, good, at);
	memcpy(text + at, data, size);
	memcpy(text + at + size, good + at + gone, length - at - gone);
	try_text(text, length - gone + size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_text((const char *)data, size);
	if (size >= HEAD)
		try_damaged(data, size);
	return 0;
}
