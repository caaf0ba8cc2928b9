/* SPDX-License-Identifier: BSD-2-Clause */
/* The sections of the file and of stored rows, inside config/. Tables are open to who writes rows as YAML and to
 * tests. */
#ifndef RASDIAL_CONFIG_CONFIG_SECTION_H
#define RASDIAL_CONFIG_CONFIG_SECTION_H

#include "config/config.h"
#include "config/config_key.h"

extern const struct config_section config_file_section;     /* agent, defaults, entries */
extern const struct config_section config_agent_section;    /* into struct config_agent */
extern const struct config_section config_entry_section;    /* into struct ras_entry */
extern const struct config_section config_subentry_section; /* into struct ras_subentry */
extern const struct config_section config_row_section;      /* a whole stored row, into struct ras_entry */

/* Fills an agent section with what a file leaves out. Returns 0 or -ENOMEM. */
int config_agent_init(struct config_agent *agent);

/* Reads section agent over what config_agent_init() filled in. */
int config_agent_read(struct config_reader *r, const struct doc_node *node, struct config_agent *agent);

void config_agent_done(struct config_agent *agent);

/* Reads sections defaults and entries, each of which may be NULL. What was made before an error is in
 * *ret_entries, *ret_n too: the caller frees it in every case. */
int config_entries_read(struct config_reader *r, const struct doc_node *defaults, const struct doc_node *entries,
			uint32_t max_entries, struct ras_entry ***ret_entries, size_t *ret_n);

/* Keys of an entry that put a secret into it: as they are given, or from a file, relative to the folder of the
 * source. */
int config_read_secret(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
		       void *object);
int config_read_secret_file(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			    void *object);

/* The secret of a stored row: any octets, those that are no UTF-8 as {hex: "..."}. Secrets of fewer than key->min
 * octets are neither read nor written. */
int config_read_row_secret(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			   void *object);
void config_write_secret(struct doc_writer *w, const struct config_key *key, const void *object);

/* Reads a configuration from memory. As config_load(). */
int config_parse(const struct config_source *source, struct config **ret, char error[CONFIG_ERROR_MAX]);

#endif
