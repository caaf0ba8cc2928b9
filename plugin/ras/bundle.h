/* SPDX-License-Identifier: BSD-2-Clause */
/* Link modes dialAll and dialAsNeeded: a call of several links, each dialed by a thread of its own, which is up while
 * at least one of them is. To the dial thread of the connection the bundle is a driver like any other; to a driver each
 * link is a call like any other, with a record of its own in the run directory. */
#ifndef RASDIAL_RAS_BUNDLE_H
#define RASDIAL_RAS_BUNDLE_H

#include "ras/engine.h"

#define BUNDLE_NOTE "d-links" /* in the record of a bundle: how many links it has */

/* Records of links, and of a line that carries them without its link. */
#define BUNDLE_LINK_SUFFIX ".member"
#define BUNDLE_CARRIER_SUFFIX ".carrier"

/* The driver of an entry's calls: the bundle for the two link modes, else that of its device type. NULL: there is none.
 * Any thread. */
const struct ras_driver *bundle_driver(const struct ras *ras, const struct ras_entry *entry);

/* The same for a call of an earlier agent, by what its record says. */
const struct ras_driver *bundle_driver_of(const struct ras *ras, const struct ras_entry *entry,
					  const struct record *record);

/* Removes records of links whose bundle is over. At start, when all calls of an earlier agent have their threads. */
void bundle_remove_orphans(struct ras *ras);

/* ---- what call.c and link_record.c ask for a link; its thread ---- */

/* Must the link be given up, because it was told so or for the deadline of its set-up? */
bool bundle_link_must_end(struct ras_call *line, int64_t now);

/* Shows a state that the link enters. */
void bundle_link_enter(struct ras_call *line, enum ras_state state);

/* What the link has carried so far. */
void bundle_link_count(struct ras_call *line, const struct ras_traffic *traffic);

/* Says what hangs on the link. */
void bundle_link_carries(struct ras_call *line, enum ras_carriage carriage);

/* Something that the bundle shows has changed. */
void bundle_link_news(struct ras_call *line);

/* The bundle that it is a link of. */
struct ras_call *bundle_call(const struct ras_call *line);

/* Name of its record in the run directory. */
void bundle_link_file(const struct ras_call *line, char ret[LINK_RECORD_FILE_MAX]);

#endif
