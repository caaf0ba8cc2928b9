/* SPDX-License-Identifier: BSD-2-Clause */
/* The side of the control socket that has the engine. Everything is behind one descriptor, which its host watches; all
 * functions belong to the owner of the engine. Nothing waits: a client that is slow, rude or idle is dropped. */
#ifndef RASDIAL_CONTROL_CONTROL_SERVER_H
#define RASDIAL_CONTROL_CONTROL_SERVER_H

#include "ras/ras.h"

#define CONTROL_CLIENTS_MAX 32

struct control_server;

/* Serves nobody yet. ras must outlive it. Returns 0 or negative errno. */
int control_server_new(struct ras *ras, const char *run_dir, struct control_server **ret);

/* Opens the socket in the run directory. Returns 0 or negative errno. */
int control_server_listen(struct control_server *server);

/* Serves a client that has its end of a socket pair (SOCK_SEQPACKET) already. Takes fd, also on failure. Returns 0 or
 * negative errno. */
int control_server_take(struct control_server *server, int fd);

/* Readable when there is something to do: a low number, fit for select(2). */
int control_server_fd(const struct control_server *server);

/* Does what there is to do. */
void control_server_turn(struct control_server *server);

/* Drops all clients and removes the socket. After ras_stop(), before ras_free(). Takes NULL, returns NULL. */
struct control_server *control_server_free(struct control_server *server);

#endif
