/* SPDX-License-Identifier: MIT */
/* The settings: the part of a context that is sent to the daemon. */
#ifndef CONTEXT_SETTINGS_H
#define CONTEXT_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/archive.h"
#include "manager/named-fds.h"
#include "process/credentials.h"
#include "process/privileges-internal.h"

/* The target of descriptors 1 and 2. */
enum settings_log {
	SETTINGS_LOG_NONE,
	SETTINGS_LOG_FILE,
	SETTINGS_LOG_FD,
};

struct settings {
	char *pid_file; /* absolute, or NULL */
	mode_t pid_mode;
	enum settings_log log;
	char *log_file; /* absolute, with SETTINGS_LOG_FILE */
	mode_t log_mode;
	int log_fd;     /* owned, with SETTINGS_LOG_FD, else -1 */
	char *work_dir; /* absolute, or NULL for "/" */
	char *chroot;   /* absolute, or NULL */
	bool has_credential;
	struct credential credential;
	bool has_umask;
	mode_t umask;
	bool confine_later; /* by daemonkit_context_confine() */
	int ready_timeout;  /* milliseconds; 0: set-up only */
	struct privileges privileges;
	struct descriptors descriptors; /* named */
	unsigned char *payload;         /* wiped when freed */
	size_t payload_length;
	int *keep; /* ascending, each once */
	size_t keep_count;
	int ready_fd;  /* owned: s6's notification descriptor, or -1 */
	pid_t managed; /* the launcher, if a service manager started it, or 0 */
	char *name;    /* of the process, or NULL */
	char *program; /* absolute path of the program, or NULL: as it was executed */
	/* From a daemon to its successor. */
	bool successor;
	int pid_fd;     /* owned: the pid file's, or -1 */
	char *manager;  /* the manager's address, or NULL */
	int manager_fd; /* owned: connected to the manager, or -1 */
};

/* The defaults. */
void settings_init(struct settings *settings);

/* Free what it owns, and close its descriptors. */
void settings_clear(struct settings *settings);

/* The owned descriptors without a name; -1 for each that is not set. */
#define SETTINGS_SINGLE 4
void settings_single(const struct settings *settings, int fds[static SETTINGS_SINGLE]);

/*
 * Give up ownership of the descriptors: none is closed.  (Named ones are in a
 * list of their own.)
 */
void settings_disown(struct settings *settings);

/* Wipe and forget the payload. */
void settings_wipe_payload(struct settings *settings);

/* Add a descriptor to the kept ones; 0 or -ENOMEM. */
int settings_keep(struct settings *settings, int fd);

/* Serialize, and parse: 0, -ENOMEM or -EBADMSG; on failure *settings is unchanged. */
int settings_put(const struct settings *settings, struct archive *archive);
int settings_get(struct settings *settings, const void *bytes, size_t length);

#endif /* CONTEXT_SETTINGS_H */
