/* SPDX-License-Identifier: MIT */
/*
 * The "status" command, as text and as JSON.
 * Thread-safe on different objects.
 */
#include "control/control-internal.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <daemonkit/error.h>
#include <daemonkit/process.h>

#include "process/process-internal.h"

struct status {
	int exit_code;
	pid_t pid;      /* while it runs */
	int64_t uptime; /* seconds; negative if unknown */
	const char *error;
};

static int find_status(struct daemonkit_control *control, struct status *status)
{
	struct daemonkit_process *process;
	struct stat st;
	int result = daemonkit_context_search(control->context, &process);

	*status = (struct status){ .uptime = -1 };
	if (result == 0) {
		status->pid = daemonkit_process_pid(process);
		status->uptime = process_age(process);
		daemonkit_process_free(process);
		return CONTROL_STATUS_RUNNING;
	}
	if (result != -ESRCH) {
		status->error = daemonkit_error();
		return CONTROL_STATUS_UNKNOWN;
	}
	/* An empty file was left by a daemon that could not remove it. */
	if (lstat(control->context->settings.pid_file, &st) == 0 && st.st_size > 0)
		return CONTROL_STATUS_DEAD;
	return CONTROL_STATUS_STOPPED;
}

void control_describe_time(char *text, size_t size, int64_t seconds)
{
	long long minutes = seconds / 60, hours = minutes / 60, days = hours / 24;

	if (days > 0)
		snprintf(text, size, "%lld d %lld h", days, hours % 24);
	else if (hours > 0)
		snprintf(text, size, "%lld h %lld min", hours, minutes % 60);
	else if (minutes > 0)
		snprintf(text, size, "%lld min %lld s", minutes, (long long)seconds % 60);
	else
		snprintf(text, size, "%lld s", (long long)seconds);
}

static void print_status(struct daemonkit_control *control, const struct status *status)
{
	struct terminal *terminal = &control->terminal;
	char time[64];

	switch (status->exit_code) {
	case CONTROL_STATUS_RUNNING:
		if (status->uptime < 0) {
			terminal_print(terminal, "running, process %ld", (long)status->pid);
			break;
		}
		control_describe_time(time, sizeof time, status->uptime);
		terminal_print(terminal, "running, process %ld, for %s", (long)status->pid, time);
		break;
	case CONTROL_STATUS_DEAD:
		terminal_print(terminal, "not running, but its pid file %s exists",
			       control->context->settings.pid_file);
		break;
	case CONTROL_STATUS_STOPPED:
		terminal_print(terminal, "not running");
		break;
	default:
		terminal_print_error(terminal, "cannot determine whether it runs: %s",
				     status->error);
	}
}

/* The length of this UTF-8 character in bytes, or 0 if it is invalid. */
static size_t print_character(const unsigned char *text)
{
	size_t length = text[0] < 0x80   ? 1
			: text[0] < 0xC2 ? 0
			: text[0] < 0xE0 ? 2
			: text[0] < 0xF0 ? 3
			: text[0] < 0xF5 ? 4
					 : 0;

	for (size_t i = 1; i < length; i++)
		if ((text[i] & 0xC0) != 0x80)
			return 0;
	/* An overlong form, a surrogate, or beyond the last character. */
	if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) ||
	    (text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F))
		return 0;
	return length;
}

/* Print a JSON string; invalid UTF-8 becomes the replacement character. */
static void print_string(const char *string)
{
	const unsigned char *text = (const unsigned char *)string;

	if (string == NULL) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	while (*text != '\0') {
		size_t length = print_character(text);

		if (length == 0)
			fputs("\\ufffd", stdout);
		else if (*text < ' ' || *text == 0x7F)
			printf("\\u%04x", (unsigned)*text);
		else if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else
			fwrite(text, 1, length, stdout);
		text += length == 0 ? 1 : length;
	}
	putchar('"');
}

static void print_number(int64_t number)
{
	if (number < 0)
		fputs("null", stdout);
	else
		printf("%lld", (long long)number);
}

static void print_object(struct daemonkit_control *control, const struct status *status)
{
	static const char *const running[] = { "true", "false", "null", "false", "null" };

	errno = 0;
	fputs("{\"name\": ", stdout);
	print_string(control->name);
	printf(", \"running\": %s, \"pid\": ", running[status->exit_code]);
	print_number(status->pid > 0 ? status->pid : -1);
	fputs(", \"pid_file\": ", stdout);
	print_string(control->context->settings.pid_file);
	fputs(", \"uptime\": ", stdout);
	print_number(status->uptime);
	fputs(", \"error\": ", stdout);
	print_string(status->error);
	fputs("}\n", stdout);
	terminal_flush(&control->terminal, stdout);
}

int control_status(struct daemonkit_control *control, unsigned flags)
{
	struct status status;
	int exit_code = find_status(control, &status);

	status.exit_code = exit_code;
	if ((flags & DAEMONKIT_CONTROL_JSON) != 0)
		print_object(control, &status);
	else
		print_status(control, &status);
	return exit_code;
}
