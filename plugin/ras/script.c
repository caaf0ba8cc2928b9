/* SPDX-License-Identifier: BSD-2-Clause */
#include "ras/script.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ras/engine.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

#define OUTPUT_MAX (16 * 1024) /* octets that come to the log of the attempt */
#define OUTPUT_CHUNK 4096
#define OUTPUT_CHUNKS_AT_END 16 /* more than a pipe holds */
#define FLOOD_PAUSE_MS 20       /* between two looks at output that is not kept any more */
#define LINE_ROOM 512

/* The script waits for a line of ours: not before the record tells of its process does it begin. */
#define GATE "read -r go && exec \"$0\" \"$@\" </dev/null"

static int PRINTF_LIKE(3, 4) fail(struct ras_error *error, int32_t backend, const char *format, ...)
{
	char text[RAS_ERROR_TEXT_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	ras_error_set(error, RAS_ERROR_SCRIPT, backend, "%s", text);
	return -EIO;
}

/* ---- may it be run ---- */

static int check(const struct script *script, struct ras_error *error)
{
	const char *why;
	struct stat st;

	if (stat(script->path, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "is no file";
	else
		why = file_not_trusted(&st);
	if (!why && faccessat(AT_FDCWD, script->path, X_OK, AT_EACCESS) < 0)
		why = "cannot be executed (chmod +x)";
	return why ? fail(error, RAS_BACKEND_NONE, "%s %s is not run: %s", script->what, script->path, why) : 0;
}

/* ---- environment ---- */

struct environment {
	char room[2048];
	const char *list[12];
	size_t n, len;
};

static void PRINTF_LIKE(2, 3) put(struct environment *env, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(env->room + env->len, sizeof(env->room) - env->len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(env->room) - env->len || env->n + 1 == ARRAY_SIZE(env->list))
		return;
	env->list[env->n++] = env->room + env->len;
	env->len += (size_t)n + 1;
}

/* Addresses of a role, with a blank between two of them. */
static void put_addresses(struct environment *env, const struct ras_call *call, const char *key,
			  enum ras_addr_role role)
{
	char all[512] = "", text[INET6_ADDRSTRLEN];
	size_t len = 0;

	for (size_t i = 0; i < call->n_addrs; i++) {
		const struct ras_addr *a = &call->addrs[i];

		if (a->role != role || !inet_ntop(a->len == 4 ? AF_INET : AF_INET6, a->octets, text, sizeof(text)) ||
		    len + strlen(text) + 2 > sizeof(all))
			continue;
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s%s", len > 0 ? " " : "", text);
	}
	put(env, "%s=%s", key, all);
}

static void fill_environment(struct environment *env, const struct ras_call *call, const struct script *script)
{
	put(env, PROCESS_PATH);
	put(env, "LC_ALL=C");
	put(env, "RAS_ACTION=%.*s", (int)strcspn(script->what, "-"), script->what);
	put(env, "RAS_ENTRY=%s", call->conn->name);
	put(env, "RAS_INDEX=%" PRIu32, call->network.index);
	put(env, "RAS_INTERFACE=%s", call->network.ifname);
	put(env, "RAS_CALL_ID=%" PRIu32, call->call_id);
	put_addresses(env, call, "RAS_LOCAL", RAS_ADDR_LOCAL);
	put_addresses(env, call, "RAS_PEER", RAS_ADDR_PEER);
	put_addresses(env, call, "RAS_DNS", RAS_ADDR_DNS);
}

/* ---- what it says ---- */

struct output {
	int fd;
	size_t kept; /* octets that came to the log */
	char line[LINE_ROOM];
	size_t len;
};

static void end_line(struct ras_call *call, const struct script *script, struct output *out)
{
	out->line[out->len] = '\0';
	if (out->len > 0)
		ras_call_log(call, "%s: %s", script->what, out->line);
	out->len = 0;
}

static bool is_flood(const struct output *out)
{
	return out->kept >= OUTPUT_MAX;
}

/* Reads a piece. Returns false when there is nothing more for now. */
static bool take_output(struct ras_call *call, const struct script *script, struct output *out)
{
	char data[OUTPUT_CHUNK];
	ssize_t n;

	if (out->fd < 0)
		return false;
	n = read(out->fd, data, sizeof(data));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		out->fd = fd_close(out->fd);
		return false;
	}
	if (is_flood(out))
		return true;
	for (ssize_t i = 0; i < n; i++) {
		if (data[i] == '\n' || out->len == sizeof(out->line) - 1)
			end_line(call, script, out);
		if (data[i] != '\n')
			out->line[out->len++] = data[i] == '\0' ? ' ' : data[i];
	}
	out->kept += (size_t)n;
	if (is_flood(out))
		ras_call_log(call, "%s: what it says after these %d octets is not kept", script->what, OUTPUT_MAX);
	return true;
}

/* ---- its life ---- */

static int wait_for(struct ras_call *call, const struct script *script, struct pollfd *fds, size_t n, int timeout_ms)
{
	int r;

	if (!script->to_the_end)
		return ras_call_wait(call, fds, n, timeout_ms);
	r = poll(fds, n, timeout_ms);
	return r < 0 && errno != EINTR ? -errno : MAX(r, 0);
}

/* Until it has ended: 0; -ETIMEDOUT, or negative as wait_for(). */
static int serve(struct ras_call *call, const struct script *script, struct process *p, struct output *out)
{
	int64_t end = clock_mono_ms() + script->timeout_ms;

	for (;;) {
		struct pollfd fds[] = {{.fd = p->pidfd, .events = POLLIN},
				       {.fd = is_flood(out) ? -1 : out->fd, .events = POLLIN}};
		int64_t left = end - clock_mono_ms();
		int r;

		if (left <= 0)
			return -ETIMEDOUT;
		if (is_flood(out))
			left = MIN(left, (int64_t)FLOOD_PAUSE_MS);
		r = wait_for(call, script, fds, ARRAY_SIZE(fds), (int)left);
		if (r < 0)
			return r;
		take_output(call, script, out);
		if (fds[0].revents && process_reap(p))
			return 0;
	}
}

/* r: what start() or serve() returned. */
static int tell_end(const struct script *script, int r, const struct process *p, struct ras_error *error)
{
	if (r == -ETIMEDOUT)
		return fail(error, RAS_BACKEND_NONE, "%s %s did not end within %d s", script->what, script->path,
			    script->timeout_ms / 1000);
	if (r == -ECANCELED)
		return r;
	if (r < 0) {
		ras_error_set(error, r, RAS_BACKEND_NONE, "%s %s cannot be run: %s", script->what, script->path,
			      strerror(-r));
		return -EIO;
	}
	if (p->status > 128)
		return fail(error, p->status, "%s %s was ended by signal %d", script->what, script->path,
			    p->status - 128);
	if (p->status != 0)
		return fail(error, p->status, "%s %s ended with status %d", script->what, script->path, p->status);
	return 0;
}

/* Starts the script behind its gate, and opens it once the record is there. */
static int start(struct ras_call *call, const struct script *script, struct process *p, int *ret_out)
{
	_cleanup_fd_ int in = -1, gate = -1, write_end = -1;
	struct environment env = {.n = 0};
	char index[16];
	int r;

	r = fd_pipe(0, &in, &gate);
	if (r == 0)
		r = fd_pipe(0, ret_out, &write_end);
	if (r < 0)
		return r;
	fcntl(*ret_out, F_SETFL, O_NONBLOCK);
	fill_environment(&env, call, script);
	snprintf(index, sizeof(index), "%" PRIu32, call->network.index);
	const char *const argv[] = {"/bin/sh", "-c", GATE, script->path, index, call->conn->name, call->network.ifname,
				    NULL};
	const struct process_fd fds[] = {{in, 0}, {write_end, 1}, {write_end, 2}};

	r = process_spawn(argv, env.list, fds, ARRAY_SIZE(fds), p);
	if (r < 0)
		return r;
	call->network.script_pid = p->pid;
	call->network.script_started = p->started;
	r = ras_call_save(call);
	return r < 0 ? r : fd_write_all(gate, "\n", 1);
}

int script_run(struct ras_call *call, const struct script *script, struct ras_error *ret_error)
{
	struct output out = {.fd = -1};
	struct process p = PROCESS_NONE;
	int r;

	r = check(script, ret_error);
	if (r < 0)
		return r;
	r = start(call, script, &p, &out.fd);
	if (r == 0)
		r = serve(call, script, &p, &out);
	process_end(&p, ras_call_grace_ms(call) / 2);
	for (int i = 0; i < OUTPUT_CHUNKS_AT_END && take_output(call, script, &out); i++)
		;
	end_line(call, script, &out);
	fd_close(out.fd);
	process_release(&p);
	call->network.script_pid = 0;
	return tell_end(script, r, &p, ret_error);
}

void script_end_left(struct ras_call *call)
{
	struct process p = PROCESS_NONE;

	if (call->network.script_pid == 0)
		return;
	if (process_adopt(call->network.script_pid, call->network.script_started, &p) == 0) {
		process_end(&p, ras_call_grace_ms(call) / 2);
		process_release(&p);
	}
	call->network.script_pid = 0;
}
