/* SPDX-License-Identifier: BSD-2-Clause */
/* The sending side of the message queue that stands for RasDial's window. */
#ifndef RASDIAL_RAS_QUEUE_H
#define RASDIAL_RAS_QUEUE_H

#include "ras/ras.h"

/* Puts a message in; drops the oldest if there is no place. Any thread. */
void queue_put(struct ras_queue *queue, const struct ras_message *message);

#endif
