/* SPDX-License-Identifier: BSD-2-Clause */
/* The drivers of this build. */
#ifndef RASDIAL_DRIVER_DRIVERS_H
#define RASDIAL_DRIVER_DRIVERS_H

#include "ras/driver.h"

extern const struct ras_driver ras_driver_loopback;

/* Ended by NULL. */
extern const struct ras_driver *const ras_drivers[];

#endif
