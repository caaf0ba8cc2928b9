/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/set.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "agent/quiet.h"
#include "sys/clock.h"

static struct set *sets;
static size_t n_sets;
static struct quiet refusals;

int set_refuse(struct set_write *write, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(write->reason, sizeof(write->reason), format, args);
	va_end(args);
	return error;
}

const struct set_write *set_partner(const struct set_write *write, uint32_t column)
{
	for (size_t i = 0; i < write->set->n; i++) {
		const struct set_write *other = &write->set->writes[i];

		if (other->table == write->table && other->column && other->column->number == column &&
		    table_index_equal(&other->index, &write->index))
			return other;
	}
	return NULL;
}

/* ---- what the log says ---- */

static const char *error_name(int error)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{SNMP_ERR_NOTWRITABLE, "notWritable"},
		{SNMP_ERR_WRONGTYPE, "wrongType"},
		{SNMP_ERR_WRONGLENGTH, "wrongLength"},
		{SNMP_ERR_WRONGVALUE, "wrongValue"},
		{SNMP_ERR_NOCREATION, "noCreation"},
		{SNMP_ERR_INCONSISTENTNAME, "inconsistentName"},
		{SNMP_ERR_INCONSISTENTVALUE, "inconsistentValue"},
		{SNMP_ERR_RESOURCEUNAVAILABLE, "resourceUnavailable"},
		{SNMP_ERR_COMMITFAILED, "commitFailed"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].error == error)
			return names[i].name;
	return "genErr";
}

static void log_refused(const struct set_write *write, int error, const netsnmp_variable_list *var)
{
	char instance[SPRINT_MAX_LEN] = "";
	size_t at = 0;

	if (write->column) {
		at = (size_t)snprintf(instance, sizeof(instance), "%s", write->column->name);
		for (size_t i = 0; i < write->index.n && at < sizeof(instance); i++)
			at += (size_t)snprintf(instance + at, sizeof(instance) - at, ".%" PRIu32, write->index.sub[i]);
	} else {
		for (size_t i = 0; i < var->name_length && at < sizeof(instance); i++)
			at += (size_t)snprintf(instance + at, sizeof(instance) - at, "%s%lu", i ? "." : "",
					       (unsigned long)var->name[i]);
	}
	if (write->reason[0])
		quiet_log(&refusals, LOG_LEVEL_INFO, "refused set %s: %s (%s)", instance, error_name(error),
			  write->reason);
	else
		quiet_log(&refusals, LOG_LEVEL_INFO, "refused set %s: %s", instance, error_name(error));
}

/* ---- transactions ---- */

static struct set *set_new(int transaction, size_t n)
{
	struct set *set;

	if (n_sets >= SET_TRANSACTIONS_MAX)
		return NULL;
	set = calloc(1, sizeof(*set) + n * sizeof(set->writes[0]));
	if (!set)
		return NULL;
	set->transaction = transaction;
	set->since_ms = clock_mono_ms();
	set->n = n;
	set->next = sets;
	sets = set;
	n_sets++;
	return set;
}

static struct set *set_find(int transaction)
{
	for (struct set *set = sets; set; set = set->next)
		if (set->transaction == transaction)
			return set;
	return NULL;
}

static void set_free(struct set *set)
{
	for (struct set **at = &sets; *at; at = &(*at)->next) {
		if (*at != set)
			continue;
		*at = set->next;
		n_sets--;
		free(set);
		return;
	}
}

/* Gives back what it has reserved. undo: takes back what it has stored, too. */
static void set_end(struct agent *agent, struct set *set, bool undo)
{
	for (size_t i = set->n; i-- > 0;) {
		struct set_write *write = &set->writes[i];
		const struct set_writer *writer = write->column ? write->column->writer : NULL;

		if (!writer)
			continue;
		if (undo && write->stored && writer->undo)
			writer->undo(agent, write);
		if (write->reserved && writer->release)
			writer->release(agent, write);
	}
	set_free(set);
}

static void set_drop(struct agent *agent, struct set *set)
{
	set_end(agent, set, true);
}

void set_leave(struct agent *agent)
{
	while (sets)
		set_end(agent, sets, false);
}

bool set_pending(void)
{
	return sets != NULL;
}

void set_expire(struct agent *agent, int64_t max_age_ms)
{
	int64_t now = clock_mono_ms();

	for (struct set *set = sets, *next; set; set = next) {
		next = set->next;
		if (now - set->since_ms >= max_age_ms)
			set_drop(agent, set);
	}
}

/* ---- phases ---- */

