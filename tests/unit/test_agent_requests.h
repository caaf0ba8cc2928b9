/* SPDX-License-Identifier: BSD-2-Clause */
/* Made requests, as a master sends them, to the tables of a list. */
#ifndef RASDIAL_TESTS_AGENT_REQUESTS_H
#define RASDIAL_TESTS_AGENT_REQUESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "agent/set.h"
#include "agent/table.h"
#include "sys/macro.h"

/* Who is asked. */
static const struct table_list *asked_list;
static struct agent *asked_agent;

#define REQUESTS_MAX 100

/* Everything is in its view. */
UNUSED static netsnmp_pdu pdu = {.version = SNMP_VERSION_2c, .flags = UCD_MSG_FLAG_ALWAYS_IN_VIEW};

static netsnmp_agent_request_info info;
static netsnmp_request_info requests[REQUESTS_MAX];
static size_t n_requests;

UNUSED static void forget(void)
{
	for (size_t i = 0; i < n_requests; i++)
		snmp_free_varbind(requests[i].requestvb_start);
	memset(requests, 0, sizeof(requests));
	n_requests = 0;
}

UNUSED static netsnmp_variable_list *ask(const oid *name, size_t len, uint8_t type, const void *data, size_t size)
{
	netsnmp_request_info *request = &requests[n_requests];
	netsnmp_variable_list *var = NULL;

	assert_true(n_requests < REQUESTS_MAX);
	assert_non_null(snmp_varlist_add_variable(&var, name, len, type, data, size));
	request->requestvb = request->requestvb_start = var;
	request->agent_req_info = &info;
	if (n_requests++)
		request[-1].next = request;
	return var;
}

UNUSED static netsnmp_variable_list *ask_get(const struct table *table, uint32_t column,
					     const struct table_index *index)
{
	oid name[MAX_OID_LEN];

	return ask(name, table_oid(table, column, index, name), ASN_NULL, NULL, 0);
}

#define INDEX(...)                                                                                                     \
	(&(struct table_index){.n = sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t), .sub = {__VA_ARGS__}})

UNUSED static void ask_set(const struct table *table, uint32_t column, const struct table_index *index, uint8_t type,
			   const void *data, size_t size)
{
	oid name[MAX_OID_LEN];

	ask(name, table_oid(table, column, index, name), type, data, size);
}

UNUSED static void ask_number(const struct table *table, uint32_t column, const struct table_index *index, uint8_t type,
			      long number)
{
	ask_set(table, column, index, type, &number, sizeof(number));
}

/* One phase; returns the first error and, in ret_at, whose it is. */
UNUSED static int phase(int mode, int transaction, size_t *ret_at)
{
	info.mode = mode;
	for (size_t i = 0; i < n_requests; i++)
		requests[i].status = SNMP_ERR_NOERROR;
	set_phase(asked_list, asked_agent, mode, transaction, requests);
	for (size_t i = 0; i < n_requests; i++) {
		if (!requests[i].status)
			continue;
		if (ret_at)
			*ret_at = i;
		return requests[i].status;
	}
	return SNMP_ERR_NOERROR;
}

static size_t refused_at; /* by run_set(): whose error it is */

/* All phases as a master goes through them. Returns the first error. */
UNUSED static int run_set(int transaction)
{
	int error = phase(MODE_SET_RESERVE1, transaction, &refused_at);

	if (!error)
		error = phase(MODE_SET_RESERVE2, transaction, &refused_at);
	if (error) {
		phase(MODE_SET_FREE, transaction, NULL);
		return error;
	}
	error = phase(MODE_SET_ACTION, transaction, &refused_at);
	phase(error ? MODE_SET_UNDO : MODE_SET_COMMIT, transaction, NULL);
	return error;
}

#endif
