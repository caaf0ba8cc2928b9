/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/yaml_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "config/config.h"
#include "sys/macro.h"
#include "sys/utf8.h"

#define CHUNK_SIZE (64u * 1024)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define TAG_PREFIX "tag:yaml.org,2002:"

/* Nodes and texts live in chunks, so that a file of a million nodes costs little and all of it can be wiped. */
struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(max_align_t) char data[];
};

struct doc {
	struct chunk *chunks;
	struct doc_node *root;
	size_t n_nodes;
};

struct builder {
	yaml_parser_t parser;
	struct doc *doc;
	struct doc_error *error;
	unsigned depth;
	struct {
		struct doc_node *node;
		struct doc_node **tail; /* where the next child goes */
	} open[CONFIG_DEPTH_MAX];
};

static void PRINTF_LIKE(4, 5) say(struct doc_error *error, size_t line, size_t column, const char *format, ...)
{
	va_list ap;

	*error = (struct doc_error){.line = (uint32_t)line, .column = (uint32_t)column};
	va_start(ap, format);
	vsnprintf(error->text, sizeof(error->text), format, ap);
	va_end(ap);
}

/* Says what is wrong, and is -EINVAL, plainly to see for who reads or analyzes a caller. */
#define fail(error, ...) (say(error, __VA_ARGS__), -EINVAL)

static int fail_memory(struct doc_error *error)
{
	say(error, 0, 0, "out of memory");
	return -ENOMEM;
}

/* ---- the octets ---- */

/* The file as a whole before libyaml sees it: its own messages on encoding lack a position, and it counts lines
 * at U+0085, U+2028 and U+2029 too, which no editor does. */
static int check_text(const char *text, size_t size, struct doc_error *error)
{
	size_t line = 1, column = 1, n;
	uint32_t code;

	for (size_t at = 0; at < size; at += n) {
		n = utf8_char(text + at, size - at, &code);
		if (n == 0)
			return fail(error, line, column, "octet 0x%02x is not UTF-8 (save the file in that encoding)",
				    (unsigned char)text[at]);
		if (code == '\n') {
			line++;
			column = 1;
			continue;
		}
		if (utf8_is_control(code) && code != '\t' && !(code == '\r' && at + 1 < size && text[at + 1] == '\n'))
			return fail(error, line, column, "control character 0x%02x (take it out)", code);
		if (code == 0x2028 || code == 0x2029 || code == 0xfeff || code == 0xfffe || code == 0xffff)
			return fail(error, line, column,
				    "character U+%04X (in double quotes it can be written as \\u%04X)", code, code);
		column++;
	}
	return 0;
}

/* ---- memory ---- */

static void *doc_alloc(struct doc *doc, size_t size)
{
	size_t need = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	struct chunk *c = doc->chunks;
	void *p;

	if (!c || c->size - c->used < need) {
		size_t room = MAX(need, CHUNK_SIZE);

		c = malloc(sizeof(*c) + room);
		if (!c)
			return NULL;
		*c = (struct chunk){.next = doc->chunks, .size = room};
		doc->chunks = c;
	}
	p = c->data + c->used;
	c->used += need;
	return p;
}

struct doc *doc_free(struct doc *doc)
{
	struct chunk *next;

	if (!doc)
		return NULL;
	for (struct chunk *c = doc->chunks; c; c = next) {
		next = c->next;
		explicit_bzero(c->data, c->used);
		free(c);
	}
	free(doc);
	return NULL;
}

const struct doc_node *doc_root(const struct doc *doc)
{
	return doc->root;
}

/* ---- events to nodes ---- */

static int fail_at(struct builder *b, const yaml_mark_t *mark, const char *text)
{
	return fail(b->error, mark->line + 1, mark->column + 1, "%s", text);
}

/* What libyaml says, and what most probably mends it. */
static const struct {
	const char *problem, *way;
} ways[] = {
	{"mapping values are not allowed in this context", "quote a text with \": \" in it, or mend the indentation"},
	{"did not find expected key", "keys of one mapping begin in the same column"},
	{"did not find expected '-' indicator", "items of one list begin in the same column"},
	{"could not find expected ':'", "a line of a mapping is \"key: value\""},
	{"did not find expected ',' or '}'", "a bracket may not be closed"},
	{"did not find expected ',' or ']'", "a bracket may not be closed"},
	{"did not find expected node content", "a bracket may not be closed"},
	{"found unexpected end of stream", "a quote may not be closed"},
	{"found character that cannot start any token", "put a text that begins so in quotes"},
	{"found unknown escape character", "write \\\\ for \\, or use single quotes"},
};

