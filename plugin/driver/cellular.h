/* SPDX-License-Identifier: BSD-2-Clause */
/* What a cellular modem is told and says beyond what a telephone modem does (3GPP TS 27.007). */
#ifndef RASDIAL_DRIVER_CELLULAR_H
#define RASDIAL_DRIVER_CELLULAR_H

#include <stdbool.h>

#include "ras/error.h"

/* Is the access point made of what such a name may have, and nothing that a modem or chat would take for more? NULL and
 * "" are good: the modem has a context of its own. Returns 0, or -EINVAL with ret_error filled (625). */
int cellular_check_apn(const char *apn, struct ras_error *ret_error);

/* Takes note of what a line of chat's log says of SIM and network: fills complaint for an error, empties it for the OK
 * that follows one which did not matter. Returns true if the dial is over with it: there is no sense in waiting for an
 * OK any more. */
bool cellular_complaint(const char *line, struct ras_error *complaint);

#endif
