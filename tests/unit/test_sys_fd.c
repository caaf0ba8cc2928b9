/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors, clocks, and the counters of an interface. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/macro.h"
#include "sys/netlink.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static bool is_cloexec(int fd)
{
	return (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0;
}

static bool is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void test_high_moves(void **state)
{
	int pair[2], high;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	high = fd_high(pair[1]);
	assert_true(high >= FD_HIGH);
	assert_false(is_open(pair[1]));
	assert_true(is_cloexec(high));
	assert_int_equal(fd_write_all(high, "x", 1), 0);
	assert_true(is_readable(pair[0]));

	/* One that is there already stays, and is made close-on-exec. */
	assert_int_equal(fcntl(high, F_SETFD, 0), 0);
	assert_int_equal(fd_high(high), high);
	assert_true(is_cloexec(high));

	fd_close(high);
	fd_close(pair[0]);
}

static void test_high_of_nothing(void **state)
{
	(void)state;
	assert_int_equal(fd_high(-1), -EBADF);
	assert_int_equal(fd_high(999), -EBADF);
	assert_int_equal(fd_high(100000), -EBADF);
}

static void test_high_without_room(void **state)
{
	struct rlimit old, low;
	int pair[2], fd;

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	fd = fd_high(pair[0]);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(fd, pair[0]);
	assert_true(is_cloexec(fd));
	fd_close(fd);
	fd_close(pair[1]);
}

/* With a limit, as many as there may be of many. Returns how many. */
static int take_many(rlim_t limit, int ret[], int max)
{
	struct rlimit old, low;
	int n = 0;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = limit;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	do
		ret[n] = fd_event_of_many();
	while (ret[n] >= 0 && ++n < max);
	assert_int_equal(ret[n], -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	return n;
}

/* The rest of the process keeps its low numbers, or the last of them. */
static void test_one_of_many(void **state)
{
	int fds[512], n;

	(void)state;
	n = take_many(FD_HIGH + 40, fds, 512);
	assert_in_range(n, 30, 40);
	for (int i = 0; i < n; i++) {
		assert_true(fds[i] >= FD_HIGH);
		fd_close(fds[i]);
	}
	n = take_many(256, fds, 512);
	assert_in_range(n, 256 - FD_RESERVE - 40, 256 - FD_RESERVE);
	for (int i = 0; i < n; i++) {
		assert_true(fds[i] < 256 - FD_RESERVE);
		fd_close(fds[i]);
	}
}

static void test_limit_is_raised(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = MIN(limit.rlim_max, (rlim_t)2000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(fd_raise_limit() >= (int64_t)limit.rlim_cur);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(limit.rlim_cur == limit.rlim_max);
	assert_true(fd_raise_limit() > 0);
}

static void test_event(void **state)
{
	int fd = fd_event();

	(void)state;
	assert_true(fd >= FD_HIGH);
	assert_true(is_cloexec(fd));
	assert_false(is_readable(fd));
	fd_event_drain(fd); /* must not block */

	errno = 4711;
	for (int i = 0; i < 3; i++)
		fd_event_post(fd);
	assert_int_equal(errno, 4711);
	assert_true(is_readable(fd));
	fd_event_drain(fd);
	assert_false(is_readable(fd));
	fd_close(fd);
}

static void test_event_that_is_full(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	int fd = fd_event();

	(void)state;
	assert_int_equal(fd_write_all(fd, &full, sizeof(full)), 0);
	fd_event_post(fd); /* must not block */
	assert_true(is_readable(fd));
	fd_event_drain(fd);
	assert_false(is_readable(fd));
	fd_event_post(-1); /* must not crash */
	fd_close(fd);
}

#define MUCH (1 << 20)

static void *read_slowly(void *arg)
{
	int fd = *(int *)arg;
	char buf[4099];
	size_t total = 0;
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != (char)((total + (size_t)i) % 251))
				return NULL;
		total += (size_t)n;
	}
	return total == MUCH ? arg : NULL;
}

static void test_write_all(void **state)
{
	_cleanup_free_ char *data = malloc(MUCH);
	void *result = NULL;
	pthread_t reader;
	int pair[2];

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < MUCH; i++)
		data[i] = (char)(i % 251);
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_slowly, &pair[0]), 0);
	assert_int_equal(fd_write_all(pair[1], data, MUCH), 0);
	fd_close(pair[1]);
	assert_int_equal(pthread_join(reader, &result), 0);
	assert_non_null(result);
	fd_close(pair[0]);
}

static void test_write_fails(void **state)
{
	int pair[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(pair, O_NONBLOCK), 0);
	assert_int_equal(fd_write_all(pair[1], "", 0), 0);
	fd_close(pair[0]);
	assert_int_equal(fd_write_all(pair[1], "x", 1), -EPIPE);
	fd_close(pair[1]);
	assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
}

static void test_cloexec_from(void **state)
{
	int low = fcntl(STDERR_FILENO, F_DUPFD, 50);
	int high = fcntl(STDERR_FILENO, F_DUPFD, 70);

	(void)state;
	assert_true(low >= 50 && high > low);
	fd_cloexec_from(high);
	assert_false(is_cloexec(low));
	assert_true(is_cloexec(high));
	fd_cloexec_from(low);
	assert_true(is_cloexec(low));
	assert_false(is_cloexec(STDERR_FILENO));
	fd_close(low);
	fd_close(high);
}

