/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows by their names, as a manager asks for them. */
#ifndef RASDIAL_TESTS_ENGINE_ASKED_H
#define RASDIAL_TESTS_ENGINE_ASKED_H

#include "engine_rows.h"

UNUSED static void ask(const struct lab *lab, const char *name, enum ras_action action)
{
	struct ras_request *request = NULL;

	assert_int_equal(ras_request_reserve(lab->ras, lab_conn(lab, name), action, 0, RAS_TRIGGER_SNMP, &request), 0);
	assert_int_equal(ras_request_write(request), 0);
	ras_request_commit(request);
}

UNUSED static struct ras_conn_info row(const struct lab *lab, const char *name)
{
	return lab_info(lab_conn(lab, name));
}

UNUSED static void load(const struct lab *lab)
{
	struct ras_error error = RAS_ERROR_INIT;

	assert_int_equal(ras_phonebook_load(lab->ras, lab->entries, lab->n_entries, &error), 0);
}

UNUSED static void set_mode(const struct lab *lab, enum ras_admin_mode mode)
{
	assert_int_equal(ras_setting_store(lab->ras, RAS_SETTING_ADMIN_MODE, mode), 0);
	ras_setting_apply(lab->ras, RAS_SETTING_ADMIN_MODE, mode);
}

#endif
