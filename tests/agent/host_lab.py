# SPDX-License-Identifier: BSD-2-Clause
"""Lab: the laboratory with the host that RASDIAL_TEST_HOST names, rasdiald (agent) or snmpd (dlmod)."""
from tap import HOST

if HOST == "dlmod":
    from lab_dlmod import DlmodLab as Lab
else:
    from lab import Lab  # noqa: F401
