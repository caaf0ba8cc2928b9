/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/queue.h"

#include <pthread.h>

#include "sys/fd.h"

struct ras_queue {
	pthread_mutex_t lock;
	int fd;
	size_t places, first, n;
	struct ras_message message[];
};

struct ras_queue *ras_queue_new(size_t places)
{
	struct ras_queue *q;

	if (places == 0 || places > 65536)
		return NULL;
	q = calloc(1, sizeof(*q) + places * sizeof(q->message[0]));
	if (!q)
		return NULL;
	q->fd = fd_event();
	if (q->fd < 0) {
		free(q);
		return NULL;
	}
	pthread_mutex_init(&q->lock, NULL);
	q->places = places;
	return q;
}

int ras_queue_fd(const struct ras_queue *queue)
{
	return queue->fd;
}

void queue_put(struct ras_queue *q, const struct ras_message *message)
{
	pthread_mutex_lock(&q->lock);
	if (q->n == q->places) {
		q->first = (q->first + 1) % q->places;
		q->n--;
	}
	q->message[(q->first + q->n) % q->places] = *message;
	q->n++;
	pthread_mutex_unlock(&q->lock);
	fd_event_post(q->fd);
}

bool ras_queue_take(struct ras_queue *q, struct ras_message *ret)
{
	bool any;

	pthread_mutex_lock(&q->lock);
	any = q->n > 0;
	if (any) {
		*ret = q->message[q->first];
		q->first = (q->first + 1) % q->places;
		q->n--;
	}
	/* The descriptor follows the contents: readable while there is something. */
	if (q->n == 0)
		fd_event_drain(q->fd);
	pthread_mutex_unlock(&q->lock);
	return any;
}

struct ras_queue *ras_queue_free(struct ras_queue *queue)
{
	if (!queue)
		return NULL;
	fd_close(queue->fd);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
	return NULL;
}
