/* SPDX-License-Identifier: BSD-2-Clause */
/* The default route of a driver that leaves it to the engine, and what a link without an interface cannot have. In a
 * network namespace of our own; the scripts and routes of an entry have tests with the whole agent. */
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "engine_lab.h"
#include "sys/netlink.h"

static bool apart; /* we are in a namespace of our own */

/* ---- a driver ---- */

static int plug_dial(struct ras_call *call)
{
	static const struct ras_addr addrs[] = {
		{.role = RAS_ADDR_LOCAL, .len = 4, .octets = {10, 0, 0, 2}, .prefix_len = 32},
		{.role = RAS_ADDR_PEER, .len = 4, .octets = {10, 0, 0, 1}, .prefix_len = 32},
		{.role = RAS_ADDR_LOCAL, .len = 16, .octets = {0x20, 0x01, [15] = 2}, .prefix_len = 64},
	};

	if (!str_equal(ras_call_destination(call), "bare"))
		ras_call_set_interface(call, if_nametoindex("lo"), "lo");
	ras_call_set_addresses(call, addrs, ARRAY_SIZE(addrs));
	return 0;
}

static int plug_watch(struct ras_call *call)
{
	int r;

	do
		r = ras_call_wait(call, NULL, 0, -1);
	while (r >= 0);
	return r;
}

static void plug_done(struct ras_call *call UNUSED)
{
}

static int plug_adopt(struct ras_call *call UNUSED, const struct record *record UNUSED, bool up UNUSED)
{
	return 0;
}

static const struct ras_driver plug = {
	.name = "plug",
	.device_types = 1u << RAS_DEVICE_LOOPBACK,
	.stats_interval_ms = 1000,
	.engine_options = 1u << RAS_OPTION_DEFAULT_ROUTE,
	.dial = plug_dial,
	.watch = plug_watch,
	.hang_up = plug_done,
	.release = plug_done,
	.adopt = plug_adopt,
};
static const struct ras_driver *const plugs[] = {&plug, NULL};

/* ---- the tests ---- */

static int setup(void **state)
{
	struct lab *lab = lab_new();
	struct ras_entry *e;

	lab->drivers = plugs;
	lab_line(lab, "all", "")->options = 1u << RAS_OPTION_DEFAULT_ROUTE;
	lab_line(lab, "none", "");
	e = lab_line(lab, "bare", "bare");
	e->routes = calloc(2, sizeof(char *));
	e->routes[0] = strdup("10.0.0.0/8");
	*state = lab;
	return 0;
}

static int teardown(void **state)
{
	lab_free(*state);
	return 0;
}

static bool has_default(int family)
{
	return netlink_has_default(if_nametoindex("lo"), family);
}

static unsigned gateways(const struct ras_conn *conn)
{
	struct ras_addr addrs[RAS_SHOWN_MAX];
	unsigned n = 0;

	for (size_t i = ras_conn_addrs(conn, addrs); i-- > 0;)
		if (addrs[i].role == RAS_ADDR_GATEWAY) {
			assert_int_equal(addrs[i].octets[0], addrs[i].len == 4 ? 10 : 0);
			n++;
		}
	return n;
}

static void dial(struct lab *lab, struct ras_conn *conn)
{
	assert_int_equal(ras_dial(lab->ras, conn, NULL, NULL), 0);
}

static void default_routes(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	if (!apart)
		skip();
	lab_start(lab);
	conn = lab_conn(lab, "all");
	dial(lab, conn);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_true(has_default(AF_INET) && has_default(AF_INET6));
	assert_int_equal(gateways(conn), 2);

	/* It is another agent's turn. */
	lab_stop(lab);
	assert_true(has_default(AF_INET) && has_default(AF_INET6));
	lab_start(lab);
	conn = lab_conn(lab, "all");
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_int_equal(gateways(conn), 2);
	ras_hang_up(conn);
	lab_wait_status(lab, conn, RAS_STATUS_DOWN);
	assert_false(has_default(AF_INET) || has_default(AF_INET6));

	conn = lab_conn(lab, "none");
	dial(lab, conn);
	lab_wait_status(lab, conn, RAS_STATUS_UP);
	assert_false(has_default(AF_INET));
	assert_int_equal(gateways(conn), 0);
}

/* Somebody else's default route stays, and the dial says that it is in the way. */
static void in_the_way(void **state)
{
	const struct netlink_route theirs = {.family = AF_INET6, .ifindex = if_nametoindex("lo")};
	struct lab *lab = *state;
	struct ras_conn *conn;

	if (!apart)
		skip();
	assert_int_equal(netlink_route_add(&theirs), 0);
	lab_start(lab);
	conn = lab_conn(lab, "all");
	ras_dial(lab->ras, conn, NULL, NULL);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_non_null(strstr(lab_info(conn).last_error.text, "the default route (IPv6)"));
	assert_false(has_default(AF_INET));
	assert_true(has_default(AF_INET6));
	assert_int_equal(netlink_route_remove(&theirs), 0);
}

static void no_interface(void **state)
{
	struct lab *lab = *state;
	struct ras_conn *conn;

	lab_start(lab);
	conn = lab_conn(lab, "bare");
	ras_dial(lab->ras, conn, NULL, NULL);
	lab_wait_status(lab, conn, RAS_STATUS_FAILED);
	assert_int_equal(lab_info(conn).last_error.code, 625);
	assert_non_null(strstr(lab_info(conn).last_error.text, "interface"));
}

/* ---- the namespace ---- */

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	if (file) {
		fputs(text, file);
		fclose(file);
	}
}

static bool move_apart(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	uid_t user = geteuid();
	char text[32];
	int fd, r;

	if (unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWNET | CLONE_NEWUSER) < 0)
		return false;
	if (user != 0) {
		snprintf(text, sizeof(text), "0 %u 1", user);
		write_text("/proc/self/uid_map", text);
	}
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	r = ioctl(fd, SIOCSIFFLAGS, &request);
	close(fd);
	return r == 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(default_routes, setup, teardown),
		cmocka_unit_test_setup_teardown(in_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(no_interface, setup, teardown),
	};

	apart = move_apart();
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("ras_network", tests, NULL, NULL);
}
