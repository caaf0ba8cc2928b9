# SPDX-License-Identifier: BSD-2-Clause
"""Configuration files for tests."""
import json


def yaml_value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        # Names of variables stay as they are.
        return "{" + ", ".join(f"{k if k.isupper() else k.replace('_', '-')}: {yaml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(yaml_value(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def yaml_text(agent, entries):
    lines = ["agent:"] + [f"  {k.replace('_', '-')}: {yaml_value(v)}" for k, v in agent.items()]
    lines.append("entries:" if entries else "entries: []")
    for entry in entries:
        lines += [f"  {'- ' if i == 0 else '  '}{k.replace('_', '-')}: {yaml_value(v)}"
                  for i, (k, v) in enumerate(entry.items())]
    return "\n".join(lines) + "\n"


def line(name, index=None, destination="", **keys):
    """An entry on the simulated line."""
    entry = {"name": name, "index": index, "device_type": "loopback", "destination": destination, **keys}
    return {k: v for k, v in entry.items() if v is not None}
