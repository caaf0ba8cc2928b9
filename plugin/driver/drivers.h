/* SPDX-License-Identifier: BSD-2-Clause */
/* The drivers there are. */
#ifndef RASDIAL_DRIVER_DRIVERS_H
#define RASDIAL_DRIVER_DRIVERS_H

#include "ras/driver.h"

extern const struct ras_driver ras_driver_loopback;
extern const struct ras_driver ras_driver_pty;
extern const struct ras_driver ras_driver_modem; /* and cellular */
extern const struct ras_driver ras_driver_direct_serial;
extern const struct ras_driver ras_driver_pppoe;
extern const struct ras_driver ras_driver_pptp;
extern const struct ras_driver ras_driver_l2tp;
extern const struct ras_driver ras_driver_exec;

/* All of them, ended by NULL: what ras_new() takes. */
extern const struct ras_driver *const ras_drivers[];

#endif
