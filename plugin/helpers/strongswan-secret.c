/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives strongSwan's daemon an EAP secret, or takes it back, over its control socket (VICI), since swanctl can only
 * load all of its files. For the helper strongswan:
 *
 *     strongswan-secret load ID       the secret is a line on standard input, its owner is RAS_USER
 *     strongswan-secret unload ID */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/macro.h"

#define SOCKET "/var/run/charon.vici"
#define MESSAGE_MAX 2048

/* Numbers of the protocol. */
enum { COMMAND_REQUEST = 0, COMMAND_RESPONSE = 1 };
enum { KEY_VALUE = 3, LIST_START = 4, LIST_ITEM = 5, LIST_END = 6 };

struct message {
	uint8_t text[MESSAGE_MAX];
	size_t len;
};

static void put(struct message *m, const void *data, size_t size)
{
	if (size > sizeof(m->text) - m->len) {
		fputs("strongswan-secret: the message is too long\n", stderr);
		exit(1);
	}
	memcpy(m->text + m->len, data, size);
	m->len += size;
}

static void put_octet(struct message *m, size_t octet)
{
	put(m, &(uint8_t){(uint8_t)octet}, 1);
}

static void put_name(struct message *m, const char *name)
{
	put_octet(m, strlen(name));
	put(m, name, strlen(name));
}

static void put_value(struct message *m, const char *value)
{
	uint16_t size = htons((uint16_t)strlen(value));

	put(m, &size, sizeof(size));
	put(m, value, strlen(value));
}

static void put_pair(struct message *m, const char *key, const char *value)
{
	put_octet(m, KEY_VALUE);
	put_name(m, key);
	put_value(m, value);
}

static void begin(struct message *m, const char *command)
{
	put_octet(m, COMMAND_REQUEST);
	put_name(m, command);
}

static void put_load(struct message *m, const char *id)
{
	const char *user = getenv("RAS_USER");
	char secret[256] = "";

	if (!fgets(secret, sizeof(secret), stdin))
		secret[0] = '\0';
	secret[strcspn(secret, "\n")] = '\0';
	begin(m, "load-shared");
	put_pair(m, "id", id);
	put_pair(m, "type", "EAP");
	put_pair(m, "data", secret);
	put_octet(m, LIST_START);
	put_name(m, "owners");
	put_octet(m, LIST_ITEM);
	put_value(m, user ? user : "");
	put_octet(m, LIST_END);
	explicit_bzero(secret, sizeof(secret));
}

static bool read_all(int fd, void *data, size_t size)
{
	uint8_t *p = data;

	while (size > 0) {
		ssize_t n = read(fd, p, size);

		if (n <= 0)
			return false;
		p += n;
		size -= (size_t)n;
	}
	return true;
}

/* Is success=yes somewhere in the answer? */
static bool exchange(int fd, const struct message *m)
{
	static const char yes[] = "\x03\x07success\x00\x03yes";
	uint32_t size = htonl((uint32_t)m->len);
	char answer[MESSAGE_MAX];

	if (write(fd, &size, sizeof(size)) != sizeof(size) || write(fd, m->text, m->len) != (ssize_t)m->len ||
	    !read_all(fd, &size, sizeof(size)))
		return false;
	size = ntohl(size);
	return size > 0 && size <= sizeof(answer) && read_all(fd, answer, size) && answer[0] == COMMAND_RESPONSE &&
	       memmem(answer, size, yes, sizeof(yes) - 1);
}

int main(int argc, char **argv)
{
	const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SOCKET};
	struct message m = {.len = 0};
	int fd;

	if (argc == 3 && str_equal(argv[1], "load")) {
		put_load(&m, argv[2]);
	} else if (argc == 3 && str_equal(argv[1], "unload")) {
		begin(&m, "unload-shared");
		put_pair(&m, "id", argv[2]);
	} else {
		fputs("usage: strongswan-secret load|unload ID\n", stderr);
		return 2;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		fprintf(stderr, "strongswan-secret: %s: %s\n", SOCKET, strerror(errno));
		return 1;
	}
	if (!exchange(fd, &m)) {
		fputs("strongswan-secret: the daemon refuses\n", stderr);
		return 1;
	}
	explicit_bzero(&m, sizeof(m));
	return 0;
}
