/* SPDX-License-Identifier: MIT */
/* The same with libbsd. */
#include <bsd/libutil.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

double peer_libbsd_pid_file(void)
{
	double begin = bench_now();
	struct pidfh *file = pidfile_open("/run/daemonkit-bench-libbsd.pid", 0600, NULL);

	if (file == NULL || pidfile_write(file) < 0 || pidfile_remove(file) < 0) {
		perror("libbsd");
		exit(1);
	}
	return bench_now() - begin;
}
