/* SPDX-License-Identifier: BSD-2-Clause */
#include "driver/drivers.h"

const struct ras_driver *const ras_drivers[] = {
	&ras_driver_loopback, &ras_driver_pty, &ras_driver_modem, &ras_driver_exec, NULL,
};
