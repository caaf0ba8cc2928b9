/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers: which may be run, how one is started, what it leaves. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "driver/exec.h"
#include "sys/fd.h"
#include "sys/file.h"

#define STRAYS_MAX 64
#define STRAY_MS 400

void exec_file(const struct ras_call *call, const char *suffix, char ret[EXEC_FILE_MAX])
{
	snprintf(ret, EXEC_FILE_MAX, "%u%s", ras_call_id(call), suffix);
}

/* ---- which helpers there may be ---- */

static const char *why_not_folder(int dirfd)
{
	struct stat st;

	return fstat(dirfd, &st) < 0 ? strerror(errno) : file_not_trusted(&st);
}

static const char *why_not_file(int dirfd, const char *name)
{
	struct stat st;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strerror(errno);
	if (S_ISLNK(st.st_mode))
		return "is a symbolic link, and must be the file itself";
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if (!(st.st_mode & S_IXUSR))
		return "cannot be executed by its owner";
	return file_not_trusted(&st);
}

static int find_helper(struct ras_call *call, char path[PATH_MAX])
{
	const char *name = ras_call_device_name(call), *reason;
	_cleanup_fd_ int dirfd = -1;
	char dir[PATH_MAX];
	int r;

	if (!exec_name_is_good(name))
		return ras_call_fail(call, 625, RAS_BACKEND_NONE,
				     "device-name must be the name of a helper: letters, digits, _ . -, not beginning "
				     "with . or -");
	r = ras_call_helper_dir(call, dir, sizeof(dir));
	if (r < 0 || snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "The path of the helper is too long (helper-dir)");
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dirfd < 0)
		return ras_call_fail(call, 609, RAS_BACKEND_NONE, "The folder of helpers %s cannot be opened: %s", dir,
				     strerror(errno));
	reason = why_not_folder(dirfd);
	if (reason)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "The folder of helpers %s %s", dir, reason);
	if (faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
		return ras_call_fail(call, 609, RAS_BACKEND_NONE, "There is no helper %s in %s", name, dir);
	reason = why_not_file(dirfd, name);
	if (reason)
		return ras_call_fail(call, 625, RAS_BACKEND_NONE, "The helper %s %s", path, reason);
	return 0;
}

/* ---- its surroundings ---- */

/* Options as the configuration writes them, with blanks between. */
static void write_options(uint32_t options, char *ret, size_t size)
{
	char word[RAS_LABEL_MAX];
	size_t len = 0;

	ret[0] = '\0';
	for (int i = 0; i < RAS_OPTION_MAX && len < size; i++)
		if (options & 1u << i)
			len += (size_t)snprintf(ret + len, size - len, "%s%s", len > 0 ? " " : "",
						ras_label_kebab(ras_label_name(ras_option_labels, i), word));
}

struct surroundings {
	char text[5][RAS_TEXT_MAX + 32];
	const char **list; /* ended by NULL */
};

static bool names_variable(char *const *environment, const char *name)
{
	size_t len = strlen(name);

	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
			return true;
	return false;
}

static int surround(const struct ras_call *call, struct surroundings *s)
{
	const struct ras_entry *entry = ras_call_entry(call);
	char options[160];
	size_t n = 0, own = 0;

	while (entry->environment && entry->environment[own])
		own++;
	s->list = calloc(own + ARRAY_SIZE(s->text) + 3, sizeof(*s->list));
	if (!s->list)
		return -ENOMEM;
	write_options(entry->options, options, sizeof(options));
	snprintf(s->text[0], sizeof(s->text[0]), "RAS_ENTRY=%s", entry->name);
	snprintf(s->text[1], sizeof(s->text[1]), "RAS_DESTINATION=%s", ras_call_destination(call));
	snprintf(s->text[2], sizeof(s->text[2]), "RAS_USER=%s", entry->user_name);
	snprintf(s->text[3], sizeof(s->text[3]), "RAS_CALL_ID=%u", ras_call_id(call));
	snprintf(s->text[4], sizeof(s->text[4]), "RAS_OPTIONS=%s", options);
	for (; n < ARRAY_SIZE(s->text); n++)
		s->list[n] = s->text[n];
	for (size_t i = 0; i < own; i++)
		s->list[n++] = entry->environment[i];
	if (!names_variable(entry->environment, "PATH"))
		s->list[n++] = PROCESS_PATH;
	if (!names_variable(entry->environment, "LC_ALL"))
		s->list[n++] = "LC_ALL=C";
	return 0;
}

/* The secret as one line, then the end. A pipe holds it all, so nobody waits here. */
static int give_secret(const struct ras_call *call, int *ret_fd)
{
	const char *secret = ras_call_entry(call)->secret;
	_cleanup_fd_ int read_end = -1, write_end = -1;
	int r = fd_pipe(0, &read_end, &write_end);

	if (r == 0 && secret && secret[0] != '\0') {
		r = fd_write_all(write_end, secret, strlen(secret));
		if (r == 0)
			r = fd_write_all(write_end, "\n", 1);
	}
	if (r == 0)
		*ret_fd = TAKE_FD(read_end);
	return r;
}

