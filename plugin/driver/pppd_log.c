/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/pppd_log.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/macro.h"

enum { SETUP = PPPD_SETUP, UP = PPPD_UP, ALWAYS = PPPD_ALWAYS, FOLLOWS = PPPD_FOLLOWS };

/* ---- lines ---- */

/* Those of pppd. */
#define REMOTE "\n" /* detail: the peer's last message */
#define SESSION_LIMIT "The PPPoE server has no session free"
#define FROM_LINE 0 /* code is the number after "E=" */
static const struct pppd_line_row line_table[] = {
	/* who we are, who the peer is */
	{"rasdial: no answer to the request for the secret*", ALWAYS, 645,
	 "The agent did not answer when pppd asked for the secret", NULL},
	{"No secret found for PAP login*", ALWAYS, 691, "The peer asks for a secret and there is none", NULL},
	{"No CHAP secret found for authenticating us*", ALWAYS, 691, "The peer asks for a secret and there is none",
	 NULL},
	{"MS-CHAPv2 mutual authentication failed*", ALWAYS, 778, NULL, NULL},
	{"MS-CHAPv2 Success packet is badly formed*", ALWAYS, 778, NULL, NULL},
	{"MS-CHAP authentication failed: E=*", ALWAYS, FROM_LINE, NULL, NULL},
	{"Unknown MS-CHAP authentication failure: E=*", ALWAYS, FROM_LINE, NULL, NULL},
	{"MS-CHAP authentication failed: *", ALWAYS, 691, NULL, ": "},
	{"PAP authentication failed due to protocol-reject*", ALWAYS, 733, NULL, ""},
	{"CHAP authentication failed due to protocol-reject*", ALWAYS, 733, NULL, ""},
	{"EAP authentication failed due to Protocol-Reject*", ALWAYS, 733, NULL, ""},
	{"CHAP authentication failed: *", ALWAYS, 691, NULL, ": "},
	{"CHAP authentication failed*", ALWAYS, 691, NULL, REMOTE},
	{"PAP authentication failed*", ALWAYS, 691, NULL, REMOTE},
	{"EAP: peer reports authentication failure*", ALWAYS, 691, NULL, REMOTE},
	{"No response to PAP authenticate-requests*", ALWAYS, 718, NULL, ""},
	{"EAP: timeout waiting for Request from peer*", ALWAYS, 718, NULL, ""},
	{"peer refused to authenticate: terminating link*", ALWAYS, 778,
	 "The peer does not say who it is, and the options demand it", NULL},

	/* encryption */
	{"MPPE required but peer *", ALWAYS, 742, NULL, ""},
	{"MPPE required, but MS-CHAP*", ALWAYS, 742, NULL, ""},
	{"MPPE required*", ALWAYS, 741, NULL, ""},
	{"MPPE disabled*", ALWAYS, 742, NULL, ""},
	{"Too many MPPE errors*", ALWAYS, 732, NULL, ""},

	/* the peer ends it */
	{"LCP terminated by peer (*uthentication failed*)", SETUP, 691, NULL, "("},
	{"LCP terminated by peer (*MPPE required*)", SETUP, 743, NULL, "("},
	{"LCP terminated by peer (peer refused to authenticate)", SETUP, 734,
	 "The peer wants a log-on that the entry refuses or has no secret for (auth-methods, user-name, secret)", "("},
	{"LCP terminated by peer (*)", SETUP, 734, NULL, "("},
	{"LCP terminated by peer*", SETUP, 734, NULL, NULL},
	{"LCP terminated by peer (*)", UP, 629, NULL, "("},
	{"LCP terminated by peer*", UP, 629, NULL, NULL},
	{"IPCP terminated by peer (*)", ALWAYS, 736, NULL, "("},
	{"IPCP terminated by peer*", ALWAYS, 736, NULL, NULL},

	/* negotiation */
	{"Protocol-Reject for 'Internet Protocol Control Protocol' (0x8021) received*", ALWAYS, 733, NULL, NULL},
	{"Could not determine local IP address*", ALWAYS, 738, NULL, NULL},
	{"Peer refused to agree to our IP address*", ALWAYS, 735, NULL, NULL},
	{"Peer is not authorized to use remote address*", ALWAYS, 735, NULL, ""},
	{"LCP: timeout sending Config-Requests*", ALWAYS, 718, NULL, ""},
	{"IPCP: timeout sending Config-Requests*", SETUP, 718, NULL, ""},
	{"Serial line is looped back*", ALWAYS, 737, NULL, NULL},
	{"No response to * echo-requests*", ALWAYS, 721, "The peer does not answer any more (LCP echo)", NULL},
	{"Serial link appears to be disconnected*", ALWAYS, 721, "The peer does not answer any more (LCP echo)", NULL},

	/* limits that the operator has given to pppd itself */
	{"Terminating connection due to lack of activity*", ALWAYS, 828, NULL, NULL},
	{"Connect time expired*", ALWAYS, 932, NULL, NULL},
	{"Traffic limit reached*", ALWAYS, 932, NULL, ""},

	/* the device */
	{"Device * is locked by pid *", ALWAYS, 633, NULL, ""},
	{"Can't create lock file *", ALWAYS, 633, NULL, ""},
	{"Can't lock *: not a character device", ALWAYS, 615, NULL, ""},
	{"Failed to *open *: No such *", ALWAYS, 608, NULL, ""},
	{"Failed to *open *: Device or resource busy", ALWAYS, 633, NULL, ""},
	{"Failed to *open *: Input/output error", ALWAYS, 630, NULL, ""},
	{"Failed to *open *", ALWAYS, 615, NULL, ""},
	{"tc[gs]etattr: Inappropriate ioctl*", ALWAYS, 615, "The device is no terminal line", NULL},
	{"tc[gs]etattr: *", ALWAYS, 630, NULL, ""},

	/* PPPoE: what an access concentrator says */
	{"PAD[OS]: Service-Name-Error: *", SETUP, 749, "The PPPoE server does not have the service", ": "},
	{"PAD[OS]: System-Error: *No client slots*", SETUP, 813, SESSION_LIMIT, ": "},
	{"PAD[OS]: *-Error: *[Ss]ession limit*", SETUP, 813, SESSION_LIMIT, ": "},
	{"PAD[OS]: *-Error: *[Tt]oo many *session*", SETUP, 813, SESSION_LIMIT, ": "},
	{"PAD[OS]: *-Error: *[Mm]aximum *session*", SETUP, 813, SESSION_LIMIT, ": "},
	{"PAD[OS]: System-Error: *", SETUP, 771, "The PPPoE server cannot open a session", ": "},
	{"PAD[OS]: Generic-Error: *", SETUP, 815, "The PPPoE server refuses", ": "},
	{"Timeout waiting for PADS packets*", SETUP, 815, "The PPPoE server offered a session and did not open it",
	 NULL},
	{"error sending pppoe packet: Network is down*", SETUP, 814, "The Ethernet interface is down", NULL},

	/* this host */
	{"Couldn't open the /dev/ppp device*", ALWAYS, 609, NULL, ""},
	{"Couldn't open /dev/ppp*", ALWAYS, 609, NULL, ""},
	{"Couldn't set tty to PPP discipline*", ALWAYS, 609, NULL, ""},
	{"Couldn't rename interface * to *", ALWAYS, 602, NULL, ""},
	{"Couldn't create new ppp unit*", ALWAYS, 664, NULL, ""},
	{"Couldn't allocate pseudo-tty*", ALWAYS, 664, NULL, ""},
	/* While the link is up only a script is not run for that, such as ip-up. */
	{"Failed to create child process*", SETUP, 664, NULL, ""},
	{"fork failed: *", SETUP, 664, NULL, ""},
	{"Out of memory*", ALWAYS, 664, NULL, ""},
	{"Virtual memory exhausted*", ALWAYS, 664, NULL, ""},
	{"Critical shortage of file descriptors*", ALWAYS, 664, NULL, ""},
	{"Fatal signal *", ALWAYS, 645, NULL, ""},
	{PPPD_PROGRAM ": This system lacks kernel support*", ALWAYS, 609, NULL, NULL},
	{PPPD_PROGRAM ": *", ALWAYS, 625, "pppd does not take its options", ": "},

	/* what may follow of any of those above */
	{"Hangup (SIGHUP)*", SETUP | FOLLOWS, 635, "pppd was ended from outside", ""},
	{"Hangup (SIGHUP)*", UP | FOLLOWS, 628, "pppd was ended from outside", ""},
	{"Terminating on signal *", SETUP | FOLLOWS, 635, "pppd was ended from outside", ""},
	{"Terminating on signal *", UP | FOLLOWS, 628, "pppd was ended from outside", ""},
	{"Modem hangup*", SETUP | FOLLOWS, 619, "The line was lost before the connection was up", NULL},
	{"Modem hangup*", UP | FOLLOWS, 829, NULL, NULL},
	{NULL, 0, 0, NULL, NULL},
};

