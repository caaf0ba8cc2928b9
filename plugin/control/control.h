/* SPDX-License-Identifier: BSD-2-Clause */
/* How a command on this host speaks with the process that has the engine: through the socket "control" in the run
 * directory (AF_UNIX, SOCK_SEQPACKET, mode 0600). Each packet is one record (sys/record.h) without its newline.
 *
 * Requests:  dial entry="hq" - hang-up entry="hq" - status [entry="hq"] - log entry="hq"
 * Answers:   state state=N   a state that a dial of this client has entered, each one once and in order
 *            conn ...        a row, as it is now: control_put_conn()
 *            log text="..."  a line of the log of the last attempt
 *            done            nothing more follows
 *            error code=N text="..."  the request is refused; code 0: by no error of the Remote Access Service
 *
 * Who dials or hangs up is told of changes until the connection is down. Who goes away changes nothing. */
#ifndef RASDIAL_CONTROL_CONTROL_H
#define RASDIAL_CONTROL_CONTROL_H

#include "ras/ras.h"
#include "sys/record.h"

#define CONTROL_SOCKET "control"

enum control_verb { CONTROL_DIAL, CONTROL_HANG_UP, CONTROL_STATUS, CONTROL_LOG };

struct control_request {
	enum control_verb verb;
	char entry[RAS_NAME_MAX]; /* "": all, with status only */
};

/* Reads a packet; line is NUL-ended and is changed. Returns 0, or -EBADMSG if it is no request: damaged, an unknown
 * word, a name that is missing or too long, a field too many; ret is untouched then. */
int control_request_parse(char *line, struct control_request *ret);

/* Makes the record of a request; entry NULL: none. Returns 0 or -EMSGSIZE. */
int control_request_put(struct record_writer *w, enum control_verb verb, const char *entry);

/* Makes the record of a row. Returns 0 or -EMSGSIZE. */
int control_put_conn(struct record_writer *w, const struct ras_entry *entry, const struct ras_conn_info *info);

/* Sends a record that was ended, without waiting. Returns 0 or negative errno: -EAGAIN if the other side is slow. */
int control_send(int fd, const struct record_writer *w);

/* Takes a packet, without waiting. Returns its length, NUL-ended in text; 0 if the other side has gone; -EAGAIN if
 * there is none; -EBADMSG if it is too long or holds a NUL. */
int control_receive(int fd, char text[RECORD_MAX]);

/* A socket of this kind, high, close-on-exec, non-blocking; listening in a run directory, in place of one that an ended
 * process left, or connected to the one there. Return the descriptor or negative errno (-ENOENT, -ECONNREFUSED: nobody
 * listens). Only who has the lock of the run directory may listen. */
int control_listen(const char *run_dir, int backlog);
int control_connect(const char *run_dir);

/* The next who has connected, high, close-on-exec, non-blocking; or negative errno: -EAGAIN if there is none. */
int control_accept(int listen_fd);

/* Is the process that has connected root's, or one of the user of the agent? */
bool control_may_ask(int fd);

/* Removes the socket. */
void control_remove(const char *run_dir);

#endif
