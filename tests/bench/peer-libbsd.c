/* SPDX-License-Identifier: MIT */
/* The same with libbsd. */
#include <bsd/libutil.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

static double pid_file(void)
{
	const char *path = bench_temporary("libbsd.pid");
	double begin = bench_begin();
	struct pidfh *file = pidfile_open(path, 0600, NULL);

	if (file == NULL || pidfile_write(file) < 0 || pidfile_remove(file) < 0) {
		perror("libbsd");
		exit(1);
	}
	return bench_end(begin);
}

const struct bench_way bench_ways[] = {
	{ "pidfile", BENCH_PEER, "libbsd", "proof of the holder for others, moved or linked files",
	  pid_file },
	{ NULL, BENCH_FLOOR, NULL, NULL, NULL },
};