static int check_value(const netsnmp_variable_list *var, struct set_write *write)
{
	const struct limit *limit = &write->column->limit;
	int64_t number;

	if (var->type != write->column->type)
		return SNMP_ERR_WRONGTYPE;
	if (var->type == ASN_OCTET_STR) {
		int error = limit_octets(limit, var->val.string, var->val_len);

		if (!error && limit->kind == LIMIT_BITS)
			write->number = limit_mask(var->val.string, var->val_len);
		return error;
	}
	if (var->val_len != sizeof(long))
		return SNMP_ERR_WRONGLENGTH;
	/* Unsigned types are kept in a long too. */
	number = var->type == ASN_INTEGER ? *var->val.integer : (int64_t)(*var->val.integer & UINT32_MAX);
	write->number = (uint32_t)number;
	return limit_number(limit, number);
}

static int check(const struct table_list *list, struct agent *agent, const netsnmp_variable_list *var,
		 struct set_write *write)
{
	int error;

	if (!table_resolve(list, var->name, var->name_length, &write->table, &write->column, &write->index) ||
	    write->column->access == TABLE_READ)
		return SNMP_ERR_NOTWRITABLE;
	error = check_value(var, write);
	return error ? error : write->table->admit(agent, write);
}

static int reserve(struct agent *agent, struct set_write *write)
{
	int error = SNMP_ERR_NOERROR;

	if (set_partner(write, write->column->number) != write)
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "it is in the request twice");
	if (!write->column->writer || write->reserved)
		return SNMP_ERR_NOERROR;
	if (write->column->writer->reserve)
		error = write->column->writer->reserve(agent, write);
	write->reserved = !error;
	return error;
}

static int store(struct agent *agent, struct set_write *write)
{
	int error = SNMP_ERR_NOERROR;

	if (!write->reserved || write->stored)
		return SNMP_ERR_NOERROR;
	if (write->column->writer->store)
		error = write->column->writer->store(agent, write);
	write->stored = !error;
	return error;
}

/* A phase that may refuse, for each varbind; the first refusal ends it. */
static void run_phase(const struct table_list *list, struct agent *agent, int mode, struct set *set,
		      netsnmp_request_info *requests)
{
	netsnmp_request_info *request = requests;

	for (size_t i = 0; i < set->n && request; i++, request = request->next) {
		struct set_write *write = &set->writes[i];
		int error = mode == MODE_SET_RESERVE1 ? check(list, agent, request->requestvb, write) :
			    mode == MODE_SET_RESERVE2 ? reserve(agent, write) :
							store(agent, write);

		if (!error)
			continue;
		netsnmp_request_set_error(request, error);
		log_refused(write, error, request->requestvb);
		/* Nothing but FREE can follow the first two; UNDO the third. */
		if (mode != MODE_SET_ACTION)
			set_drop(agent, set);
		return;
	}
}

static void commit(struct agent *agent, struct set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = &set->writes[i];

		if (write->reserved && write->column->writer->commit)
			write->column->writer->commit(agent, write);
	}
	set_free(set);
}

static struct set *begin(struct agent *agent, int transaction, netsnmp_request_info *requests)
{
	struct set *set = set_find(transaction);
	size_t n = 0;

	/* The master asks again: from the start. */
	if (set)
		set_drop(agent, set);
	for (netsnmp_request_info *request = requests; request; request = request->next)
		n++;
	set = set_new(transaction, n);
	for (size_t i = 0; set && i < n; i++)
		set->writes[i].set = set;
	return set;
}

void set_phase(const struct table_list *list, struct agent *agent, int mode, int transaction,
	       netsnmp_request_info *requests)
{
	struct set *set = mode == MODE_SET_RESERVE1 ? begin(agent, transaction, requests) : set_find(transaction);

	switch (mode) {
	case MODE_SET_RESERVE1:
	case MODE_SET_RESERVE2:
		if (set)
			run_phase(list, agent, mode, set, requests);
		else
			netsnmp_request_set_error(requests, SNMP_ERR_RESOURCEUNAVAILABLE);
		break;
	case MODE_SET_ACTION:
		if (set)
			run_phase(list, agent, mode, set, requests);
		else
			netsnmp_request_set_error(requests, SNMP_ERR_COMMITFAILED);
		break;
	case MODE_SET_COMMIT:
		if (set)
			commit(agent, set);
		else
			log_warning("a SET was not done: the master agent took over %d s from its test to its commit",
				    SET_MAX_AGE_MS / 1000);
		break;
	case MODE_SET_UNDO:
	case MODE_SET_FREE:
		if (set)
			set_drop(agent, set);
		break;
	default:
		break;
	}
}
