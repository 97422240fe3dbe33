/*
 * What is maintained by the clock: cron-config.json in the folder session-state of the user's
 * .copilot. One file for the machine; people may edit it, and members that others wrote are kept.
 *
 * Changes are made under a kernel lock on a file beside it and replace the file as a whole: after a
 * crash or a power cut it is the old one or the new one. Readers take no lock.
 */
#ifndef SK_CRON_H
#define SK_CRON_H

#include "base/err.h"
#include "core/doc.h"
#include "core/slot.h"
#include "os/lock.h"

#define CRON_FOLDER "session-state"
#define CRON_CONFIG "cron-config.json"
#define CRON_ID_LEN 12

/* As it stands in the file; worked out is `plan`. */
struct cron_schedule {
	uint8_t kind; /* enum slot_kind */
	uint64_t minutes;
	struct span time, day;
	uint64_t day_of_month;
	struct span rest;
	struct slot_plan plan;
};

/* Who runs it just now, or ran it when it was killed; pid 0 = nobody. */
struct cron_running {
	uint64_t pid, start;
	struct span boot_id;
	int64_t since_ms;
};

struct cron_task {
	struct span id, name, template;
	struct cron_schedule schedule;
	uint64_t retention_days; /* of its reports; 0 = CRON_RETENTION_DAYS */
	int64_t created_ms;
	int64_t last_run_ms; /* when it was begun last, and was not busy; 0 = never */
	struct span last_status, last_message;
	int64_t last_try_ms; /* busy or not */
	bool enabled;
	struct cron_running running;
	struct span rest;
};

struct cron {
	int dir_fd; /* of the folder; -1 = there is none */
	struct lock lock;
	struct arena arena;
	struct doc_list tasks; /* of struct cron_task; see cron_at */
	struct span rest;
	bool there;        /* the file is */
	struct buf before; /* what it held */
	struct buf path;   /* of the file, for people */
};

#define CRON_INIT                               \
	{                                       \
		.dir_fd = -1, .lock = LOCK_INIT \
	}

enum cron_flags {
	CRON_WRITE = 1 << 0, /* takes the lock; makes the folder when it is missing */
};

/*
 * Reads the configuration below `copilot` (os/home.h). `command` is told to whoever finds the lock
 * taken. No file, or no folder, is an empty configuration. Returns 0; -SK_EBUSY after
 * CRON_PATIENCE_MS with the holder named; -SK_EREFUSED when file or lock are a link, no file, or
 * somebody else may write them; -SK_EUSAGE with line and column, or the member, when it cannot be
 * used; -SK_EIO. After a failure *c is closed and the file is as it was.
 */
int cron_open(struct cron *c, const char *copilot, unsigned flags, const char *command,
	      struct err *e);
void cron_close(struct cron *c); /* fits CLEANUP */

/*
 * Writes what is in memory, with CRON_WRITE alone. Durable when it returns 0. What somebody changed
 * since it was read without asking for the lock, as an editor does, is left as it is: -SK_EBUSY.
 */
int cron_commit(struct cron *c, struct err *e);

/* Task number `index`; borrowed until the next cron_add or cron_remove. */
struct cron_task *cron_at(const struct cron *c, size_t index);
struct cron_task *cron_find(const struct cron *c, struct span id);

/*
 * Adds one with an id of its own, enabled, everything else empty; its texts must be copied with
 * arena_copy(&c->arena, ...). NULL and *e when there is no room or no random number.
 */
struct cron_task *cron_add(struct cron *c, struct err *e);
void cron_remove(struct cron *c, size_t index);

/* Fills the members of the file from a plan. */
void cron_schedule_set(struct cron *c, struct cron_schedule *s, const struct slot_plan *plan);

/*
 * The one task that a word names: by its id, else by its name, else by its template. Returns its
 * index; -SK_ENOTFOUND, *e unfilled; -SK_EUSAGE with the ids when it names several.
 */
int cron_choose(const struct cron *c, struct span word, struct err *e);

#endif
