/* SPDX-License-Identifier: MIT */
/*
 * The steps of daemonkit written by hand, one call after the other, without a library and without
 * what finds out why one fails: what its guarantees cost whoever gives them.
 */
#ifndef SAME_STEPS_H
#define SAME_STEPS_H

/* What they do not do; see struct bench_way. */
#define SAME_LACKS "the text of a failure, other kernels and platforms"

/* Nanoseconds; see struct bench_way. */
double same_spawn(void);
double same_fork(void);
double same_pid_file(void);
double same_stop(void);

/* What main() of the program calls that same_spawn() executes. */
_Noreturn void same_spawned(void);

/* Reap everything until there are no children. */
void same_reap(void);

#endif /* SAME_STEPS_H */
