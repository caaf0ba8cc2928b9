/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/cellular.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "sys/macro.h"

/* Labels as of a domain name, and the underscore that some operators have (3GPP TS 23.003, 9.1). */
#define APN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_"
#define APN_MAX 100

int cellular_check_apn(const char *apn, struct ras_error *ret_error)
{
	size_t good = apn ? strspn(apn, APN_CHARACTERS) : 0;

	if (!apn || apn[0] == '\0')
		return 0;
	if (strlen(apn) > APN_MAX)
		ras_error_set(ret_error, 625, RAS_BACKEND_NONE, "apn is longer than %d characters", APN_MAX);
	else if (apn[good] != '\0')
		ras_error_set(ret_error, 625, RAS_BACKEND_NONE,
			      "apn has a character that the name of an access point cannot have (number %zu)",
			      good + 1);
	else
		return 0;
	return -EINVAL;
}

/* Errors of 3GPP TS 27.007, 9.2, as number and in words, whichever the modem says. wait: it may not matter, as for a
 * PIN that the SIM has already. */
static const struct cme_error {
	int number;
	int32_t code;
	bool wait;
	const char *says, *text;
} cme_errors[] = {
	{3, 651, true, "operation not allowed", "The modem does not allow a command"},
	{4, 651, false, "operation not supported", "The modem does not know a command (modem-init, apn)"},
	{5, 625, false, "PH-SIM PIN required", "The modem is locked to another SIM"},
	{10, 692, false, "SIM not inserted", "There is no SIM in the modem"},
	{11, 691, false, "SIM PIN required", "The SIM wants its PIN (AT+CPIN= in modem-init)"},
	{12, 691, false, "SIM PUK required", "The SIM is locked after wrong PINs and wants its PUK"},
	{13, 692, false, "SIM failure", "The SIM does not work"},
	{14, 692, false, "SIM busy", "The SIM is busy"},
	{15, 692, false, "SIM wrong", "The SIM is none that the modem can use"},
	{16, 691, false, "incorrect password",
	 "The SIM does not take its PIN: change AT+CPIN= in modem-init before the next try, the third one locks it"},
	{17, 691, false, "SIM PIN2 required", "The SIM wants its PIN2"},
	{18, 691, false, "SIM PUK2 required", "The SIM wants its PUK2"},
	{30, 680, false, "no network service", "There is no network (antenna, signal)"},
	{31, 678, false, "network timeout", "The network does not answer"},
	{32, 649, false, "network not allowed - emergency calls only",
	 "The network lets this SIM make emergency calls only"},
	{103, 649, false, "illegal MS", "The network does not let this SIM in"},
	{106, 649, false, "illegal ME", "The network does not let this modem in"},
	{107, 649, false, "GPRS services not allowed", "The account has no packet service"},
	{111, 649, false, "PLMN not allowed", "This network is not for this SIM"},
	{112, 649, false, "location area not allowed", "The network does not let this SIM in here"},
	{113, 649, false, "roaming not allowed in this location area", "The account has no roaming here"},
	{132, 625, false, "service option not supported", "The network does not have this service (apn)"},
	{133, 625, false, "requested service option not subscribed", "The account does not have this service (apn)"},
	{134, 629, false, "service option temporarily out of order", "The packet service is out of order for now"},
	{149, 691, false, "PDP authentication failure", "The network refuses user name or password"},
};

static const struct cme_error *find_error(const char *said)
{
	char *end;
	long number = strtol(said, &end, 10);
	bool is_number = end > said && *end == '\0';

	for (size_t i = 0; i < ARRAY_SIZE(cme_errors); i++)
		if (is_number ? number == cme_errors[i].number : strcasecmp(said, cme_errors[i].says) == 0)
			return &cme_errors[i];
	return NULL;
}

/* chat shows the end of a line of the modem as ^M. */
bool cellular_complaint(const char *line, struct ras_error *complaint)
{
	static const char key[] = "+CME ERROR: ";
	const struct cme_error *error;
	char said[64];

	if (str_equal(line, "OK^M") || str_equal(line, "OK"))
		complaint->code = 0;
	if (strncmp(line, key, strlen(key)) != 0)
		return false;
	str_copy(said, line + strlen(key), MIN(sizeof(said), strcspn(line + strlen(key), "^\r") + 1));
	error = find_error(said);
	/* Words that are not in the table are not shown, as nobody knows what is in them. They are in the log. */
	if (error)
		ras_error_set(complaint, error->code, error->number, "%s", error->text);
	else
		ras_error_set(complaint, 651, RAS_BACKEND_NONE,
			      "The modem answered an error that is not known here (log of the attempt)");
	return !error || !error->wait;
}
