/* SPDX-License-Identifier: MIT */
/* The settings: the part of a context that is sent to the daemon. */
#ifndef CONTEXT_SETTINGS_H
#define CONTEXT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/archive.h"
#include "compat/message.h"
#include "context/socket-paths.h"
#include "manager/named-fds.h"
#include "process/credentials.h"
#include "process/privileges-internal.h"

/* The target of descriptors 1 and 2. */
enum settings_log {
	SETTINGS_LOG_NONE,
	SETTINGS_LOG_FILE,
	SETTINGS_LOG_FD,
};

enum start_fd {
	START_FD_LOG,      /* with SETTINGS_LOG_FD, or opened by the launcher */
	START_FD_READY,    /* s6's notification descriptor */
	START_FD_PID_FILE, /* to a successor */
	START_FD_MANAGER,  /* to a successor: connected to the manager */
	START_FD_OUTPUT,   /* for standard error until the daemon is ready */
	START_FD_COUNT,
};

/* The part that belongs to one start: a successor's is independent of this process's own. */
struct start {
	int timeout;   /* milliseconds until ready; 0: set-up only */
	char *program; /* absolute path of the program, or NULL: as it was executed */
	char *name;    /* of the process, or NULL */
	int *keep;     /* descriptors, ascending, each once */
	size_t keep_count;
	pid_t managed;           /* the launcher, if a service manager started it, or 0 */
	bool successor;          /* the launcher is the daemon to be replaced */
	char *manager;           /* its manager's address, or NULL */
	int fds[START_FD_COUNT]; /* owned, or -1; in an archive also: see settings_pass() */
};

struct settings {
	char *pid_file; /* absolute, or NULL */
	mode_t pid_mode;
	bool pid_file_optional; /* the start may go on without it */
	enum settings_log log;
	char *log_file; /* absolute, with SETTINGS_LOG_FILE */
	mode_t log_mode;
	char *output_file; /* absolute; or NULL: standard output is as standard error */
	mode_t output_mode;
	char *work_dir; /* absolute, or NULL: "/", or in the foreground unchanged */
	char *chroot;   /* absolute, or NULL */
	bool has_credential;
	struct credential credential;
	bool has_umask;
	mode_t umask;
	bool confine_later; /* by daemonkit_context_confine() */
	struct privileges privileges;
	struct descriptors descriptors; /* named */
	unsigned char *payload;         /* wiped when freed */
	size_t payload_length;
	struct socket_paths sockets; /* removed when the daemon ends */
	struct start start;
};

/* The defaults. */
void settings_init(struct settings *settings);

/* Free what it owns, and close its descriptors. */
void settings_clear(struct settings *settings);

/* Forget the owned descriptors, without closing them. */
void start_disown(struct start *start);

/* Close one of the owned descriptors, if it is open. */
void settings_close(struct settings *settings, enum start_fd fd);

/* No log file, and none for standard output. */
void settings_forget_log(struct settings *settings);

/* Wipe and forget the payload. */
void settings_wipe_payload(struct settings *settings);

/* Add a descriptor to the kept ones; 0 or -ENOMEM. */
int start_keep(struct start *start, int fd);

/* Serialize, and parse: 0, -ENOMEM or -EBADMSG; on failure *settings is unchanged. */
int settings_put(const struct settings *settings, struct archive *archive);
int settings_get(struct settings *settings, const void *bytes, size_t length);

/*
 * The alternative to an inherited descriptor, for copies of the settings that are to be sent:
 * it goes with the message, and the number says which one it is.  An inherited descriptor
 * has the number it has in the launcher, and the cost of a start depends on the highest one.
 */
void settings_pass(struct settings *settings, enum start_fd fd, struct compat_passed *passed);

/* In the receiver: take these descriptors.  0, or -EMFILE: one has not arrived. */
int settings_take_passed(struct settings *settings, struct compat_passed *passed);

#endif /* CONTEXT_SETTINGS_H */