static const char *way_out(const yaml_parser_t *p, const char *problem)
{
	if (p->error == YAML_SCANNER_ERROR && p->buffer.pointer < p->buffer.last && *p->buffer.pointer == '\t')
		return "indent with spaces, not with tabs";
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++)
		if (str_equal(problem, ways[i].problem))
			return ways[i].way;
	return "see yaml.org for the syntax";
}

static int fail_syntax(struct builder *b)
{
	const yaml_parser_t *p = &b->parser;
	const char *problem = p->problem ? p->problem : "this is no YAML";
	size_t line = p->problem_mark.line + 1, column = p->problem_mark.column + 1;
	char context[96] = "";

	if (p->error == YAML_MEMORY_ERROR)
		return fail_memory(b->error);
	if (p->context && p->context_mark.line + 1 != line)
		snprintf(context, sizeof(context), " %s that begins in line %zu", p->context, p->context_mark.line + 1);
	return fail(b->error, line, column, "%s%s (%s)", problem, context, way_out(p, problem));
}

/* Appends a node to the collection that is open, or makes it the root. */
static int add_node(struct builder *b, enum doc_kind kind, const yaml_mark_t *mark, struct doc_node **ret)
{
	struct doc_node *node, *parent = b->depth > 0 ? b->open[b->depth - 1].node : NULL;

	if (parent && parent->kind == DOC_MAP && parent->length % 2 == 0 && kind != DOC_SCALAR)
		return fail_at(b, mark, "a key must be a word");
	if (b->doc->n_nodes == DOC_NODES_MAX)
		return fail(b->error, mark->line + 1, mark->column + 1, "more than %u keys and values in one file",
			    DOC_NODES_MAX);
	node = doc_alloc(b->doc, sizeof(*node));
	if (!node)
		return fail_memory(b->error);
	b->doc->n_nodes++;
	*node = (struct doc_node){
		.kind = kind,
		.line = (uint32_t)mark->line + 1,
		.column = (uint32_t)mark->column + 1,
	};
	if (parent) {
		*b->open[b->depth - 1].tail = node;
		b->open[b->depth - 1].tail = &node->next;
		parent->length++;
	} else {
		b->doc->root = node;
	}
	*ret = node;
	return 0;
}

static int open_node(struct builder *b, enum doc_kind kind, const yaml_mark_t *mark)
{
	struct doc_node *node;
	int r;

	if (b->depth == CONFIG_DEPTH_MAX)
		return fail(b->error, mark->line + 1, mark->column + 1, "nested deeper than %d levels",
			    CONFIG_DEPTH_MAX);
	r = add_node(b, kind, mark, &node);
	if (r < 0)
		return r;
	b->open[b->depth].node = node;
	b->open[b->depth].tail = &node->first;
	b->depth++;
	return 0;
}

/* Tag of what a plain scalar is by the core schema, without prefix. */
static const char *core_type(const struct doc_node *node)
{
	const char *digits = node->text + (node->text[0] == '-' || node->text[0] == '+');

	if (doc_is_null(node))
		return "null";
	if (doc_is_bool(node, NULL))
		return "bool";
	return digits[0] && digits[strspn(digits, "0123456789")] == '\0' ? "int" : "str";
}

/* Tags are of no use in this file, but those of the core schema do no harm where they tell the truth. */
static int take_tag(struct builder *b, const yaml_mark_t *mark, const char *tag, struct doc_node *node)
{
	static const char *const collection[] = {[DOC_LIST] = "seq", [DOC_MAP] = "map"};
	size_t prefix = strlen(TAG_PREFIX);

	if (!tag)
		return 0;
	if (strncmp(tag, TAG_PREFIX, prefix) == 0) {
		tag += prefix;
		if (node->kind != DOC_SCALAR ? str_equal(tag, collection[node->kind]) :
					       node->plain && str_equal(tag, core_type(node)))
			return 0;
	}
	if (node->kind == DOC_SCALAR && (str_equal(tag, "str") || str_equal(tag, "!"))) {
		node->plain = false;
		return 0;
	}
	return fail_at(b, mark, "a tag that does not fit here (leave it away)");
}

