/* SPDX-License-Identifier: BSD-2-Clause */
/* A tunnel of OpenVPN, over its management interface. destination: the name of a client configuration, which is
 * /etc/openvpn/client/NAME.conf (or in the folder OPENVPN_DIR of the entry's environment). User name and secret are
 * handed over when OpenVPN asks for them; the secret is also the pass phrase of a private key.
 *
 * OpenVPN is our child and in our process group: the agent's SIGTERM reaches both. It connects to a socket beside our
 * standard output, which is a FIFO in the run directory; the socket is removed as soon as it has. OpenVPN makes one
 * attempt: when to dial again is the agent's affair. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/macro.h"

#define FOLDER "/etc/openvpn/client"
#define CONTROL_LINE_MAX 8192
#define WORD_MAX 256
#define ARGS_MAX 40
#define SOCKET_SUFFIX ".sock"

extern char **environ;

static struct {
	char secret[WORD_MAX], user[WORD_MAX];
	char socket_path[PATH_MAX];
	int listen_fd, control_fd, signal_fd;
	pid_t child;
	bool ended, told, up;
	char device[32];
	char words[512]; /* of UP: name servers, peer */
	int code;        /* what the log said is the matter; 0: nothing */
	char reason[WORD_MAX];
} vpn = {.listen_fd = -1, .control_fd = -1, .signal_fd = -1};

/* ---- to the agent ---- */

static void tell(const char *format, ...) PRINTF_LIKE(1, 2);

