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

struct set_write *set_instance(const struct set *set, const struct table *table, uint32_t column,
			       const struct table_index *index)
{
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = set->order[i];

		if (write->table == table && write->column->number == column && table_index_equal(&write->index, index))
			return write;
	}
	return NULL;
}

struct set_write *set_partner(const struct set_write *write, uint32_t column)
{
	return set_instance(write->set, write->table, column, &write->index);
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

static void log_refused(const struct set_write *write, int error)
{
	const netsnmp_variable_list *var = write->request->requestvb;
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

static struct set *set_new(const struct table_list *list, int transaction, size_t n)
{
	struct set *set;

	if (n_sets >= SET_TRANSACTIONS_MAX)
		return NULL;
	set = calloc(1, sizeof(*set) + n * sizeof(set->writes[0]));
	if (!set)
		return NULL;
	set->order = calloc(n, sizeof(set->order[0]));
	if (!set->order) {
		free(set);
		return NULL;
	}
	set->list = list;
	set->transaction = transaction;
	set->since_ms = clock_mono_ms();
	set->n = n;
	for (size_t i = 0; i < n; i++) {
		set->order[i] = &set->writes[i];
		set->writes[i].set = set;
	}
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
		free(set->order);
		free(set);
		return;
	}
}

/* Gives back what it has reserved. undo: takes back what it has stored, too. */
static void set_end(struct agent *agent, struct set *set, bool undo)
{
	for (size_t i = set->n; i-- > 0;) {
		struct set_write *write = set->order[i];
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

/* ---- what is done with one varbind; each returns SNMP_ERR_* ---- */

typedef int set_step(struct agent *agent, struct set_write *write);

static int check_value(struct set_write *write)
{
	const netsnmp_variable_list *var = write->request->requestvb;
	const struct limit *limit = &write->column->limit;
	int64_t number;

	if (var->type != write->column->type)
		return SNMP_ERR_WRONGTYPE;
	if (var->type == ASN_OCTET_STR) {
		int error = limit_octets(limit, write->octets, write->size);

		if (!error && limit->kind == LIMIT_BITS)
			write->number = limit_mask(write->octets, write->size);
		return error;
	}
	if (var->val_len != sizeof(long))
		return SNMP_ERR_WRONGLENGTH;
	/* Unsigned types are kept in a long too. */
	number = var->type == ASN_INTEGER ? *var->val.integer : (int64_t)(*var->val.integer & UINT32_MAX);
	write->number = (uint32_t)number;
	return limit_number(limit, number);
}

static int check(struct agent *agent UNUSED, struct set_write *write)
{
	const netsnmp_variable_list *var = write->request->requestvb;

	if (!table_resolve(write->set->list, var->name, var->name_length, &write->table, &write->column,
			   &write->index) ||
	    write->column->access == TABLE_READ)
		return SNMP_ERR_NOTWRITABLE;
	return check_value(write);
}

static int admit(struct agent *agent, struct set_write *write)
{
	return write->table->admit(agent, write);
}

static int check_single(struct agent *agent UNUSED, struct set_write *write)
{
	if (set_partner(write, write->column->number) != write)
		return set_refuse(write, SNMP_ERR_INCONSISTENTVALUE, "it is in the request twice");
	return SNMP_ERR_NOERROR;
}

static int reserve(struct agent *agent, struct set_write *write)
{
	int error = SNMP_ERR_NOERROR;

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

/* ---- phases ---- */

/* Does it with each varbind. The first refusal ends it and is answered. */
static bool each(struct agent *agent, struct set *set, set_step *step)
{
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = set->order[i];
		int error = step(agent, write);

		if (!error)
			continue;
		netsnmp_request_set_error(write->request, error);
		log_refused(write, error);
		return false;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct set_write *x = *(struct set_write *const *)a, *y = *(struct set_write *const *)b;
	const netsnmp_variable_list *v = x->request->requestvb, *w = y->request->requestvb;
	int order = snmp_oid_compare(v->name, v->name_length, w->name, w->name_length);

	return order ? order : x < y ? -1 : x > y;
}

/* The first two phases, in which nothing is refused but for what the manager asks. */
static bool reserve_phase(struct agent *agent, struct set *set, int mode)
{
	if (mode == MODE_SET_RESERVE2)
		return each(agent, set, check_single) && each(agent, set, reserve);
	if (!each(agent, set, check) || !each(agent, set, admit))
		return false;
	qsort(set->order, set->n, sizeof(set->order[0]), compare);
	return true;
}

/* All that the SET stores, as a whole or not at all. */
static void store_phase(struct agent *agent, struct set *set)
{
	struct set_write *write = set->order[0];
	bool good;
	int error;

	if (!set->list->store_begin) {
		each(agent, set, store);
		return;
	}
	set->list->store_begin(agent);
	good = each(agent, set, store);
	error = set->list->store_end(agent, good);
	if (!error)
		return;
	for (size_t i = 0; i < set->n; i++)
		set->writes[i].stored = false;
	if (!good)
		return;
	set_refuse(write, error, "it cannot be stored (see rasStorageStatus)");
	netsnmp_request_set_error(write->request, error);
	log_refused(write, error);
}

static void commit(struct agent *agent, struct set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = set->order[i];

		if (write->reserved && write->column->writer->commit)
			write->column->writer->commit(agent, write);
	}
	set_free(set);
}

static bool is_stored(const struct set *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->writes[i].stored)
			return true;
	return false;
}

void set_expire(struct agent *agent, int64_t max_age_ms)
{
	int64_t now = clock_mono_ms();

	for (struct set *set = sets, *next; set; set = next) {
		next = set->next;
		if (max_age_ms == 0 || (!is_stored(set) && now - set->since_ms >= max_age_ms))
			set_drop(agent, set);
	}
}

static size_t count(const netsnmp_request_info *requests)
{
	size_t n = 0;

	for (; requests; requests = requests->next)
		n++;
	return n;
}

/* The set of a phase, NULL if there is none. */
static struct set *set_begin(const struct table_list *list, struct agent *agent, int mode, int transaction,
			     const netsnmp_request_info *requests)
{
	struct set *set = set_find(transaction);

	if (mode != MODE_SET_RESERVE1)
		return set && set->n == count(requests) ? set : NULL;
	/* The master asks again: from the start. */
	if (set)
		set_drop(agent, set);
	return set_new(list, transaction, count(requests));
}

/* Requests and their values are there for one phase only. */
static void attach(struct set *set, netsnmp_request_info *requests)
{
	for (size_t i = 0; i < set->n; i++) {
		struct set_write *write = &set->writes[i];
		const netsnmp_variable_list *var = requests ? requests->requestvb : NULL;

		write->request = requests;
		write->octets = var ? var->val.string : NULL;
		write->size = var ? var->val_len : 0;
		requests = requests ? requests->next : NULL;
	}
}

static void wipe_secrets(const struct table_list *list, netsnmp_request_info *requests)
{
	for (; requests; requests = requests->next) {
		const netsnmp_variable_list *var = requests->requestvb;
		const struct table_column *column;
		const struct table *table;
		struct table_index index;

		if (var->type == ASN_OCTET_STR && var->val_len &&
		    table_resolve(list, var->name, var->name_length, &table, &column, &index) &&
		    column->limit.kind == LIMIT_SECRET)
			explicit_bzero(var->val.string, var->val_len);
	}
}

void set_phase(const struct table_list *list, struct agent *agent, int mode, int transaction,
	       netsnmp_request_info *requests)
{
	struct set *set = set_begin(list, agent, mode, transaction, requests);
	bool refused = false;

	if (set)
		attach(set, requests);
	switch (mode) {
	case MODE_SET_RESERVE1:
	case MODE_SET_RESERVE2:
		refused = !set || !reserve_phase(agent, set, mode);
		if (!set)
			netsnmp_request_set_error(requests, SNMP_ERR_RESOURCEUNAVAILABLE);
		else if (refused)
			set_drop(agent, set); /* nothing but FREE can follow */
		else
			attach(set, NULL);
		break;
	case MODE_SET_ACTION:
		if (!set) {
			netsnmp_request_set_error(requests, SNMP_ERR_COMMITFAILED);
			break;
		}
		store_phase(agent, set);
		attach(set, NULL);
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
	if (mode != MODE_SET_RESERVE1 || refused)
		wipe_secrets(list, requests);
}
