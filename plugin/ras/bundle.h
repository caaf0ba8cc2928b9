/* SPDX-License-Identifier: BSD-2-Clause */
/* Link mode dialAll: a call whose links are dialed at once, each by a thread of its own, and which is up while at least
 * one of them is. To the dial thread of the connection the bundle is a driver like any other; to a driver each link is
 * a call like any other. */
#ifndef RASDIAL_RAS_BUNDLE_H
#define RASDIAL_RAS_BUNDLE_H

#include "ras/engine.h"

/* The driver of an entry's calls: the bundle for link mode dialAll, else that of its device type. NULL: there is none.
 * Any thread. */
const struct ras_driver *bundle_driver(const struct ras *ras, const struct ras_entry *entry);

/* The same for a call of an earlier agent, by what its record says. */
const struct ras_driver *bundle_driver_of(const struct ras *ras, const struct ras_entry *entry,
					  const struct record *record);

/* ---- what call.c asks for a link; its thread ---- */

/* Must the link be given up, because it was told so or for the deadline of its set-up? */
bool bundle_link_must_end(struct ras_call *line, int64_t now);

/* Shows a state that the link enters. */
void bundle_link_enter(struct ras_call *line, enum ras_state state);

#endif
