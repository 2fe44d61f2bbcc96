/* SPDX-License-Identifier: MIT */
/*
 * An unprivileged user who owns a directory and exchanges what is in it, while root uses a file
 * there; and a file and a process of root that must not be harmed.
 */
#ifndef ENEMY_TOOLS_H
#define ENEMY_TOOLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct enemy {
	pid_t attacker, victim;
	int end; /* closed to end both */
	struct stat before;
	int64_t until;
};

/* Create the directory, if the test needs it earlier. Needs root. */
void enemy_prepare(void);

/*
 * Start both in the directory @/open: they fight for the files with these two names.
 * If hard links to the victim are permitted, the attacker makes them, too.
 */
struct enemy enemy_start(const char *first, const char *second, bool hard_links);

/* Is there time for another round? $ENEMY_MILLISECONDS, 1000 by default. */
bool enemy_continues(const struct enemy *enemy);

/* End them, and check that neither file nor process has been harmed. */
void enemy_end(struct enemy *enemy);

/* One call of the library: begin, and check its result, its text and its duration. */
void enemy_begin_call(void);
void enemy_check_call(const char *what, int result, const int *errors, size_t count);

#endif /* ENEMY_TOOLS_H */
