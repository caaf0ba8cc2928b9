#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The same with a line "extend" of snmpd.conf(5) for each entry: whoever reads the result dials. As in dial_pass.sh, sleep stands
# in the place of pppd.
sleep 600 < /dev/null > /dev/null 2>&1 &