static int check_anchor(struct builder *b, const yaml_mark_t *mark, const void *anchor)
{
	return anchor ? fail_at(b, mark, "anchors (&) are not allowed (keys for all entries go into defaults)") : 0;
}

static int take_scalar(struct builder *b, const yaml_event_t *event)
{
	size_t length = event->data.scalar.length;
	struct doc_node *node;
	char *text;
	int r;

	r = check_anchor(b, &event->start_mark, event->data.scalar.anchor);
	if (r < 0)
		return r;
	if (memchr(event->data.scalar.value, '\0', length))
		return fail_at(b, &event->start_mark, "an octet 0x00, which no text may have");
	r = add_node(b, DOC_SCALAR, &event->start_mark, &node);
	if (r < 0)
		return r;
	text = doc_alloc(b->doc, length + 1);
	if (!text)
		return fail_memory(b->error);
	memcpy(text, event->data.scalar.value, length);
	text[length] = '\0';
	node->text = text;
	node->length = (uint32_t)length;
	node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	return take_tag(b, &event->start_mark, (const char *)event->data.scalar.tag, node);
}

static int take_collection(struct builder *b, const yaml_event_t *event)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor = map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag = map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
	int r;

	r = check_anchor(b, &event->start_mark, anchor);
	if (r < 0)
		return r;
	r = open_node(b, map ? DOC_MAP : DOC_LIST, &event->start_mark);
	if (r < 0)
		return r;
	return take_tag(b, &event->start_mark, (const char *)tag, b->open[b->depth - 1].node);
}

static int take_event(struct builder *b, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (b->doc->root)
			return fail_at(b, &event->start_mark, "a second document begins here (a file holds one)");
		return 0;
	case YAML_ALIAS_EVENT:
		return fail_at(b, &event->start_mark,
			       "aliases (*) are not allowed (put the text in quotes if it is meant so)");
	case YAML_SCALAR_EVENT:
		return take_scalar(b, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return take_collection(b, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		b->depth--;
		return 0;
	default:
		return 0;
	}
}

static int build(struct builder *b)
{
	bool end = false;
	int r = 0;

	while (!end && r == 0) {
		yaml_event_t event;

		if (!yaml_parser_parse(&b->parser, &event))
			return fail_syntax(b);
		end = event.type == YAML_STREAM_END_EVENT;
		r = take_event(b, &event);
		yaml_event_delete(&event);
	}
	return r;
}

int doc_parse(const char *text, size_t size, struct doc_error *ret_error, struct doc **ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct builder b = {.error = ret_error};
	int r;

	if (size > CONFIG_FILE_MAX)
		return fail(ret_error, 0, 0, "larger than %u octets", CONFIG_FILE_MAX);
	if (size >= strlen(BYTE_ORDER_MARK) && memcmp(text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0) {
		text += strlen(BYTE_ORDER_MARK);
		size -= strlen(BYTE_ORDER_MARK);
	}
	r = check_text(text, size, ret_error);
	if (r < 0)
		return r;
	doc = calloc(1, sizeof(*doc));
	if (!doc || !yaml_parser_initialize(&b.parser))
		return fail_memory(ret_error);
	b.doc = doc;
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)text, size);
	r = build(&b);
	yaml_parser_delete(&b.parser);
	if (r < 0)
		return r;
	/* "---" and nothing else. */
	if (doc->root && doc_is_null(doc->root))
		doc->root = NULL;
	*ret = TAKE_PTR(doc);
	return 0;
}

/* ---- what a scalar means ---- */

static bool is_one_of(const struct doc_node *node, const char *const words[])
{
	if (node->kind != DOC_SCALAR || !node->plain)
		return false;
	while (*words && !str_equal(node->text, *words))
		words++;
	return *words;
}

bool doc_is_null(const struct doc_node *node)
{
	return is_one_of(node, (const char *const[]){"", "~", "null", "Null", "NULL", NULL});
}

bool doc_is_bool(const struct doc_node *node, bool *ret_value)
{
	bool yes = is_one_of(node, (const char *const[]){"true", "True", "TRUE", NULL});

	if (!yes && !is_one_of(node, (const char *const[]){"false", "False", "FALSE", NULL}))
		return false;
	if (ret_value)
		*ret_value = yes;
	return true;
}
