/* SPDX-License-Identifier: BSD-2-Clause */
/* Our lines on their way into snmpd's log. Any thread may log, but only the one that owns libnetsnmp may call
 * snmp_log(): lines of the others wait until it comes round. */
#ifndef RASDIAL_AGENT_HOST_LOG_H
#define RASDIAL_AGENT_HOST_LOG_H

#define HOST_LOG_ROOM (1024 * 1024) /* octets; what does not fit is counted, and told */

/* Takes over the log of this process. The first caller is the owner, whose lines go on at once, behind what waits.
 * wake_fd: posted when a line waits. */
void host_log_open(int wake_fd);

/* Writes what waits. The owner's. */
void host_log_turn(void);

/* From now on nobody is woken: wake_fd may be closed. Lines wait for another host_log_open(). */
void host_log_close(void);

#endif
