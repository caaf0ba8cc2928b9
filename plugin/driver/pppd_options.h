/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of pppd, as text for its option "file". They go through a pipe, so that nothing of them is in an argument
 * list, and hold no secret. */
#ifndef RASDIAL_DRIVER_PPPD_OPTIONS_H
#define RASDIAL_DRIVER_PPPD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ras/entry.h"
#include "ras/error.h"

#define PPPD_OPTIONS_MAX 16384    /* octets; a pipe takes four times as much */
#define PPPD_OPTION_WORD_MAX 1023 /* longest word pppd reads */

struct pppd_options {
	size_t len;
	bool overflow; /* something did not fit: the text is of no use */
	char text[PPPD_OPTIONS_MAX];
};

/* What the options need to know beside the entry. */
struct pppd_place {
	uint32_t index;  /* names the link */
	uint32_t unit;   /* names the interface */
	uint64_t bundle; /* names the bundle that the link is of; 0: of none */
	int socket;      /* descriptors as pppd will have them */
	int log;
	const char *plugin;     /* path of the object */
	const char *state_file; /* path of the object's file */
};

/* Adds a line: a name that is a constant of ours, and a value (NULL: none) that may hold any octet. */
void pppd_option(struct pppd_options *o, const char *name, const char *value);
void pppd_option_word(struct pppd_options *o, const char *word); /* a line that is only a word, such as a device */
void pppd_option_number(struct pppd_options *o, const char *name, uint32_t value);

/* The common options of an entry, in the order in which pppd must read them. */
void pppd_options_begin(struct pppd_options *o, const struct ras_entry *entry, const struct pppd_place *place);

/* The line is opened by the first packet. */
void pppd_options_demand(struct pppd_options *o);

/* Those that the operator has written for this entry; last, so that they win over ours. */
void pppd_options_finish(struct pppd_options *o, const struct ras_entry *entry);

/* Is what the operator has written something this driver can live with? Each line one option; none that takes link,
 * log or end of pppd out of our hands. Returns 0, or -EINVAL with ret_error filled (625). */
int pppd_options_check(const struct ras_entry *entry, struct ras_error *ret_error);

/* Names made of an index. The interface has at most 15 characters. */
void pppd_ifname(uint32_t index, char ret[16]);
void pppd_linkname(uint32_t index, char ret[32]);

#endif
