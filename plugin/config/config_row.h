/* SPDX-License-Identifier: BSD-2-Clause */
/* Rows of the state directory as YAML: what the engine stores of entries made over SNMP, and of values set over SNMP
 * for permanent entries of the file. */
#ifndef RASDIAL_CONFIG_CONFIG_ROW_H
#define RASDIAL_CONFIG_CONFIG_ROW_H

#include "ras/ras.h"

#define CONFIG_ROW_MAX (512u * 1024) /* octets; a row of the longest texts that are possible has two thirds of it */

/* Keys are those of an entry that have a column, and index, row-status, last-change of the row. A whole row lists all
 * of them, so that it means the same when defaults change. It is read by the rules of the configuration file, and must
 * be complete: a text that is cut anywhere is refused. What is read back is equal to what was written, last_change_ms
 * included; its origin is snmp, or file if there is a base. */
extern const struct ras_row_format config_row_format;

#endif
