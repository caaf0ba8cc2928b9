/* SPDX-License-Identifier: BSD-2-Clause */
/* Keys secret and secret-file, and the secret of a stored row. No message here shows a secret. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config_input.h"
#include "config/config_section.h"
#include "config/config_text.h"
#include "config/yaml_write.h"
#include "sys/macro.h"
#include "sys/utf8.h"

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
	if (value->length < key->min || value->length > RAS_SECRET_MAX)
		return config_fail(r, value, key->key, "a secret has %u to %d octets, not %u", key->min, RAS_SECRET_MAX,
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
	if (size < 1 || size > RAS_SECRET_MAX)
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

/* ---- in stored rows ---- */

struct hex_secret {
	char hex[2 * RAS_SECRET_MAX + 1];
};

/* One octet of hexadecimal digits in lower case, or -1. */
static int hex_octet(const char *digits)
{
	static const char all[] = "0123456789abcdef";
	const char *high = digits[0] ? strchr(all, digits[0]) : NULL,
		   *low = high && digits[1] ? strchr(all, digits[1]) : NULL;

	return low ? (int)((high - all) * 16 + (low - all)) : -1;
}

static const char *check_hex(const char *text)
{
	for (; *text; text += 2) {
		int octet = hex_octet(text);

		if (octet < 0)
			return "is not made of pairs of hexadecimal digits in lower case";
		if (octet == 0 || octet == '\n' || octet == '\r')
			return "has an octet in it that no secret may have";
	}
	return NULL;
}

static const struct config_key hex_keys[] = {
	{"hex", CONFIG_TEXT, CONFIG_PRIVATE, 0, sizeof(struct hex_secret), .min = 1, .check = check_hex},
};
static const struct config_section hex_section = {"a secret", CONFIG_KEYS(hex_keys), .complete = true};

int config_read_row_secret(struct config_reader *r, const struct config_key *key, const struct doc_node *value,
			   void *object)
{
	struct hex_secret given = {0};
	char secret[RAS_SECRET_MAX + 1] = "";
	int e;

	if (value->kind != DOC_MAP)
		return config_read_secret(r, key, value, object);
	e = config_read_section(r, &hex_section, value, &given);
	if (e == 0) {
		for (size_t i = 0; given.hex[2 * i]; i++)
			secret[i] = (char)hex_octet(&given.hex[2 * i]);
		e = set_secret(r, object, secret);
	}
	explicit_bzero(&given, sizeof(given));
	explicit_bzero(secret, sizeof(secret));
	return e;
}

static bool is_utf8(const char *text)
{
	size_t size = strlen(text), n = 1;

	for (size_t at = 0; at < size && n > 0; at += n)
		n = utf8_char(text + at, size - at, NULL);
	return n > 0;
}

void config_write_secret(struct doc_writer *w, const struct config_key *key, const void *object)
{
	const char *secret = ((const struct ras_entry *)object)->secret ?: "";
	char hex[2 * RAS_SECRET_MAX + 1] = "";
	size_t size = strlen(secret);

	if (size < key->min)
		return;
	doc_put_word(w, key->key);
	if (is_utf8(secret)) {
		doc_put_text(w, secret);
		return;
	}
	for (size_t i = 0; i < MIN(size, (size_t)RAS_SECRET_MAX); i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)secret[i]);
	doc_open_map(w, DOC_IN_LINE);
	doc_put_word(w, hex_keys[0].key);
	doc_put_text(w, hex);
	doc_close_map(w);
	explicit_bzero(hex, sizeof(hex));
}