static void tell(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* Why there is no link, or no more; the first reason is the one. */
static void tell_end(int code, const char *text)
{
	if (vpn.told)
		return;
	vpn.told = true;
	tell("%s %d %s", vpn.up ? "DOWN" : "ERROR", code, text);
}

static void remove_socket(void)
{
	if (vpn.socket_path[0] != '\0')
		unlink(vpn.socket_path);
	vpn.socket_path[0] = '\0';
}

static _Noreturn void give_up(int code, const char *text)
{
	tell_end(code, text);
	remove_socket();
	exit(1);
}

/* ---- what the log means ---- */

static const struct {
	const char *text;
	int code;
} meanings[] = {
	{"AUTH_FAILED", 691},
	{"auth-failure", 691},
	{"private-key-password-failure", 691},
	{"VERIFY ERROR", 778},
	{"certificate verify failed", 778},
	{"Cannot resolve host address", 868},
	{"RESOLVE: ", 868},
	{"Connection refused", 809},
	{"Connection timed out", 809},
	{"No route to host", 809},
	{"Network is unreachable", 809},
	{"TLS key negotiation failed", 809},
	{"TLS handshake failed", 718},
	{"TLS Error", 718},
	{"tls-error", 718},
	{"Cannot open TUN/TAP dev", 609},
	{"ERROR: Cannot ioctl TUNSETIFF", 651},
	{"Options error", 625},
	{"ping-restart", 721},
	{"ping-exit", 721},
	{"server_poll", 809},
	{"connection-reset", 629},
	{"remote-exit", 629},
	{"server-pushed-halt", 629},
	{"server-pushed-connection-reset", 629},
	{"connect-retry-max", 809},
};

static int meaning_of(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (strstr(text, meanings[i].text))
			return meanings[i].code;
	return 0;
}

/* Keeps the first line that explains something, for an end without a reason. */
static void learn(const char *text)
{
	int code = meaning_of(text);

	if (code == 0 || vpn.code != 0)
		return;
	vpn.code = code;
	str_copy(vpn.reason, text, sizeof(vpn.reason));
}

/* The end that a keyword of OpenVPN stands for, or what the log said before. */
static void tell_reason(const char *keyword, int otherwise)
{
	int code = meaning_of(keyword);

	if (!vpn.up && vpn.code != 0)
		tell_end(vpn.code, vpn.reason);
	else
		tell_end(code != 0 ? code : otherwise, keyword[0] ? keyword : "OpenVPN has ended");
}

/* The word behind a text, up to one of the ends. */
static bool word_after(const char *text, const char *before, const char *ends, char *ret, size_t size)
{
	const char *at = strstr(text, before);
	size_t len;

	if (!at)
		return false;
	at += strlen(before);
	len = strcspn(at, ends);
	if (len == 0 || len >= size)
		return false;
	memcpy(ret, at, len);
	ret[len] = '\0';
	return true;
}

static void add_word(const char *key, const char *value)
{
	size_t len = strlen(vpn.words);

	snprintf(vpn.words + len, sizeof(vpn.words) - len, " %s=%s", key, value);
}

/* What the server has told: the log shows it as one line. */
static void take_push(const char *text)
{
	static const char dns[] = "dhcp-option DNS ";
	char word[64];

	vpn.words[0] = '\0';
	if (word_after(text, "route-gateway ", ",'", word, sizeof(word)))
		add_word("peer", word);
	for (const char *p = strstr(text, dns); p; p = strstr(p + 1, dns))
		if (word_after(p, dns, ",'", word, sizeof(word)))
			add_word("dns", word);
}

static void take_log(const char *text)
{
	learn(text);
	if (strstr(text, "PUSH_REPLY"))
		take_push(text);
	word_after(text, "TUN/TAP device ", " ", vpn.device, sizeof(vpn.device));
	word_after(text, "DCO device ", " ", vpn.device, sizeof(vpn.device));
}

/* ---- to OpenVPN ---- */

static void command(const char *text)
{
	if (send(vpn.control_fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		perror("OpenVPN does not listen");
}

/* A word in quotes, as its parser wants it. */
static void quote(const char *word, char *ret)
{
	*ret++ = '"';
	for (; *word != '\0'; word++) {
		if (*word == '"' || *word == '\\')
			*ret++ = '\\';
		*ret++ = *word;
	}
	*ret++ = '"';
	*ret = '\0';
}

static void answer(const char *kind, const char *realm, const char *word)
{
	char text[4 * WORD_MAX + 64], quoted[2 * WORD_MAX + 3];

	quote(word, quoted);
	snprintf(text, sizeof(text), "%s \"%s\" %s\n", kind, realm, quoted);
	command(text);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(quoted, sizeof(quoted));
}

/* "Need 'Auth' username/password", "Need 'Private Key' password", "Verification Failed: 'Auth'" */
static void take_password(const char *text)
{
	char realm[64] = "Auth";

	word_after(text, "'", "'", realm, sizeof(realm));
	if (strncmp(text, "Verification Failed", strlen("Verification Failed")) == 0) {
		vpn.code = 691;
		str_copy(vpn.reason, "The server refuses user name or password", sizeof(vpn.reason));
		tell_reason("", 691);
		return;
	}
	if (strncmp(text, "Need", strlen("Need")) != 0)
		return;
	tell("STATE authNotify");
	if (vpn.secret[0] == '\0') {
		tell_end(691, "OpenVPN asks for a secret, and the entry has none");
		command("signal SIGTERM\n");
		return;
	}
	if (strstr(text, "username"))
		answer("username", realm, vpn.user);
	answer("password", realm, vpn.secret);
}

/* ---- from OpenVPN ---- */

static const struct {
	const char *name, *state;
} states[] = {
	{"RESOLVE", "connectDevice"},   {"TCP_CONNECT", "connectDevice"}, {"CONNECTING", "connectDevice"},
	{"WAIT", "deviceConnected"},    {"AUTH", "authenticate"},         {"GET_CONFIG", "authProject"},
	{"ASSIGN_IP", "authenticated"}, {"ADD_ROUTES", "projected"},
};

static void come_up(const char *local, const char *local6)
{
	char text[64] = "";

	if (vpn.up)
		return;
	if (vpn.device[0] != '\0')
		snprintf(text, sizeof(text), " if=%s", vpn.device);
	tell("UP%s%s%s%s%s%s", text, local[0] ? " local=" : "", local, local6[0] ? " local=" : "", local6, vpn.words);
	vpn.up = true;
}

/* time,NAME,description,local,remote,port,,,local6 */
static void take_state(char *text)
{
	const char *field[9] = {"", "", "", "", "", "", "", "", ""};

	for (size_t i = 0; i < ARRAY_SIZE(field) && text; i++)
		field[i] = strsep(&text, ",");
	if (str_equal(field[1], "CONNECTED") && str_equal(field[2], "SUCCESS"))
		come_up(field[3], field[8]);
	else if (str_equal(field[1], "CONNECTED") && strstr(field[2], "ERROR"))
		tell_end(735, "OpenVPN could not set all addresses and routes");
	else if (str_equal(field[1], "RECONNECTING") || str_equal(field[1], "EXITING")) {
		tell_reason(field[2], vpn.up ? 829 : 651);
		command("signal SIGTERM\n");
	}
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (str_equal(field[1], states[i].name) && !vpn.up)
			tell("STATE %s", states[i].state);
}

static void take_bytes(const char *text)
{
	unsigned long long in, out;

	if (vpn.up && sscanf(text, "%llu,%llu", &in, &out) == 2)
		tell("STATS in=%llu out=%llu", in, out);
}

static void take_line(char *line)
{
	char *text = strchr(line, ':');

	if (line[0] != '>' || !text)
		return;
	*text++ = '\0';
	if (str_equal(line, ">HOLD"))
		command("hold release\n");
	else if (str_equal(line, ">PASSWORD"))
		take_password(text);
	else if (str_equal(line, ">STATE"))
		take_state(text);
	else if (str_equal(line, ">BYTECOUNT"))
		take_bytes(text);
	else if (str_equal(line, ">FATAL")) {
		learn(text);
		tell_reason(text, vpn.up ? 829 : 651);
	} else if (str_equal(line, ">LOG")) {
		/* time,flags,text */
		text = strchr(text, ',');
		text = text ? strchr(text + 1, ',') : NULL;
		if (text)
			take_log(text + 1);
	}
}

/* Reads what there is and takes its lines. Returns false at the end. */
static bool take_control(void)
{
	static char text[CONTROL_LINE_MAX];
	static size_t len;
	ssize_t n = read(vpn.control_fd, text + len, sizeof(text) - 1 - len);
	char *line = text, *end;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	len += (size_t)n;
	text[len] = '\0';
	while ((end = memchr(line, '\n', len - (size_t)(line - text)))) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		take_line(line);
		line = end + 1;
	}
	len -= (size_t)(line - text);
	memmove(text, line, len);
	/* A line that is too long is of no use. */
	if (len == sizeof(text) - 1)
		len = 0;
	return true;
}

/* ---- start ---- */

static void read_secret(void)
{
	const char *user = getenv("RAS_USER");

	str_copy(vpn.user, user ? user : "", sizeof(vpn.user));
	if (!fgets(vpn.secret, sizeof(vpn.secret), stdin))
		vpn.secret[0] = '\0';
	vpn.secret[strcspn(vpn.secret, "\n")] = '\0';
}

static void open_socket(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	ssize_t n = readlink("/proc/self/fd/1", vpn.socket_path, sizeof(vpn.socket_path) - sizeof(SOCKET_SUFFIX));
	char *dot;

	vpn.socket_path[MAX(n, 0)] = '\0';
	dot = strrchr(vpn.socket_path, '.');
	if (!dot || !str_equal(dot, ".out")) {
		vpn.socket_path[0] = '\0';
		give_up(651, "The standard output is not the FIFO that rasdial gives to helpers");
	}
	str_copy(dot, SOCKET_SUFFIX, sizeof(SOCKET_SUFFIX));
	if (strlen(vpn.socket_path) >= sizeof(address.sun_path))
		give_up(651, "The path of the run directory is too long for a socket");
	str_copy(address.sun_path, vpn.socket_path, sizeof(address.sun_path));
	unlink(vpn.socket_path);
	umask(077);
	vpn.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (vpn.listen_fd < 0 || bind(vpn.listen_fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(vpn.listen_fd, 1) < 0)
		give_up(651, "There can be no socket in the run directory");
}

static bool is_name(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_.-@", *p))
			return false;
	return text[0] != '\0' && text[0] != '.' && text[0] != '-';
}

static bool has_option(const char *option)
{
	const char *options = getenv("RAS_OPTIONS");

	return options && strstr(options, option);
}

/* What OpenVPN says before it has connected to us goes to standard error; most of all what is wrong with its options.
 */
static void start(void)
{
	const char *folder = getenv("OPENVPN_DIR"), *name = getenv("RAS_DESTINATION");
	char config[PATH_MAX];
	const char *argv[ARGS_MAX] = {
		"openvpn",
		"--config",
		config,
		"--management",
		vpn.socket_path,
		"unix",
		"--management-client",
		"--management-query-passwords",
		"--management-hold",
		"--auth-nocache",
		"--auth-retry",
		"none",
		"--connect-retry-max",
		"1",
		"--suppress-timestamps",
	};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none;
	size_t n = 0;
	int e;

	if (!name || !is_name(name))
		give_up(749, "The destination must be the name of a client configuration of OpenVPN");
	snprintf(config, sizeof(config), "%s/%s.conf", folder ? folder : FOLDER, name);
	if (access(config, R_OK) < 0)
		give_up(623, "There is no such client configuration of OpenVPN, or it cannot be read");
	while (argv[n])
		n++;
	if (vpn.user[0] != '\0')
		argv[n++] = "--auth-user-pass";
	argv[n++] = has_option("default-route") ? "--redirect-gateway" : "--pull-filter";
	argv[n++] = has_option("default-route") ? "def1" : "ignore";
	if (!has_option("default-route"))
		argv[n++] = "redirect-gateway";
	sigemptyset(&none);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	/* The lines of our own are ours alone, and there is nothing to read. */
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	e = posix_spawnp(&vpn.child, argv[0], &actions, &attr, (char *const *)argv, environ);
	if (e != 0)
		give_up(609, e == ENOENT ? "openvpn is not installed (package openvpn)" : strerror(e));
}

static void take_connection(void)
{
	vpn.control_fd = accept(vpn.listen_fd, NULL, NULL);
	if (vpn.control_fd < 0)
		return;
	close(vpn.listen_fd);
	vpn.listen_fd = -1;
	remove_socket();
	command("log on\nstate on\nbytecount 2\n");
}

static void watch_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	vpn.signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
}

/* ---- life ---- */

/* OpenVPN has SIGTERM, too, and takes its interface and routes down; then we may go. */
static _Noreturn void end_at_sigterm(void)
{
	remove_socket();
	if (vpn.child > 0 && !vpn.ended) {
		kill(vpn.child, SIGTERM);
		waitpid(vpn.child, NULL, 0);
	}
	exit(0);
}

static void take_signal(void)
{
	struct signalfd_siginfo info;
	int status;

	if (read(vpn.signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGTERM)
		end_at_sigterm();
	if (waitpid(vpn.child, &status, WNOHANG) == vpn.child)
		vpn.ended = true;
}

static void serve(void)
{
	struct pollfd fds[] = {
		{.fd = vpn.signal_fd, .events = POLLIN},
		{.fd = vpn.control_fd >= 0 ? vpn.control_fd : vpn.listen_fd, .events = POLLIN},
	};

	poll(fds, ARRAY_SIZE(fds), -1);
	if (fds[1].revents && vpn.control_fd < 0) {
		take_connection();
	} else if (fds[1].revents && !take_control()) {
		close(vpn.control_fd);
		vpn.control_fd = -1;
	}
	if (fds[0].revents)
		take_signal();
}

int main(void)
{
	read_secret();
	watch_signals();
	open_socket();
	start();
	while (!vpn.ended)
		serve();
	while (vpn.control_fd >= 0 && take_control())
		;
	/* Without a connection there was no tunnel to be made. */
	if (vpn.listen_fd >= 0)
		give_up(625, "OpenVPN does not take its configuration; the log of the attempt has its words");
	tell_reason("", vpn.up ? 829 : 651);
	if (!vpn.up)
		return 1;
	/* DOWN was said, and waits to be read as long as we are there. */
	for (;;)
		take_signal();
}
