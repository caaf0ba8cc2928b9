/* SPDX-License-Identifier: BSD-2-Clause */
#include "control/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/macro.h"

/* ---- records ---- */

static const char *const verbs[] = {
	[CONTROL_DIAL] = "dial",
	[CONTROL_HANG_UP] = "hang-up",
	[CONTROL_STATUS] = "status",
	[CONTROL_LOG] = "log",
};

int control_request_parse(char *line, struct control_request *ret)
{
	struct control_request request = {.entry = ""};
	struct record record;
	const char *entry;
	size_t verb = 0;

	if (record_parse(line, &record) < 0)
		return -EBADMSG;
	while (verb < ARRAY_SIZE(verbs) && !str_equal(record.kind, verbs[verb]))
		verb++;
	entry = record_get_str(&record, "entry");
	if (verb == ARRAY_SIZE(verbs) || record.n != (entry ? 1 : 0) || (!entry && verb != CONTROL_STATUS))
		return -EBADMSG;
	if (entry && (!*entry || strlen(entry) >= sizeof(request.entry)))
		return -EBADMSG;
	request.verb = (enum control_verb)verb;
	str_copy(request.entry, entry ? entry : "", sizeof(request.entry));
	*ret = request;
	return 0;
}

int control_request_put(struct record_writer *w, enum control_verb verb, const char *entry)
{
	record_begin(w, verbs[verb]);
	if (entry)
		record_put_str(w, "entry", entry);
	return record_end(w);
}

static void put_address(struct record_writer *w, const struct ras_addr *a)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (a->len == 4)
		inet_ntop(AF_INET, a->octets, text, sizeof(text));
	else if (a->len >= 16)
		inet_ntop(AF_INET6, a->octets, text, sizeof(text));
	record_put_str(w, "address", text);
}

int control_put_conn(struct record_writer *w, const struct ras_entry *entry, const struct ras_conn_info *info)
{
	int64_t since = info->last_change_mono_ms > 0 ? clock_mono_ms() - info->last_change_mono_ms : 0;
	int64_t redial = info->next_redial_mono_ms > 0 ? info->next_redial_mono_ms - clock_mono_ms() : 0;

	record_begin(w, "conn");
	record_put_u64(w, "index", entry->index);
	record_put_str(w, "name", entry->name);
	record_put_i64(w, "type", entry->device_type);
	record_put_i64(w, "status", info->status);
	record_put_i64(w, "state", info->state);
	record_put_i64(w, "since", MAX(since, INT64_C(0)) / 1000);
	record_put_i64(w, "redial", (MAX(redial, INT64_C(0)) + 999) / 1000);
	record_put_str(w, "interface", info->ifname);
	put_address(w, &info->local);
	record_put_i64(w, "code", info->last_error.code);
	record_put_i64(w, "cause", info->last_error.cause);
	record_put_str(w, "text", info->last_error.text);
	return record_end(w);
}

/* ---- packets ---- */

int control_send(int fd, const struct record_writer *w)
{
	ssize_t n = send(fd, w->text, w->len - 1, MSG_DONTWAIT | MSG_NOSIGNAL);

	return n < 0 ? -errno : 0;
}

int control_receive(int fd, char text[RECORD_MAX])
{
	struct iovec part = {.iov_base = text, .iov_len = RECORD_MAX - 1};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	/* Told once, if the other side has not read all; what it sent before comes after that. */
	if (n < 0 && errno == ECONNRESET)
		n = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	/* Descriptors that somebody sends along are dropped by the kernel: there is no room for them. */
	if ((message.msg_flags & MSG_TRUNC) || memchr(text, '\0', (size_t)n))
		return -EBADMSG;
	text[n] = '\0';
	return (int)n;
}

/* ---- sockets ---- */

/* By way of the folder's descriptor: an address has room for 107 octets only. */
static int address_in(const char *run_dir, struct sockaddr_un *ret, int *ret_dirfd)
{
	int dirfd = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd < 0)
		return -errno;
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/" CONTROL_SOCKET, dirfd);
	*ret_dirfd = dirfd;
	return 0;
}

/* A socket, and the address of the one in the run directory, as address_in(). */
static int new_socket(const char *run_dir, struct sockaddr_un *ret, int *ret_dirfd)
{
	int r = address_in(run_dir, ret, ret_dirfd), fd;

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return fd < 0 ? -errno : fd_high(fd);
}

int control_listen(const char *run_dir, int backlog)
{
	_cleanup_fd_ int dirfd = -1, fd = -1;
	struct sockaddr_un address;

	fd = new_socket(run_dir, &address, &dirfd);
	if (fd < 0)
		return fd;
	unlinkat(dirfd, CONTROL_SOCKET, 0);
	/* What bind() makes has the mode of the socket itself. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, backlog) < 0)
		return -errno;
	return TAKE_FD(fd);
}

int control_accept(int listen_fd)
{
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	int fd = accept4(listen_fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 ? -errno : fd_high(fd);
}

bool control_may_ask(int fd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

int control_connect(const char *run_dir)
{
	_cleanup_fd_ int dirfd = -1, fd = -1;
	struct sockaddr_un address;

	fd = new_socket(run_dir, &address, &dirfd);
	if (fd < 0)
		return fd;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

void control_remove(const char *run_dir)
{
	_cleanup_fd_ int dirfd = open(run_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dirfd >= 0)
		unlinkat(dirfd, CONTROL_SOCKET, 0);
}
