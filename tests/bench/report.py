# SPDX-License-Identifier: BSD-2-Clause
"""What is printed at the end, in Markdown."""
from collections import namedtuple

Part = namedtuple("Part", "title note keys")  # a section, and what it has recorded
REACHED = {True: "yes", False: "**no**", None: "not measured"}


def number(value):
    """Three digits that count."""
    if value is None:
        return ""
    if value and abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}"


def table(head, rows):
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    line = "| " + " | ".join("{:%s%d}" % ("<" if i == 0 else ">", width) for i, width in enumerate(widths)) + " |\n"
    ruler = "|" + "|".join("-" * (width + 1) + ("-" if i == 0 else ":") for i, width in enumerate(widths)) + "|\n"
    return line.format(*head) + ruler + "".join(line.format(*row) for row in rows) + "\n"


def split(key):
    """measure, subject, what"""
    first, _, rest = key.partition("/")
    middle, _, last = rest.rpartition("/")
    return first, middle, last


def one_table(what, unit, keys, values):
    """A row for each subject, a column for each measure, in brackets how many times as much as the first subject has; shares are
    not compared."""
    cells = {split(key)[:2]: values[key]["median"] for key in keys}
    measures, subjects = (list(dict.fromkeys(pair[i] for pair in cells)) for i in (0, 1))

    def cell(measure, subject):
        value, first = cells.get((measure, subject)), cells.get((measure, subjects[0]))
        if value is None or not first or subject == subjects[0] or unit == "%":
            return number(value)
        return f"{number(value)} ({number(value / first)})"

    return table([f"{what}, {unit}" if unit else what, *measures], [[s, *(cell(m, s) for m in measures)] for s in subjects])


def section(part, values):
    lines = [f"## {part.title}\n\n", f"{part.note.strip()}\n\n" if part.note else ""]
    for what, unit in dict.fromkeys((split(key)[2], values[key]["unit"]) for key in part.keys):
        keys = [key for key in part.keys if (split(key)[2], values[key]["unit"]) == (what, unit)]
        lines.append(one_table(what, unit, keys, values))
    return "".join(lines)


def text(facts, parts, values, marks):
    """facts: date, machine, versions, rounds, rows; values by key; marks as judged."""
    lines = ["# How fast it is\n\n",
             f"Written by `make bench` on {facts['date']}. All that is compared was measured in the same run, in turn, in {facts['rounds']} rounds; "
             f"the tables have the medians, and in brackets how many times as much that is as in the first line.\n\n",
             f"Machine: {facts['machine']}. " + ", ".join(f"{name} {version}" for name, version in facts["versions"].items()) + ".\n\n"]
    rows = [[m["text"], f"{m['direction']} {number(m['limit'])} {m['unit']}", number(m["value"]), REACHED[m["reached"]]] for m in marks]
    lines += ["## Marks\n\n", table(["", "mark", "measured", "reached"], rows)]
    lines += [f"{m['text']}: {m['why']}\n\n" for m in marks if m["reached"] is False and m["why"]]
    return "".join(lines + [section(part, values) for part in parts]).rstrip() + "\n"
