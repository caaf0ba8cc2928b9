/* SPDX-License-Identifier: BSD-2-Clause */
/* Files: whose they are and who may read them, what is no file, the examples that are installed, and their manual page.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_section.h"
#include "config/config_text.h"
#include "sys/fd.h"
#include "sys/file.h"

#define EXAMPLE "config/rasdial.yaml"
#define EXAMPLE_FULL "config/rasdial-full.yaml"
#define MANUAL "plugin/config/rasdial.yaml.5"

#define WITH_SECRET "entries: [{name: a, secret: hunter2}]\n"
#define WITH_SECRET_FILE "entries: [{name: a, secret-file: secret}]\n"

/* ---- a folder for each test ---- */

static char folder[64], config_path[96], secret_path[96];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-config-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(config_path, sizeof(config_path), "%s/c.yaml", folder);
	snprintf(secret_path, sizeof(secret_path), "%s/secret", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(config_path);
	unlink(secret_path);
	return rmdir(folder);
}

static void put(const char *path, const char *text, size_t size, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(fd_write_all(fd, text, size), 0);
	close(fd);
}

static void expect_secret(const char *secret)
{
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX] = "";

	if (config_load(config_path, &config, error) < 0)
		fail_msg("%s", error);
	assert_string_equal(config->entries[0]->secret, secret);
}

static void expect_error(const char *path, int code, const char *end)
{
	char error[CONFIG_ERROR_MAX] = "", expected[CONFIG_ERROR_MAX];
	struct config *config = NULL;

	snprintf(expected, sizeof(expected), "%s:%s", path, end);
	assert_int_equal(config_load(path, &config, error), code);
	assert_string_equal(error, expected);
	assert_null(strstr(error, "hunter2"));
	assert_null(config);
}

/* ---- what can be read ---- */

static void test_not_readable(void **state)
{
	char path[128];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/none", folder);
	expect_error(path, -ENOENT, " No such file or directory");
	expect_error(folder, -EISDIR, " Is a directory");
	expect_error("/dev/zero", -EINVAL, " not a regular file");
	expect_error("", -ENOENT, " No such file or directory");

	/* Nobody writes into the FIFO: opening it must not wait. */
	assert_int_equal(mkfifo(config_path, 0600), 0);
	expect_error(config_path, -EINVAL, " not a regular file");
	unlink(config_path);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", config_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	expect_error(config_path, -ENXIO, " No such device or address");
	close(fd);
}

static void test_readable(void **state)
{
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX] = "";
	struct stat st;

	(void)state;
	assert_int_equal(config_load("/dev/null", &config, error), 0);
	config = config_free(config);

	put(config_path, "entries: [{name: a}]\n", 21, 0644);
	assert_int_equal(stat(config_path, &st), 0);
	assert_int_equal(config_load(config_path, &config, error), 0);
	assert_int_equal(config->entries[0]->last_change_ms / 1000, st.st_mtim.tv_sec);
}

static void test_too_large(void **state)
{
	(void)state;
	put(config_path, "#", 1, 0600);
	assert_int_equal(truncate(config_path, (off_t)CONFIG_FILE_MAX + 1), 0);
	expect_error(config_path, -EFBIG, " too large");
	/* A hole reads as NULs. */
	assert_int_equal(truncate(config_path, 4096), 0);
	expect_error(config_path, -EINVAL, "1:2: control character 0x00 (take it out)");
}

/* Long names are cut at their beginning, so that the message is never lost. */
static void test_long_path(void **state)
{
	char path[3000], error[CONFIG_ERROR_MAX] = "";
	struct config *config = NULL;

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(config_load(path, &config, error), -ENAMETOOLONG);
	assert_int_equal(strncmp(error, "...pppp", 7), 0);
	assert_non_null(strstr(error, "ppp: File name too long"));
}

/* ---- secrets in the file ---- */

static void test_secret_modes(void **state)
{
	static const mode_t modes[] = {0600, 0400, 0700, 0640, 0604, 0660, 0602, 0620, 0601, 0644, 0666};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char expected[256];

		put(config_path, WITH_SECRET, strlen(WITH_SECRET), modes[i]);
		snprintf(expected, sizeof(expected),
			 "1:29: secret: a secret stands here, but this file can be read or changed by others, its mode "
			 "is %04o (chmod 600); or use secret-file",
			 modes[i]);
		if (modes[i] & 077)
			expect_error(config_path, -EINVAL, expected);
		else
			expect_secret("hunter2");
	}
}

/* In defaults it is a secret too. */
static void test_secret_in_defaults(void **state)
{
	static const char yaml[] = "defaults: {secret: hunter2}\n";

	(void)state;
	put(config_path, yaml, strlen(yaml), 0640);
	expect_error(
		config_path, -EINVAL,
		"1:20: secret: a secret stands here, but this file can be read or changed by others, its mode is 0640 "
		"(chmod 600); or use secret-file");
}

