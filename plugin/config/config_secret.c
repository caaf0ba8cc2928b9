/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys secret and secret-file. No message here shows a secret. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config_input.h"
#include "config/config_section.h"
#include "config/config_text.h"
#include "sys/macro.h"

#define SECRET_MAX 255
#define SECRET_FILE_MAX 4096
#define PATH_OCTETS 1024

static const char *check_secret(const char *text)
{
	return text[strcspn(text, "\r\n")] ? "has a line break in it" : NULL;
}

static int set_secret(struct config_reader *r, struct ras_entry *e, const char *secret)
{
	return ras_entry_set_secret(e, secret) < 0 ? config_fail_memory(r) : 0;
}

int config_read_secret(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
		       void *object)
{
	char exposed[INPUT_EXPOSED_MAX];
	const char *wrong;
	int e;

	e = config_want(r, key, value, DOC_SCALAR, "a text");
	if (e < 0)
		return e;
	wrong = input_exposed(r->source->mode, r->source->owner, exposed);
	if (wrong)
		return config_fail(r, value, key->key, "a secret stands here, but this file %s; or use secret-file",
				   wrong);
	if (doc_is_bool(value, NULL))
		return config_fail(r, value, key->key, "a secret that reads true or false must be put in quotes");
	if (value->length < 1 || value->length > SECRET_MAX)
		return config_fail(r, value, key->key, "a secret has 1 to %d octets, not %u", SECRET_MAX,
				   value->length);
	wrong = check_secret(value->text);
	if (wrong)
		return config_fail(r, value, key->key, "the secret %s", wrong);
	return set_secret(r, object, value->text);
}

/* Name of a file as seen from the folder of the configuration file. Returns NULL without memory. */
static char *beside(const char *config_path, const char *name)
{
	const char *slash = strrchr(config_path, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - config_path), config_path, name) < 0)
		return NULL;
	return path;
}

/* The one line of a secret file, without its end. Returns what is wrong with it, or NULL. */
static const char *secret_line(char *text, size_t size)
{
	if (size > 0 && text[size - 1] == '\n')
		text[--size] = '\0';
	if (size > 0 && text[size - 1] == '\r')
		text[--size] = '\0';
	if (strlen(text) != size)
		return "has an octet 0x00 in it";
	if (size < 1 || size > SECRET_MAX)
		return "does not hold a secret of 1 to 255 octets";
	return check_secret(text) ? "has more than one line" : NULL;
}

int config_read_secret_file(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			    void *object)
{
	_cleanup_free_ char *path = NULL;
	char quote[TEXT_QUOTE_MAX], exposed[INPUT_EXPOSED_MAX];
	const char *name, *wrong;
	struct stat st;
	char *text;
	size_t size;
	int e;

	e = config_read_text(r, key, value, 1, PATH_OCTETS, &name);
	if (e < 0)
		return e;
	path = beside(r->source->name, name);
	if (!path)
		return config_fail_memory(r);
	text_quote(path, quote);
	e = input_read(path, SECRET_FILE_MAX, &text, &size, &st);
	if (e < 0)
		return config_fail(r, value, key->key, "%s: %s", quote, input_error(e));
	wrong = input_exposed(st.st_mode, st.st_uid, exposed);
	if (!wrong)
		wrong = secret_line(text, size);
	e = wrong ? config_fail(r, value, key->key, "%s %s", quote, wrong) : set_secret(r, object, text);
	explicit_bzero(text, size);
	free(text);
	return e;
}
