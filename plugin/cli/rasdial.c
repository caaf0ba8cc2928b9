/* SPDX-License-Identifier: BSD-2-Clause */
/* The rasdial command: one request, its answers, an exit status. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/explain.h"
#include "cli/host.h"
#include "cli/show.h"
#include "config/config.h"
#include "control/control.h"
#include "sys/fd.h"
#include "sys/macro.h"
#include "sys/process.h"

static const char help[] = "usage: rasdial [-c FILE] [-r DIR] ENTRY\n"
			   "       rasdial [-c FILE] [-r DIR] -d ENTRY | -s [ENTRY] | -L ENTRY | -l\n"
			   "       rasdial -e NUMBER | -V | -h\n"
			   "\n"
			   "Dials an entry, shows its states and stays until the connection ends; Ctrl-C hangs up.\n"
			   "\n"
			   "  -d ENTRY   hang up\n"
			   "  -s         states of all entries, or of one\n"
			   "  -L ENTRY   log of the last attempt\n"
			   "  -l         entries\n"
			   "  -e NUMBER  what an error means\n"
			   "  -c FILE    configuration (" CONFIG_PATH ")\n"
			   "  -r DIR     run directory (as the configuration says, /run/rasdial)\n"
			   "  -V         print the version and exit\n"
			   "  -h         print this help and exit\n"
			   "\n"
			   "The running agent is asked; where there is none, rasdial dials by itself.\n";

struct options {
	const char *config, *run_dir;
	int use; /* the option that says what to do; 0: dial */
	const char *argument;
};

/* What is told of one request. */
struct session {
	struct host *host;
	int fd;
	int signal_fd;
	const struct options *options;
	bool connected, asked_to_end;
	int status; /* to exit with */
};

/* ---- answers ---- */

/* The next answer; text holds it. Returns 0; -EINTR if a signal came first; -EIO after a message if there is none to
 * come. */
static int next_answer(struct session *s, char text[RECORD_MAX], struct record *ret)
{
	for (;;) {
		int n = control_receive(s->fd, text);

		if (n > 0 && record_parse(text, ret) == 0)
			return 0;
		if (n != -EAGAIN) {
			show_error(0, "the agent has ended or let go of this command; links stay as they are");
			return -EIO;
		}
		if (host_wait(s->host, s->fd, s->signal_fd))
			return -EINTR;
	}
}

static int ask(struct session *s, enum control_verb verb, const char *entry)
{
	struct record_writer w;
	int r = control_request_put(&w, verb, entry);

	return r < 0 ? r : control_send(s->fd, &w);
}

static void tell_error(struct session *s, const struct record *record)
{
	const char *text = record_get_str(record, "text");
	int32_t code = 0;

	record_get_i32(record, "code", &code);
	show_error(code, text ? text : "");
	s->status = EXIT_FAILURE;
}

/* ---- dialing and hanging up ---- */

/* A connection that ended because somebody wanted it to is a success, all else an error. */
static void judge(struct session *s, const struct shown_conn *conn)
{
	if (s->options->use == 'd' || (s->connected && conn->cause == RAS_CAUSE_LOCAL_REQUEST)) {
		s->status = EXIT_SUCCESS;
		return;
	}
	s->status = EXIT_FAILURE;
	show_error(conn->code ? conn->code : RAS_ERROR_USER_DISCONNECTION,
		   conn->code ? conn->text : ras_error_text(RAS_ERROR_USER_DISCONNECTION));
}

/* The first one hangs up, the second one ends the wait for it. Returns false for that. */
static bool take_signal(struct session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return true;
	if (s->asked_to_end || s->options->use == 'd') {
		show_error(0, "not waited for: it is still hanging up");
		return false;
	}
	s->asked_to_end = true;
	return ask(s, CONTROL_HANG_UP, s->options->argument) == 0;
}

static void follow(struct session *s)
{
	const char *entry = s->options->argument;
	struct shown_conn conn = {.name = entry, .text = ""};
	char text[RECORD_MAX], last[RECORD_MAX];
	struct record record;
	int32_t state;
	int r;

	s->status = EXIT_FAILURE;
	for (;;) {
		r = next_answer(s, text, &record);
		if (r == -EINTR && take_signal(s))
			continue;
		if (r < 0)
			return;
		if (str_equal(record.kind, "done"))
			break;
		if (str_equal(record.kind, "error")) {
			tell_error(s, &record);
			return;
		}
		if (str_equal(record.kind, "state") && record_get_i32(&record, "state", &state) == 0) {
			s->connected = s->connected || state == RAS_CONNECTED;
			show_state(entry, state);
		} else {
			/* The judgement needs its texts. */
			memcpy(last, text, sizeof(last));
			if (show_read(&record, &conn) < 0)
				continue;
			conn.text = last + (conn.text - text);
			conn.name = entry;
			s->connected = s->connected || conn.status == RAS_STATUS_UP;
			show_progress(&conn);
		}
	}
	show_end();
	judge(s, &conn);
}