static void compose(struct pppd_verdict *v, int32_t code, const char *text, const char *detail)
{
	size_t len;

	v->code = code;
	v->follows = false;
	str_copy(v->text, text ? text : ras_error_text(code), sizeof(v->text));
	len = strlen(v->text);
	if (*detail && len + 2 < sizeof(v->text)) {
		memcpy(v->text + len, ": ", 2);
		str_copy(v->text + len + 2, detail, sizeof(v->text) - len - 2);
	}
}

void pppd_verdict_set(struct pppd_verdict *v, int32_t code, const char *text)
{
	compose(v, code, text, "");
}

static const char *find_detail(const struct pppd_line_row *row, const char *shown, const char *remote)
{
	const char *at;

	if (!row->detail)
		return "";
	if (str_equal(row->detail, REMOTE))
		return remote;
	at = strstr(shown, row->detail);
	return at ? at + strlen(row->detail) : "";
}

/* MS-CHAP uses the numbers of RAS (RFC 2433, section 5). What a peer says there is about the account, and never that
 * the limit was ours, or that we hung up. */
static int32_t code_of_mschap(long number)
{
	int32_t code = number > 0 && number < 1000 ? (int32_t)number : 691;

	switch (ras_error_cause(code)) {
	case RAS_CAUSE_AUTH_FAILURE:
	case RAS_CAUSE_CREDENTIAL_EXPIRED:
	case RAS_CAUSE_NOT_PERMITTED:
		return code;
	default:
		return 691;
	}
}