static void test_secret_owner(void **state)
{
	struct config_source source = {.name = "t.yaml",
				       .text = WITH_SECRET,
				       .size = strlen(WITH_SECRET),
				       .mode = S_IFREG | 0600};
	const uid_t stranger = geteuid() + 1;
	char error[CONFIG_ERROR_MAX] = "", expected[256];
	struct config *config = NULL;

	(void)state;
	for (int i = 0; i < 2; i++) {
		source.owner = i ? 0 : geteuid();
		assert_int_equal(config_parse(&source, &config, error), 0);
		config = config_free(config);
	}
	source.owner = stranger;
	assert_int_equal(config_parse(&source, &config, error), -EINVAL);
	snprintf(expected, sizeof(expected),
		 "t.yaml:1:29: secret: a secret stands here, but this file belongs to user %u, who can read and "
		 "change it (chown it to root); or use secret-file",
		 stranger);
	assert_string_equal(error, expected);
}

/* ---- secrets in a file of their own ---- */

static void test_secret_file(void **state)
{
	char long_secret[256];

	(void)state;
	memset(long_secret, 's', 255);
	long_secret[255] = '\0';
	const struct {
		const char *text, *secret;
	} files[] = {
		{"hunter2", "hunter2"},     {"hunter2\n", "hunter2"},           {"hunter2\r\n", "hunter2"},
		{" a b\t\n", " a b\t"},     {"\xff\xfe\x01\n", "\xff\xfe\x01"}, /* octets, not text */
		{long_secret, long_secret},
	};

	/* The configuration itself may be for everybody. */
	put(config_path, WITH_SECRET_FILE, strlen(WITH_SECRET_FILE), 0644);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put(secret_path, files[i].text, strlen(files[i].text), 0400);
		expect_secret(files[i].secret);
		unlink(secret_path);
	}
}

static void expect_secret_error(const char *what)
{
	char expected[CONFIG_ERROR_MAX];

	snprintf(expected, sizeof(expected), "1:34: secret-file: \"%s\"%s", secret_path, what);
	expect_error(config_path, -EINVAL, expected);
}

static void test_secret_file_content(void **state)
{
	char big[4098];
	const struct {
		const char *text;
		size_t size;
		const char *error;
	} files[] = {
		{"", 0, " does not hold a secret of 1 to 255 octets"},
		{"\n", 1, " does not hold a secret of 1 to 255 octets"},
		{"\r\n", 2, " does not hold a secret of 1 to 255 octets"},
		{"hunter2\nb\n", 10, " has more than one line"},
		{"hunter2\n\n", 9, " has more than one line"},
		{"a\rhunter2\n", 10, " has more than one line"},
		{"a\0hunter2\n", 10, " has an octet 0x00 in it"},
		{big, 256, " does not hold a secret of 1 to 255 octets"},
		{big, 4096, " does not hold a secret of 1 to 255 octets"},
		{big, 4097, ": too large"},
	};

	(void)state;
	memset(big, 's', sizeof(big));
	put(config_path, WITH_SECRET_FILE, strlen(WITH_SECRET_FILE), 0644);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		put(secret_path, files[i].text, files[i].size, 0600);
		expect_secret_error(files[i].error);
	}
}

static void test_secret_file_access(void **state)
{
	static const mode_t modes[] = {0640, 0604, 0660, 0622, 0601};

	(void)state;
	put(config_path, WITH_SECRET_FILE, strlen(WITH_SECRET_FILE), 0644);
	expect_secret_error(": No such file or directory");
	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		char expected[128];

		put(secret_path, "hunter2\n", 8, modes[i]);
		snprintf(expected, sizeof(expected), " can be read or changed by others, its mode is %04o (chmod 600)",
			 modes[i]);
		expect_secret_error(expected);
	}
	unlink(secret_path);

	assert_int_equal(mkfifo(secret_path, 0600), 0);
	expect_secret_error(": not a regular file");
	unlink(secret_path);

	/* Only root can give files away. */
	if (geteuid() == 0) {
		put(secret_path, "hunter2\n", 8, 0600);
		assert_int_equal(chown(secret_path, 12345, (gid_t)-1), 0);
		expect_secret_error(" belongs to user 12345, who can read and change it (chown it to root)");
	}
}

/* Relative to the folder of the configuration, wherever the process stands; absolute as it is. */
static void test_secret_file_place(void **state)
{
	_cleanup_config_ struct config *config = NULL;
	char yaml[256], error[CONFIG_ERROR_MAX] = "";
	_cleanup_fd_ int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	put(secret_path, "hunter2\n", 8, 0600);
	snprintf(yaml, sizeof(yaml), "entries: [{name: a, secret-file: %s}]\n", secret_path);
	put(config_path, yaml, strlen(yaml), 0644);
	expect_secret("hunter2");

	put(config_path, WITH_SECRET_FILE, strlen(WITH_SECRET_FILE), 0644);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(config_load("c.yaml", &config, error), 0);
	assert_string_equal(config->entries[0]->secret, "hunter2");
	assert_int_equal(fchdir(here), 0);
}