/* ---- looking ---- */

static void show_answer(const struct session *s, const struct record *record, bool first)
{
	const char *line = record_get_str(record, "text");
	struct shown_conn conn;

	if (str_equal(record->kind, "log")) {
		puts(line ? line : "");
	} else if (show_read(record, &conn) == 0 && s->options->use == 'l') {
		if (first)
			show_entry_head();
		show_entry(&conn);
	} else if (show_read(record, &conn) == 0) {
		if (first)
			show_status_head();
		show_status(&conn);
	}
}

static void show_all(struct session *s)
{
	char text[RECORD_MAX];
	struct record record;

	s->status = EXIT_FAILURE;
	for (bool first = true; next_answer(s, text, &record) == 0; first = false) {
		if (str_equal(record.kind, "done")) {
			s->status = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
			return;
		}
		if (str_equal(record.kind, "error")) {
			tell_error(s, &record);
			return;
		}
		show_answer(s, &record, first);
	}
}

/* ---- options ---- */

static int complain(const char *what)
{
	fprintf(stderr, "rasdial: %s; rasdial -h tells the options\n", what);
	return EXIT_FAILURE;
}

/* Returns -1 to go on, else the status to exit with. */
static int parse_options(int argc, char *argv[], struct options *ret)
{
	int option;

	*ret = (struct options){.config = CONFIG_PATH};
	while ((option = getopt(argc, argv, "c:r:dsLle:Vh")) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 'r':
			ret->run_dir = optarg;
			break;
		case 'V':
			puts("rasdial " RASDIAL_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(help, stdout);
			return EXIT_SUCCESS;
		case '?':
			fputs("rasdial -h tells the options\n", stderr);
			return EXIT_FAILURE;
		default:
			if (ret->use)
				return complain("one of -d, -s, -L, -l and -e at a time");
			ret->use = option;
			ret->argument = option == 'e' ? optarg : NULL;
			break;
		}
	}
	if (optind < argc && !ret->argument && ret->use != 'l')
		ret->argument = argv[optind++];
	if (optind < argc)
		return complain("one argument too many");
	if (!ret->argument && ret->use != 's' && ret->use != 'l')
		return complain("an entry must be named");
	if (ret->argument && (!*ret->argument || strlen(ret->argument) >= RAS_NAME_MAX) && ret->use != 'e')
		return complain("no entry has such a name: it has 1 to 64 octets");
	return -1;
}

static int explain(const char *number)
{
	int r = explain_error(stdout, number);

	if (r == -EINVAL)
		return complain("-e takes the number of an error");
	if (r < 0)
		fprintf(stderr, "rasdial: no error has the number %s\n", number);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* ---- life ---- */

/* So that no file gets one of the first three numbers. */
static void standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* Before any thread is made: they take no signal. */
static int take_signals(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int run(const struct options *options)
{
	static const enum control_verb verbs[] = {
		[0] = CONTROL_DIAL,  ['d'] = CONTROL_HANG_UP, ['s'] = CONTROL_STATUS,
		['L'] = CONTROL_LOG, ['l'] = CONTROL_STATUS,
	};
	bool dials = options->use == 0 || options->use == 'd';
	struct session s = {.signal_fd = take_signals(), .options = options, .status = EXIT_FAILURE};
	int r;

	s.fd = host_reach(options->config, options->run_dir, dials ? HOST_DIALS : HOST_LOOKS, &s.host);
	if (s.fd < 0)
		return EXIT_FAILURE;
	if (s.host && options->use == 's')
		fputs("rasdial: no agent is running; what it has left up is not shown\n", stderr);
	/* Who was sent away finds the reason in the answer. */
	r = ask(&s, verbs[options->use], options->argument);
	if (r < 0 && r != -EPIPE)
		show_error(0, "the agent does not listen");
	else if (dials)
		follow(&s);
	else
		show_all(&s);
	fd_close(s.fd);
	host_free(s.host);
	return s.status;
}

int main(int argc, char *argv[])
{
	struct options options;
	int status;

	standard_streams();
	if (process_forbid_core() < 0)
		return EXIT_FAILURE;
	fd_raise_limit();
	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	return options.use == 'e' ? explain(options.argument) : run(&options);
}
