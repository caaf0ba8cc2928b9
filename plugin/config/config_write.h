/* SPDX-License-Identifier: BSD-2-Clause */
/* The other direction of config_key.h: values of an object as keys of a mapping that is open. */
#ifndef RASDIAL_CONFIG_CONFIG_WRITE_H
#define RASDIAL_CONFIG_CONFIG_WRITE_H

#include "config/config_key.h"
#include "config/yaml_write.h"

/* Puts one key and its value; a key with CONFIG_MAY_LACK that has none is left away. The key is of a type that stored
 * rows have. */
void config_write_key(struct doc_writer *w, const struct config_key *key, const void *object);

/* Likewise all keys of a section. */
void config_write_keys(struct doc_writer *w, const struct config_section *section, const void *object);

#endif