void pppd_rows_classify(const struct pppd_line_row *rows, const char *line, const char *shown, const char *remote,
			bool up, struct pppd_verdict *ret)
{
	char detail[PPPD_LINE_MAX];
	char *end;

	*ret = (struct pppd_verdict){.code = 0};
	for (const struct pppd_line_row *row = rows; row && row->pattern; row++) {
		if ((row->when & (up ? UP : SETUP)) == 0 || fnmatch(row->pattern, line, 0) != 0)
			continue;
		str_copy(detail, find_detail(row, shown, remote), sizeof(detail));
		end = row->detail && str_equal(row->detail, "(") ? strrchr(detail, ')') : NULL;
		if (end)
			*end = '\0';
		compose(ret,
			row->code == FROM_LINE ? code_of_mschap(strtol(strstr(line, "E=") + 2, NULL, 10)) : row->code,
			row->text, detail);
		ret->follows = (row->when & FOLLOWS) != 0;
		return;
	}
}

void pppd_log_classify(const char *line, const char *shown, const char *remote, bool up, struct pppd_verdict *ret)
{
	pppd_rows_classify(line_table, line, shown, remote, up, ret);
}

static void classify(struct pppd_log *log, const char *shown, bool up)
{
	pppd_rows_classify(log->rows, log->line, shown, log->remote, up, &log->first);
	if (log->first.code == 0 && !log->foreign)
		pppd_log_classify(log->line, shown, log->remote, up, &log->first);
}

/* What one access concentrator refused is no reason any more when another one has opened the session. */
static bool is_discovered(const char *line)
{
	return fnmatch("Connected to ??:??:??:??:??:?? via interface *", line, 0) == 0;
}

static void end_line(struct pppd_log *log, bool up, pppd_line_done *done, void *context)
{
	static const char remote[] = "Remote message: ";
	char shown[PPPD_LINE_MAX];
	const char *words;

	if (log->len > 0 && log->line[log->len - 1] == '\r')
		log->len--;
	log->line[log->len] = '\0';
	log->len = 0;
	if (log->line[0] == '\0')
		return;
	done(context, log->line, shown);
	if (strncmp(log->line, remote, strlen(remote)) == 0) {
		words = strstr(shown, ": ");
		str_copy(log->remote, words ? words + 2 : shown, sizeof(log->remote));
	}
	if (!up && is_discovered(log->line))
		log->first.code = 0;
	if (log->first.code == 0)
		classify(log, shown, up);
}