/* The entry's own way wins over the one of defaults. */
static void test_secret_over_defaults(void **state)
{
	static const char yaml[] =
		"defaults: {secret: general}\nentries: [{name: a, secret-file: secret}, {name: b}]\n";
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX] = "";

	(void)state;
	put(secret_path, "hunter2\n", 8, 0600);
	put(config_path, yaml, strlen(yaml), 0600);
	assert_int_equal(config_load(config_path, &config, error), 0);
	assert_string_equal(config->entries[0]->secret, "hunter2");
	assert_string_equal(config->entries[1]->secret, "general");
}

/* fail_msg(), known not to return. */
#define FAIL(...)                                                                                                      \
	do {                                                                                                           \
		fail_msg(__VA_ARGS__);                                                                                 \
		abort();                                                                                               \
	} while (0)

/* ---- what is installed ---- */

static void read_text(const char *path, char **ret)
{
	size_t size;

	if (file_read(AT_FDCWD, path, CONFIG_FILE_MAX, ret, &size) < 0 || !*ret)
		FAIL("%s cannot be read from here; run tests at the top of the tree", path);
}

static void test_examples(void **state)
{
	static const char *const examples[] = {EXAMPLE, EXAMPLE_FULL};
	char error[CONFIG_ERROR_MAX] = "";

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		_cleanup_config_ struct config *config = NULL;

		if (config_load(examples[i], &config, error) < 0)
			fail_msg("%s", error);
		assert_true(config->n_entries >= 2);
		for (size_t e = 0; e < config->n_entries; e++)
			assert_null(ras_entry_missing(config->entries[e]));
	}
}

/* What is commented out in the small example is right too. */
static void test_example_uncommented(void **state)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX] = "", *named;

	(void)state;
	read_text(EXAMPLE, &text);
	/* "  # - name: hq", "  #   descr: ...": a key behind the mark. */
	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, "  # - name:", 11) == 0 || strncmp(line, "  #   ", 6) == 0 ||
		    strncmp(line, "  # name:", 9) == 0)
			memmove(line + 2, line + 4, strlen(line + 4) + 1);
	}
	put(config_path, text, strlen(text), 0600);
	/* The one that names a file tells that it is not there; with it all is well. */
	assert_int_equal(config_load(config_path, &config, error), -EINVAL);
	assert_non_null(strstr(error, "secrets/hq\": No such file or directory"));
	named = strstr(text, "secrets/hq");
	assert_non_null(named);
	memset(named, ' ', strlen("secrets/hq"));
	memcpy(named, "secret", strlen("secret")); /* NOLINT(bugprone-not-null-terminated-result): more text follows */
	put(config_path, text, strlen(text), 0600);
	put(secret_path, "hunter2\n", 8, 0600);
	if (config_load(config_path, &config, error) < 0)
		fail_msg("%s", error);
	assert_int_equal(config->n_entries, 4);
}

/* However much of a file is there, the answer is a configuration or a message. */
static void test_prefixes(void **state)
{
	static const char *const examples[] = {EXAMPLE, EXAMPLE_FULL};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		_cleanup_free_ char *text = NULL;
		size_t size;

		read_text(examples[i], &text);
		size = strlen(text);
		for (size_t n = 0; n <= size; n++) {
			/* A copy of just this size, so that a sanitizer sees reading beyond it. */
			char *part = malloc(n + 1), error[CONFIG_ERROR_MAX] = "";
			struct config_source source = {.name = "p", .text = part, .size = n, .mode = S_IFREG | 0600};
			struct config *config = NULL;
			int r;

			memcpy(part, text, n);
			r = config_parse(&source, &config, error);
			assert_true(r == 0 ? config && !error[0] : r == -EINVAL && !config && error[0]);
			config_free(config);
			free(part);
		}
	}
}

static void check_in_example(const struct config_section *section, const char *text)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];
		char head[TEXT_LABEL_MAX];

		snprintf(head, sizeof(head), " %s:", key->key);
		if (config_has_key(section, key) && !strstr(text, head))
			fail_msg("%s has no key%s", EXAMPLE_FULL, head);
		if (key->type == CONFIG_SECTION)
			check_in_example(key->section, text);
	}
}

static void test_example_is_full(void **state)
{
	_cleanup_free_ char *text = NULL;

	(void)state;
	read_text(EXAMPLE_FULL, &text);
	check_in_example(&config_agent_section, text);
	check_in_example(&config_entry_section, text);
	check_in_example(&config_subentry_section, text);
}

