/* SPDX-License-Identifier: BSD-2-Clause */
/* A subagent with the table of stock.h and nothing else.
 *
 *     stock_agent MASTER */
#include <stdio.h>

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <net-snmp/agent/net-snmp-agent-includes.h>

#include "stock.h"

int main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: stock_agent MASTER\n", stderr);
		return 2;
	}
	snmp_enable_stderrlog();
	netsnmp_ds_set_boolean(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_ROLE, 1);
	netsnmp_ds_set_string(NETSNMP_DS_APPLICATION_ID, NETSNMP_DS_AGENT_X_SOCKET, argv[1]);
	if (init_agent(STOCK_NAME) != 0)
		return 1;
	init_stock();
	init_snmp(STOCK_NAME);
	for (;;)
		agent_check_and_process(1);
}
