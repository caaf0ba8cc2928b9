/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/agentx.h"

#include <endian.h>
#include <string.h>

#include "sys/macro.h"

/* The header: version, type, flags, reserved, then numbers of four octets. */
enum { TYPE = 1, FLAGS = 2, TRANSACTION = 8, PACKET = 12, PAYLOAD = 16 };

enum { GET = 5, TEST_SET = 8, CLEANUP_SET = 11, RESPONSE = 18 };

#define NETWORK_BYTE_ORDER 0x10
#define TOO_BIG 1

static bool big_endian(const uint8_t *header)
{
	return header[FLAGS] & NETWORK_BYTE_ORDER;
}

static uint32_t number(const uint8_t *header, size_t at)
{
	uint32_t raw;

	memcpy(&raw, header + at, sizeof(raw));
	return big_endian(header) ? be32toh(raw) : le32toh(raw);
}

/* A response to the PDU with this header: sysUpTime, error, index of the varbind. The master tells the manager an error
 * of its own if no varbind has it, so the first has. */
static void make_error(const uint8_t *header, uint8_t ret[AGENTX_ERROR_SIZE])
{
	const bool big = big_endian(header);
	const uint32_t payload = big ? htobe32(AGENTX_ERROR_SIZE - AGENTX_HEADER) :
				       htole32(AGENTX_ERROR_SIZE - AGENTX_HEADER);
	const uint16_t error = big ? htobe16(TOO_BIG) : htole16(TOO_BIG), index = big ? htobe16(1) : htole16(1);

	memset(ret, 0, AGENTX_ERROR_SIZE);
	memcpy(ret, header, AGENTX_HEADER);
	ret[TYPE] = RESPONSE;
	ret[FLAGS] &= NETWORK_BYTE_ORDER;
	memcpy(ret + PAYLOAD, &payload, sizeof(payload));
	memcpy(ret + AGENTX_HEADER + 4, &error, sizeof(error));
	memcpy(ret + AGENTX_HEADER + 6, &index, sizeof(index));
}

/* Decides about the PDU whose header has come. Returns whether the master is to be answered. */
static bool begin(struct agentx_stream *s)
{
	const uint8_t type = s->header[TYPE];
	const bool request = type >= GET && type <= CLEANUP_SET, phase = type >= TEST_SET && request;
	const uint32_t transaction = number(s->header, TRANSACTION), packet = number(s->header, PACKET);
	bool again;

	s->left = number(s->header, PAYLOAD);
	again = phase && packet == s->phase;
	/* The library has not heard of the SET that is given up. It wants no answer to this phase. */
	s->drop = again || (type == CLEANUP_SET && transaction == s->refused);
	if (phase)
		s->phase = packet;
	if (s->drop || !request || s->left <= AGENTX_PDU_MAX - AGENTX_HEADER)
		return false;
	s->drop = true;
	if (type == TEST_SET)
		s->refused = transaction;
	return true;
}

size_t agentx_filter(struct agentx_stream *s, uint8_t *data, size_t n, uint8_t ret_answer[AGENTX_ERROR_SIZE],
		     bool *ret_answered)
{
	const uint8_t *in = data + AGENTX_HEADER, *end = in + n;
	uint8_t *out = data;

	*ret_answered = false;
	/* What goes out never overtakes what comes in: it is more by a part of one header at most. */
	while (in < end) {
		size_t part;

		if (s->have < AGENTX_HEADER) {
			part = MIN((size_t)(end - in), AGENTX_HEADER - s->have);
			memcpy(s->header + s->have, in, part);
			s->have += part;
			in += part;
			if (s->have < AGENTX_HEADER)
				break;
			if (begin(s)) {
				make_error(s->header, ret_answer);
				*ret_answered = true;
			}
			if (!s->drop) {
				memcpy(out, s->header, AGENTX_HEADER);
				out += AGENTX_HEADER;
			}
		}
		part = MIN((size_t)(end - in), (size_t)s->left);
		if (!s->drop) {
			memmove(out, in, part);
			out += part;
		}
		in += part;
		s->left -= (uint32_t)part;
		if (s->left == 0)
			s->have = 0;
	}
	return (size_t)(out - data);
}

bool agentx_too_big(const void *pdu, size_t size, uint8_t ret[AGENTX_ERROR_SIZE])
{
	const uint8_t *header = pdu;

	if (size <= AGENTX_PDU_MAX || header[TYPE] != RESPONSE)
		return false;
	make_error(header, ret);
	return true;
}
