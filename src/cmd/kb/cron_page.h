/* What the commands on schedules share: naming one, and showing one. */
#ifndef SK_CMD_CRON_PAGE_H
#define SK_CMD_CRON_PAGE_H

#include "cmd/cmd.h"
#include "setup/cron.h"

/* Opens the configuration for `c`. Returns 0 or a negative code. */
int cron_cmd_open(struct cmd_ctx *c, unsigned flags, struct cron *out, struct err *e);

/* The index of the task that the first plain argument names; -SK_ENOTFOUND with the nearest names.
 * `done` is what was not done: "nothing was removed". */
int cron_cmd_find(struct cmd_ctx *c, const struct cron *config, const char *done, struct err *e);

/* -SK_ENOTFOUND for a word that names neither a schedule nor, with `templates`, a template. */
int cron_cmd_unknown(const struct cron *config, struct span word, bool templates, const char *done,
		     struct err *e);

/* When it is due next: 0 when it is not enabled, now when it is due. */
int64_t cron_cmd_next(const struct cron_task *t, const struct slot_zone *zone, int64_t now_ms);

/* The task as an object of a document. */
void cron_cmd_json(struct json *j, const char *key, const struct cron_task *t,
		   const struct slot_zone *zone, int64_t now_ms);

/* Prints the document of a command that changed one task: its kind is "cron_task". */
void cron_cmd_changed(struct cmd_ctx *c, const char *done, const struct cron_task *t);

/* Turns the task that the argument names on or off. Returns an exit code or a negative code. */
int cron_cmd_turn(struct cmd_ctx *c, bool enabled, struct err *e);

#endif