static void test_close(void **state)
{
	int fd = fd_event(), taken;

	(void)state;
	taken = TAKE_FD(fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fd_close(taken), -1);
	assert_false(is_open(taken));

	errno = 4711;
	assert_int_equal(fd_close(taken), -1); /* EBADF inside */
	assert_int_equal(fd_close(-1), -1);
	assert_int_equal(errno, 4711);
	{
		_cleanup_fd_ int scoped = fd_event();

		taken = scoped;
		assert_true(is_open(taken));
	}
	assert_false(is_open(taken));
}

static void test_clocks(void **state)
{
	int64_t before = clock_mono_ms(), last = before, now;
	int64_t real = clock_real_ms();

	(void)state;
	assert_true(before > 0);
	for (int i = 0; i < 1000; i++) {
		now = clock_mono_ms();
		assert_true(now >= last);
		last = now;
	}
	assert_true(real / 1000 - (int64_t)time(NULL) <= 2);
	assert_true(real > INT64_C(1500000000000));
}

static void test_jitter(void **state)
{
	unsigned seen[10] = {};
	uint32_t n;

	(void)state;
	assert_int_equal(clock_jitter(0), 0);
	assert_int_equal(clock_jitter(1), 0);
	for (int i = 0; i < 10000; i++) {
		n = clock_jitter(ARRAY_SIZE(seen));
		assert_true(n < ARRAY_SIZE(seen));
		seen[n]++;
	}
	/* 1000 each, standard deviation 30: these limits are 16 of them away. */
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		assert_in_range(seen[i], 500, 1500);
	assert_true(clock_jitter(UINT32_MAX) < UINT32_MAX);
}

/* The counters of an interface as /proc/net/dev has them. */
static bool proc_stats(const char *ifname, struct netlink_stats *ret)
{
	FILE *f = fopen("/proc/net/dev", "re");
	char line[512], name[64];
	bool found = false;

	assert_non_null(f);
	while (!found && fgets(line, sizeof(line), f))
		found = sscanf(line, " %63[^:]: %lu %lu %lu %*s %*s %*s %*s %*s %lu %lu %lu", name, &ret->in_octets,
			       &ret->in_packets, &ret->in_errors, &ret->out_octets, &ret->out_packets,
			       &ret->out_errors) == 7 &&
			str_equal(name, ifname);
	fclose(f);
	return found;
}

static void test_interface_counters(void **state)
{
	struct if_nameindex *list = if_nameindex();
	struct netlink_stats before, after, middle;

	(void)state;
	assert_non_null(list);
	for (struct if_nameindex *i = list; i->if_index != 0; i++) {
		assert_int_equal(netlink_stats(i->if_index, &before), 0);
		if (!proc_stats(i->if_name, &middle))
			continue;
		assert_int_equal(netlink_stats(i->if_index, &after), 0);
		assert_true(before.in_octets <= middle.in_octets && middle.in_octets <= after.in_octets);
		assert_true(before.out_octets <= middle.out_octets && middle.out_octets <= after.out_octets);
		assert_true(before.in_packets <= middle.in_packets && middle.in_packets <= after.in_packets);
		assert_true(before.out_packets <= middle.out_packets && middle.out_packets <= after.out_packets);
		assert_true(before.in_errors <= middle.in_errors && middle.in_errors <= after.in_errors);
		assert_true(before.out_errors <= middle.out_errors && middle.out_errors <= after.out_errors);
	}
	if_freenameindex(list);
}

static void test_no_such_interface(void **state)
{
	struct netlink_stats stats = {.in_octets = 7};

	(void)state;
	assert_int_equal(netlink_stats(0, &stats), -ENODEV);
	assert_int_equal(netlink_stats(2147483000, &stats), -ENODEV);
	assert_int_equal(netlink_stats(UINT32_MAX, &stats), -ENODEV);
	assert_int_equal(stats.in_octets, 7);
}

static void test_pipes(void **state UNUSED)
{
	int read_end = -1, write_end = -1;
	char text[4] = "";

	assert_int_equal(fd_pipe(O_NONBLOCK, &read_end, &write_end), 0);
	assert_true(read_end >= FD_HIGH && write_end >= FD_HIGH);
	assert_true(fcntl(read_end, F_GETFD) & FD_CLOEXEC && fcntl(write_end, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(read(read_end, text, sizeof(text)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(fd_write_all(write_end, "abc", 4), 0);
	assert_int_equal(read(read_end, text, sizeof(text)), 4);
	assert_string_equal(text, "abc");
	fd_close(read_end);
	fd_close(write_end);
	assert_int_equal(fd_pipe(-1, &read_end, &write_end), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_is_raised), /* first: the others need high numbers */
		cmocka_unit_test(test_one_of_many),
		cmocka_unit_test(test_high_moves),
		cmocka_unit_test(test_high_of_nothing),
		cmocka_unit_test(test_high_without_room),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_event_that_is_full),
		cmocka_unit_test(test_pipes),
		cmocka_unit_test(test_write_all),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_cloexec_from),
		cmocka_unit_test(test_close),
		cmocka_unit_test(test_clocks),
		cmocka_unit_test(test_jitter),
		cmocka_unit_test(test_interface_counters),
		cmocka_unit_test(test_no_such_interface),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
