/* SPDX-License-Identifier: MIT */
/* The daemon's side of what it says to whoever waits. */
#ifndef NOTIFY_H
#define NOTIFY_H

/* Begin with notify_init(). */
struct notify {
	int channel; /* to the launcher; -1 when it does not wait any more */
};

void notify_init(struct notify *notify);

/* Close what it has.  Afterwards all of these succeed and send nothing. */
void notify_close(struct notify *notify);

/* To a launcher that waits: 0 or a negative errno with its text. */
int notify_up(struct notify *notify, int stays);
int notify_ready(struct notify *notify);
int notify_failed(struct notify *notify, int error, const char *text);
int notify_status(struct notify *notify, const char *text);
int notify_extend(struct notify *notify, int milliseconds);

#endif /* NOTIFY_H */
