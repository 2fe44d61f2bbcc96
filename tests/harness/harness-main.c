/* SPDX-License-Identifier: MIT */
/*
 * The main function of the test programs: environment, helpers, results.
 * Not thread-safe.
 */
#include "harness/harness.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static char self[PATH_MAX];
const char *harness_self = self;

static int run_helper(int argc, char *argv[], const struct harness_helper *helpers)
{
	for (; helpers && helpers->name; helpers++)
		if (strcmp(helpers->name, argv[2]) == 0)
			return helpers->main(argc - 2, argv + 2);
	fprintf(stderr, "%s: no helper %s\n", argv[0], argv[2]);
	return 127;
}

/* Remove what "make check" adds to the environment and tests must not see. */
static void clean_surroundings(void)
{
	static const char *const names[] = {
		"NOTIFY_SOCKET", "SYSTEMD_EXEC_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
		"WATCHDOG_USEC", "WATCHDOG_PID",     "MAKEFLAGS",  "MFLAGS",     "MAKELEVEL",
	};
	DIR *fds = opendir("/proc/self/fd");
	int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct dirent *entry;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
	if (input >= 0)
		dup2(input, 0);
	while (fds && (entry = readdir(fds))) {
		int fd = atoi(entry->d_name);

		if (isdigit((unsigned char)entry->d_name[0]) && fd > 2 && fd != dirfd(fds))
			close(fd);
	}
	if (fds)
		closedir(fds);
}

/* In "ok 3 - file.c:case:test: Passed", the start of the message. */
static char *message_of(char *line)
{
	char *message = strstr(line, ".c:");

	for (int colons = 0; message && colons < 3; colons++) {
		message = strchr(message, ':');
		message = message ? message + 1 : NULL;
	}
	return message;
}

/* Print one of Check's result lines, skipped tests as skipped; did the test fail? */
static bool print_line(char *line)
{
	bool failed = strncmp(line, "not ok ", 7) == 0;
	char *message = failed ? message_of(line) : NULL;

	line[strcspn(line, "\n")] = '\0';
	if (!failed && strncmp(line, "ok ", 3) != 0 && strncmp(line, "1..", 3) != 0) {
		printf("# %s\n", line);
		return false;
	}
	if (message && strncmp(message, " SKIP ", 6) == 0) {
		*message = '\0';
		printf("%s # SKIP %s\n", line + strlen("not "), message + strlen(" SKIP "));
		return false;
	}
	/* A "#" would be read as the start of a directive. */
	for (char *hash = line; (hash = strchr(hash, '#')); hash++)
		*hash = '/';
	printf("%s\n", line);
	return failed;
}

static int print_results(FILE *results)
{
	char line[8192];
	bool failed = false;

	rewind(results);
	while (fgets(line, sizeof line, results))
		failed |= print_line(line);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Check runs nothing and reports success when its variables select no test. */
static bool is_selection_empty(SRunner *runner)
{
	static const char *const names[] = { "CK_RUN_CASE", "CK_RUN_SUITE", "CK_INCLUDE_TAGS",
					     "CK_EXCLUDE_TAGS" };

	if (srunner_ntests_run(runner) > 0)
		return false;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *value = getenv(names[i]);

		if (!value)
			continue;
		printf("Bail out! %s=%s selects no test; the cases are: %s\n", names[i], value,
		       harness_case_names());
		return true;
	}
	return false;
}

int harness_main(int argc, char *argv[], Suite *suite, const struct harness_helper *helpers)
{
	char results_path[64];
	SRunner *runner = srunner_create(suite);
	FILE *results;
	bool is_known = readlink("/proc/self/exe", self, sizeof self - 1) > 0;
	int result;

	/* A helper may run without /proc, or from a path that is too long. */
	if (argc > 2 && strcmp(argv[1], "--helper") == 0) {
		srunner_free(runner);
		return run_helper(argc, argv, helpers);
	}
	if (!is_known)
		return 99;
	result = harness_run_copy(argv);
	if (result >= 0) {
		srunner_free(runner);
		return result;
	}
	clean_surroundings();
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	results = tmpfile();
	if (!results)
		return 99;
	fcntl(fileno(results), F_SETFD, FD_CLOEXEC);
	snprintf(results_path, sizeof results_path, "/proc/self/fd/%d", fileno(results));
	srunner_set_fork_status(runner, CK_FORK);
	srunner_set_tap(runner, results_path);
	srunner_run_all(runner, CK_SILENT);
	if (is_selection_empty(runner))
		result = EXIT_FAILURE;
	else
		result = print_results(results);
	srunner_free(runner);
	fclose(results);
	return result;
}
