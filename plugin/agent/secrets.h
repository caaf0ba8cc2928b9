/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory of a process that holds secrets goes into no core file. A secret may leave copies in memory that is free
 * again, in libraries for one, so once there was one it stays so until the process ends. One thread at a time. */
#ifndef RASDIAL_AGENT_SECRETS_H
#define RASDIAL_AGENT_SECRETS_H

/* Before something is read that may hold secrets. */
void secrets_may_come(void);

/* What was read held none. */
void secrets_were_none(void);

/* There is one, or there may be one from now on at any time. The first time it is logged. */
void secrets_are_there(void);

#endif