/* ---- the manual page agrees with the tables ---- */

/* The item of a key, its lines joined to one. */
static void manual_item(char *ret, size_t size, const char *manual, const char *section, const char *key)
{
	char head[96];
	const char *from, *to, *end;
	size_t len = 0;

	snprintf(head, sizeof(head), "\n.Ss %s\n", section);
	from = strstr(manual, head);
	if (!from)
		FAIL("%s has no section%s", MANUAL, head);
	to = strstr(from, "\n.El\n");
	snprintf(head, sizeof(head), "\n.It Cm %s\n", key);
	from = strstr(from, head);
	if (!from || from > to)
		FAIL("%s has no key %s in section %s", MANUAL, key, section);
	from += strlen(head);
	end = strstr(from, "\n.It Cm ");
	end = end && end < to ? end : to;
	ret[len++] = ' ';
	for (; from < end && len < size - 2; from++)
		ret[len++] = (char)(*from == '\n' ? ' ' : *from);
	ret[len++] = ' ';
	ret[len] = '\0';
}

static void must_say(const char *item, const char *key, const char *format, ...) PRINTF_LIKE(3, 4);
static void must_say(const char *item, const char *key, const char *format, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (!strstr(item, text))
		fail_msg("%s: item %s does not say \"%s\":%s", MANUAL, key, text, item);
}

static void check_labels(const char *item, const struct config_key *key, const void *object)
{
	char name[TEXT_LABEL_MAX];
	uint32_t value;

	memcpy(&value, (const char *)object + key->offset, sizeof(value));
	for (const struct ras_label *l = key->labels; l->name; l++) {
		ras_label_kebab(l->name, name);
		if (key->allowed == 0 || key->allowed & 1u << l->value)
			must_say(item, key->key, " %s ", name);
		if (key->type == CONFIG_LABEL && l->value == (int32_t)value)
			must_say(item, key->key, "efault %s", name);
	}
}

/* object holds the defaults. */
static void check_manual(const char *manual, const char *heading, const struct config_section *section,
			 const void *object)
{
	for (size_t i = 0; i < section->n; i++) {
		const struct config_key *key = &section->keys[i];
		char item[4096];
		uint32_t number;

		if (!config_has_key(section, key))
			continue;
		manual_item(item, sizeof(item), manual, heading, key->key);
		if (key->type == CONFIG_SECTION)
			check_manual(manual, key->section->name, key->section, object);
		if (key->type == CONFIG_BOOL)
			must_say(item, key->key, "efault %s.",
				 *((const char *)object + key->offset) ? "true" : "false");
		if (key->type == CONFIG_NUMBER) {
			memcpy(&number, (const char *)object + key->offset, sizeof(number));
			must_say(item, key->key, "%u to %u, default ", key->min, key->max);
			if (number != 0 || key->min == 0)
				must_say(item, key->key, "default %u.", number);
		}
		if (key->type == CONFIG_TEXT && !key->check)
			must_say(item, key->key, key->min ? " 1 to %zu octets" : "t most %zu octets", key->size - 1);
		if (key->type == CONFIG_STRING)
			must_say(item, key->key, "%u octets", key->max);
		if (key->labels)
			check_labels(item, key, object);
	}
}

static void test_manual(void **state)
{
	_cleanup_free_ char *manual = NULL;
	struct ras_subentry subentry = {.device_type = RAS_DEVICE_OTHER};
	_cleanup_config_ struct config *config = NULL;
	char error[CONFIG_ERROR_MAX];

	(void)state;
	read_text(MANUAL, &manual);
	put(config_path, "entries: [{name: a}]\n", 21, 0600);
	assert_int_equal(config_load(config_path, &config, error), 0);
	check_manual(manual, "agent", &config_agent_section, &config->agent);
	check_manual(manual, "entry", &config_entry_section, config->entries[0]);
	check_manual(manual, "subentry", &config_subentry_section, &subentry);
	must_say(manual, "YAML", "at most %u octets", CONFIG_FILE_MAX);
	must_say(manual, "YAML", "%u keys and", DOC_NODES_MAX);
	must_say(manual, "YAML", "%d levels", CONFIG_DEPTH_MAX);
	must_say(manual, "YAML", "at most %d items", CONFIG_LIST_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_not_readable),
		TEST(test_readable),
		TEST(test_too_large),
		TEST(test_long_path),
		TEST(test_secret_modes),
		TEST(test_secret_in_defaults),
		TEST(test_secret_owner),
		TEST(test_secret_file),
		TEST(test_secret_file_content),
		TEST(test_secret_file_access),
		TEST(test_secret_file_place),
		TEST(test_secret_over_defaults),
		TEST(test_examples),
		TEST(test_example_uncommented),
		TEST(test_prefixes),
		TEST(test_example_is_full),
		TEST(test_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