/* ---- its output ---- */

static int open_stream(struct ras_call *call, const char *suffix, int flags)
{
	char name[EXEC_FILE_MAX];
	int fd;

	exec_file(call, suffix, name);
	fd = openat(ras_call_rundir(call), name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags);
	return fd < 0 ? -errno : fd_high(fd);
}

int exec_open_streams(struct ras_call *call, struct exec_link *link, bool make)
{
	static const char *const suffixes[] = {EXEC_OUT, EXEC_ERR};
	struct exec_stream *const streams[] = {&link->out, &link->err};
	char name[EXEC_FILE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		exec_file(call, suffixes[i], name);
		if (make) {
			unlinkat(ras_call_rundir(call), name, 0);
			if (mkfifoat(ras_call_rundir(call), name, 0600) < 0)
				return -errno;
		}
		streams[i]->fd = open_stream(call, suffixes[i], O_NONBLOCK);
		if (streams[i]->fd < 0)
			return streams[i]->fd;
	}
	return 0;
}

void exec_remove_files(struct ras_call *call)
{
	static const char *const suffixes[] = {EXEC_OUT, EXEC_ERR, EXEC_STATS_FILE, EXEC_SOCKET};
	char name[EXEC_FILE_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++) {
		exec_file(call, suffixes[i], name);
		unlinkat(ras_call_rundir(call), name, 0);
	}
}

/* ---- start ---- */

static int spawn(struct ras_call *call, struct exec_link *link, const char *path, const struct surroundings *s)
{
	const char *argv[] = {path, ras_call_entry(call)->name, NULL};
	_cleanup_fd_ int in = -1, out = -1, err = -1;
	int r;

	r = give_secret(call, &in);
	if (r < 0)
		return r;
	/* Both for reading, too: without an agent the helper has its lines waiting, and no SIGPIPE. Who complains much
	 * on standard error meanwhile must not be held up by it, and loses words. */
	out = open_stream(call, EXEC_OUT, 0);
	err = open_stream(call, EXEC_ERR, O_NONBLOCK);
	if (out < 0 || err < 0)
		return out < 0 ? out : err;
	return process_spawn(argv, s->list,
			     (struct process_fd[]){{in, STDIN_FILENO}, {out, STDOUT_FILENO}, {err, STDERR_FILENO}}, 3,
			     &link->process);
}

int exec_start(struct ras_call *call, struct exec_link *link)
{
	struct surroundings s;
	char path[PATH_MAX];
	int r;

	r = find_helper(call, path);
	if (r < 0)
		return r;
	r = exec_open_streams(call, link, true);
	/* The record before the child: an agent that starts after a crash then knows that there may be one. */
	if (r == 0)
		r = ras_call_save(call);
	if (r < 0)
		return ras_call_fail(call, r, RAS_BACKEND_NONE, "The run directory cannot be written: %s",
				     strerror(-r));
	if (surround(call, &s) < 0)
		return ras_call_fail(call, 664, RAS_BACKEND_NONE, NULL);
	r = spawn(call, link, path, &s);
	free(s.list);
	if (r < 0)
		return ras_call_fail(call, r == -EMFILE || r == -ENFILE || r == -EAGAIN || r == -ENOMEM ? 664 : 752,
				     RAS_BACKEND_NONE, "The helper %s cannot be started: %s", path, strerror(-r));
	ras_call_set_process(call, link->process.pid);
	ras_call_note_u64(call, "d-pid", (uint64_t)link->process.pid);
	ras_call_note_u64(call, "d-started", link->process.started);
	ras_call_save(call);
	return 0;
}

/* ---- those that are there ---- */

int exec_find(struct exec_link *link, const struct record *record)
{
	uint64_t started = 0;
	uint32_t pid = 0;
	pid_t other;

	record_get_u64(record, "d-started", &started);
	if (record_get_u32(record, "d-pid", &pid) == 0)
		return process_adopt((pid_t)pid, started, &link->process);
	/* The crash came between the start and the record. */
	other = process_of_output(link->out.fd);
	other = other > 0 ? getpgid(other) : 0;
	return other > 1 && other != getpgrp() ? process_adopt(other, process_started(other), &link->process) : -ESRCH;
}

void exec_end_strays(struct ras_call *call, const struct exec_link *link)
{
	for (int i = 0; i < STRAYS_MAX; i++) {
		struct process stray = PROCESS_NONE;
		pid_t pid = process_of_output(link->out.fd);

		if (pid == 0)
			return;
		ras_call_log(call, "process %d of the helper is still there and is ended", (int)pid);
		if (process_adopt(pid, process_started(pid), &stray) == 0)
			process_end(&stray, STRAY_MS);
		process_release(&stray);
	}
}
