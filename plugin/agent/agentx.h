/* SPDX-License-Identifier: BSD-2-Clause */
/* AgentX PDUs (RFC 2741) on their way between the master and libnetsnmp, which has two faults that anybody who may send
 * requests to the master can make use of.
 *
 * It drops PDUs over 64 KiB without a word, at both ends: the master waits in vain, says genErr after all its tries and
 * ends the session. Here such a request is refused, and an answer so long is replaced, by tooBig at once.
 *
 * Its master sends a request again after a second, even on a stream, and its subagent takes the phases of a SET that
 * come twice for another SET, answers them with an error before the first has its answer, or uses memory that is free
 * already. A disk that takes a second for a SET is enough. Here a phase comes once. */
#ifndef RASDIAL_AGENT_AGENTX_H
#define RASDIAL_AGENT_AGENTX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AGENTX_HEADER 20
#define AGENTX_PDU_MAX 65536 /* octets, header included */
#define AGENTX_ERROR_SIZE (AGENTX_HEADER + 8)

/* The stream from the master, from its begin on. All zero is a good start. */
struct agentx_stream {
	uint8_t header[AGENTX_HEADER]; /* of the PDU that begins */
	size_t have;                   /* octets of it */
	uint32_t left;                 /* octets to come of the PDU behind its header */
	bool drop;                     /* that PDU */
	uint32_t phase;                /* packet id of the last phase of a SET; 0: none */
	uint32_t refused;              /* transaction of a SET whose test was refused here; 0: none */
};

/* Takes n octets (below AGENTX_PDU_MAX) that have come at data + AGENTX_HEADER, and leaves at data those that the
 * library shall see. Returns how many. *ret_answered: ret_answer is to be sent to the master. */
size_t agentx_filter(struct agentx_stream *stream, uint8_t *data, size_t n, uint8_t ret_answer[AGENTX_ERROR_SIZE],
		     bool *ret_answered);

/* Is a PDU that the library sends an answer that is too long? Then ret is the one to be sent in its place. */
bool agentx_too_big(const void *pdu, size_t size, uint8_t ret[AGENTX_ERROR_SIZE]);

#endif
