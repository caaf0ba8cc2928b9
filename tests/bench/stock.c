/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "stock.h"

/* { netSnmpPlaypen 7274 }, and the numbers of rasConnTable below it: names as long as those that are compared. */
static const oid root[] = {1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 7274, 1, 3, 1};

static struct stock stock;

/* ---- what is common ---- */

static netsnmp_handler_registration *registration(Netsnmp_Node_Handler *handler)
{
	return netsnmp_create_handler_registration(STOCK_NAME, handler, root, OID_LENGTH(root), HANDLER_CAN_RONLY);
}

static netsnmp_table_registration_info *table_info(void)
{
	netsnmp_table_registration_info *info = SNMP_MALLOC_TYPEDEF(netsnmp_table_registration_info);

	if (!info)
		return NULL;
	netsnmp_table_helper_add_indexes(info, ASN_UNSIGNED, 0);
	info->min_column = 1;
	info->max_column = stock.n_columns;
	return info;
}

/* Answers all requests, given how a helper hands over the row. */
static int answer(netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests,
		  const struct stock_row *(*row_of)(netsnmp_request_info *request))
{
	if (reqinfo->mode != MODE_GET && reqinfo->mode != MODE_GETNEXT)
		return SNMP_ERR_NOERROR;
	for (netsnmp_request_info *request = requests; request; request = request->next) {
		const struct stock_row *row = row_of(request);
		const netsnmp_table_request_info *info = netsnmp_extract_table_info(request);
		const struct stock_value *value;

		if (!row || !info) {
			netsnmp_set_request_error(reqinfo, request, SNMP_NOSUCHINSTANCE);
			continue;
		}
		value = &row->values[info->colnum - 1];
		snmp_set_var_typed_value(request->requestvb, value->type, value->octets, value->size);
	}
	return SNMP_ERR_NOERROR;
}

/* ---- table_tdata ---- */

static const struct stock_row *tdata_row(netsnmp_request_info *request)
{
	return netsnmp_tdata_extract_entry(request);
}

static int tdata_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
			 netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests)
{
	(void)handler;
	(void)reginfo;
	return answer(reqinfo, requests, tdata_row);
}

static int tdata_register(void)
{
	netsnmp_tdata *table = netsnmp_tdata_create_table(STOCK_NAME, 0);

	for (uint32_t i = 0; table && i < stock.n_rows; i++) {
		netsnmp_tdata_row *row = netsnmp_tdata_create_row();
		unsigned long index = stock.rows[i].index;

		if (!row)
			return -ENOMEM;
		row->data = &stock.rows[i];
		netsnmp_tdata_row_add_index(row, ASN_UNSIGNED, &index, sizeof(index));
		netsnmp_tdata_add_row(table, row);
	}
	return table ? netsnmp_tdata_register(registration(tdata_handler), table, table_info()) : -ENOMEM;
}

/* ---- table_dataset: the helper has all values itself and needs no handler ---- */

static int dataset_add_row(netsnmp_table_data_set *table, const struct stock_row *from)
{
	netsnmp_table_row *row = netsnmp_create_table_data_row();
	unsigned long index = from->index;

	if (!row)
		return -ENOMEM;
	netsnmp_table_row_add_index(row, ASN_UNSIGNED, &index, sizeof(index));
	for (uint32_t c = 0; c < stock.n_columns; c++)
		netsnmp_set_row_column(row, c + 1, from->values[c].type, (const char *)from->values[c].octets,
				       from->values[c].size);
	netsnmp_table_dataset_add_row(table, row);
	return 0;
}

static int dataset_register(void)
{
	netsnmp_table_data_set *table = netsnmp_create_table_data_set(STOCK_NAME);
	int r = table ? 0 : -ENOMEM;

	if (r < 0)
		return r;
	netsnmp_table_dataset_add_index(table, ASN_UNSIGNED);
	for (uint32_t c = 0; c < stock.n_columns; c++)
		netsnmp_table_set_add_default_row(table, c + 1, stock.values[c].type, 0, NULL, 0);
	for (uint32_t i = 0; r == 0 && i < stock.n_rows; i++)
		r = dataset_add_row(table, &stock.rows[i]);
	return r < 0 ? r : netsnmp_register_table_data_set(registration(NULL), table, NULL);
}

/* ---- table_iterator ---- */

static const struct stock_row *iterator_row(netsnmp_request_info *request)
{
	return netsnmp_extract_iterator_context(request);
}

static int iterator_handler(netsnmp_mib_handler *handler, netsnmp_handler_registration *reginfo,
			    netsnmp_agent_request_info *reqinfo, netsnmp_request_info *requests)
{
	(void)handler;
	(void)reginfo;
	return answer(reqinfo, requests, iterator_row);
}

static netsnmp_variable_list *iterator_next(void **loop, void **data, netsnmp_variable_list *index,
					    netsnmp_iterator_info *info)
{
	struct stock_row *row = *loop;

	(void)info;
	if (row == stock.rows + stock.n_rows)
		return NULL;
	snmp_set_var_typed_integer(index, ASN_UNSIGNED, (long)row->index);
	*data = row;
	*loop = row + 1;
	return index;
}

static netsnmp_variable_list *iterator_first(void **loop, void **data, netsnmp_variable_list *index,
					     netsnmp_iterator_info *info)
{
	*loop = stock.rows;
	return iterator_next(loop, data, index, info);
}

static int iterator_register(void)
{
	netsnmp_iterator_info *info = SNMP_MALLOC_TYPEDEF(netsnmp_iterator_info);

	if (!info)
		return -ENOMEM;
	info->get_first_data_point = iterator_first;
	info->get_next_data_point = iterator_next;
	info->table_reginfo = table_info();
	info->flags |= NETSNMP_ITERATOR_FLAG_SORTED;
	return netsnmp_register_table_iterator2(registration(iterator_handler), info);
}

/* ---- life ---- */

static int stock_register(const char *helper)
{
	if (strcmp(helper, "table_tdata") == 0)
		return tdata_register();
	if (strcmp(helper, "table_dataset") == 0)
		return dataset_register();
	return strcmp(helper, "table_iterator") == 0 ? iterator_register() : -EINVAL;
}

void init_stock(void)
{
	const char *helper = getenv("STOCK_HELPER");
	int r = helper ? stock_read(&stock) : -EINVAL;

	if (r == 0)
		r = stock_register(helper);
	if (r != 0)
		snmp_log(LOG_ERR, "stock: %s cannot be served (%d)\n", helper ? helper : "no STOCK_HELPER", r);
}

void deinit_stock(void)
{
	unregister_mib((oid *)root, OID_LENGTH(root));
}
