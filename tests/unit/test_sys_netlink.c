/* SPDX-License-Identifier: BSD-2-Clause */
/* Routes: in a network namespace of our own, where root, or a user who may make one, has all rights; and in that of the
 * machine without any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/macro.h"
#include "sys/netlink.h"

#define FAILED(line) ((line) % 200 + 1)
/* In the child: its status tells the line, as far as it goes. */
#define WANT(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			_exit(FAILED(__LINE__));                                                                       \
	} while (0)
#define NO_NAMESPACE 255

/* Runs a test in a child with namespaces of its own. */
static void apart(int flags, void (*run)(void))
{
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (unshare(flags) < 0)
			_exit(NO_NAMESPACE);
		run();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NO_NAMESPACE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void set_lo_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	WANT(fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0);
	close(fd);
}

static void with_rights(void)
{
	struct netlink_route ip4 = {.family = AF_INET, .prefix_len = 8, .destination = {10}};
	struct netlink_route ip6 = {.family = AF_INET6, .prefix_len = 32, .destination = {0x20, 0x01, 0x0d, 0xb8}};
	struct netlink_route all = {.family = AF_INET};
	unsigned lo = if_nametoindex("lo");

	WANT(lo > 0);
	ip4.ifindex = ip6.ifindex = all.ifindex = lo;
	WANT(netlink_route_add(&ip4) == -ENETDOWN);
	set_lo_up();

	WANT(netlink_route_add(&ip4) == 0);
	WANT(netlink_route_add(&ip4) == -EEXIST);
	WANT(netlink_route_add(&ip6) == 0);
	WANT(netlink_route_add(&ip6) == -EEXIST);
	WANT(!netlink_has_default(lo, AF_INET) && !netlink_has_default(lo, AF_INET6));
	WANT(netlink_route_add(&all) == 0);
	WANT(netlink_has_default(lo, AF_INET) && !netlink_has_default(lo + 1, AF_INET));
	WANT(!netlink_has_default(lo, AF_INET6));

	/* many of them come in several parts */
	for (unsigned n = 0; n < 500; n++) {
		struct netlink_route one = {.family = AF_INET,
					    .prefix_len = 32,
					    .ifindex = lo,
					    .destination = {192, 0, (uint8_t)(n / 250), (uint8_t)(n % 250)}};

		WANT(netlink_route_add(&one) == 0);
	}
	WANT(netlink_has_default(lo, AF_INET) && !netlink_has_default(lo, AF_INET6));

	WANT(netlink_route_remove(&all) == 0);
	WANT(!netlink_has_default(lo, AF_INET));
	WANT(netlink_route_remove(&ip4) == 0);
	WANT(netlink_route_remove(&ip4) == -ESRCH);
	WANT(netlink_route_remove(&ip6) == 0);
	WANT(netlink_route_remove(&ip6) == -ESRCH);

	/* no such interface, and no number of one */
	ip4.ifindex = 0;
	WANT(netlink_route_add(&ip4) == -ENODEV && netlink_route_remove(&ip4) == -ENODEV);
	ip4.ifindex = 4711;
	WANT(netlink_route_add(&ip4) == -ENODEV);
	WANT(netlink_route_remove(&ip4) < 0);
}

static void without_rights(void)
{
	struct netlink_route route = {.family = AF_INET, .prefix_len = 32, .destination = {192, 0, 2, 1}};

	route.ifindex = if_nametoindex("lo");
	WANT(netlink_route_add(&route) == -EPERM);
	WANT(netlink_route_remove(&route) == -EPERM);
}

static void routes(void **state UNUSED)
{
	apart(CLONE_NEWUSER | CLONE_NEWNET, with_rights);
}

static void no_rights(void **state UNUSED)
{
	apart(CLONE_NEWUSER, without_rights);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(routes),
		cmocka_unit_test(no_rights),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("sys_netlink", tests, NULL, NULL);
}