void pppd_log_feed(struct pppd_log *log, const char *data, size_t n, bool up, pppd_line_done *done, void *context)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\n')
			end_line(log, up, done, context);
		else if (log->len < sizeof(log->line) - 1)
			log->line[log->len++] = data[i] == '\0' ? ' ' : data[i];
	}
}

void pppd_log_end(struct pppd_log *log, bool up, pppd_line_done *done, void *context)
{
	end_line(log, up, done, context);
}

/* ---- exit status ---- */

#define EXIT_NEGOTIATION 10

/* pppd(8), EXIT STATUS, and 20, 21 of pppd.h. */
static const struct {
	int status;
	int32_t setup, up;
	const char *text;
} exit_table[] = {
	{0, 628, 628, NULL},
	{1, 645, 645, "pppd has met an error that it could not go on with"},
	{2, 625, 625, "pppd does not take its options"},
	{3, 625, 625, "pppd must be run by root"},
	{4, 609, 609, "The kernel has no PPP"},
	{5, 635, 628, "pppd was ended from outside"},
	{6, 633, 633, NULL},
	{7, 615, 615, "The device could not be opened"},
	{8, 651, 651, NULL},
	{9, 664, 664, "pppd could not start the command"},
	{10, 732, 732, NULL},
	{11, 778, 778, NULL},
	{12, 828, 828, NULL},
	{13, 932, 932, NULL},
	{14, 704, 704, "The peer wants to call back, which is not supported"},
	{15, 721, 721, NULL},
	{16, 619, 829, NULL},
	{17, 737, 737, NULL},
	{18, 651, 651, NULL},
	{19, 691, 691, NULL},
	{20, 932, 932, "The traffic limit given to pppd is reached"},
	{21, 625, 625, "pppd does not accept the number of the caller"},
	{127, 645, 645, "pppd has crashed"},
};

void pppd_exit_classify(int status, bool up, struct pppd_verdict *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(exit_table); i++) {
		if (exit_table[i].status == status) {
			compose(ret, up ? exit_table[i].up : exit_table[i].setup, exit_table[i].text, "");
			return;
		}
	}
	ret->code = up ? 628 : 635;
	if (status > 128)
		snprintf(ret->text, sizeof(ret->text), "pppd was killed by signal %d", status - 128);
	else if (status >= 0)
		snprintf(ret->text, sizeof(ret->text), "pppd ended with status %d", status);
	else
		snprintf(ret->text, sizeof(ret->text), "pppd has ended; why is not known");
}

/* ---- all together ---- */

/* Another code; the words of the peer, which follow the text of the code, stay. */
static void recode(struct pppd_verdict *v, int32_t code)
{
	char text[RAS_ERROR_TEXT_MAX];
	size_t len = strlen(ras_error_text(v->code));

	str_copy(text, v->text, sizeof(text));
	compose(v, code, NULL, strncmp(text + MIN(len, strlen(text)), ": ", 2) == 0 ? text + len + 2 : "");
}

/* What the object saw refines what the log says. */
static void refine(const struct pppd_facts *facts, struct pppd_verdict *v)
{
	if (v->code == 691 && facts->mschap_error > 0 && code_of_mschap(facts->mschap_error) != 691)
		recode(v, facts->mschap_error);
	else if (v->code == 718 && !facts->heard && !facts->up)
		compose(v, 721, "Nothing was heard from the peer", "");
}

void pppd_judge(const struct pppd_log *log, const struct pppd_facts *facts, struct pppd_verdict *ret)
{
	int status = facts->reason > 0 ? facts->reason : facts->exit_status;

	*ret = log->first;
	if (ret->code == 0 && facts->ip_rejected && !facts->up)
		compose(ret, 733, "The peer refuses IP (IPCP)", "");
	if (ret->code == 0 && facts->peer_ended)
		compose(ret, facts->up ? 629 : 734, NULL, "");
	if (ret->code == 0 && status == EXIT_NEGOTIATION && facts->network && !facts->up)
		compose(ret, 720, "No network protocol is left to be spoken (pppd-options)", "");
	if (ret->code == 0)
		pppd_exit_classify(status, facts->up, ret);
	refine(facts, ret);
}
