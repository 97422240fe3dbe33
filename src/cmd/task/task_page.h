/* The parts of a task that several commands show in the same words. */
#ifndef SK_TASK_PAGE_H
#define SK_TASK_PAGE_H

#include "cmd/cmd.h"
#include "cmd/view.h"

/* Appends its command line as a person would type it, at most `max` bytes. */
void task_put_command(const struct task *t, size_t max, struct buf *out);

/* Appends the folder it runs in; nothing when that is where the worker stands. */
void task_put_cwd(const struct state *st, const struct task *t, struct buf *out);

/* Appends "git_repo_write, cpu_cores 2"; nothing when it takes none. */
void task_put_resources(const struct state *st, const struct task *t, struct buf *out);

/* One row: id, state, story. */
void task_put_row(const struct cmd_ctx *c, struct table *t, uint32_t task);

/* The members of a task: those of `sk status`, its workstream, priority, stage and fault. The
 * caller opens and ends the object. */
void task_put_json(const struct cmd_ctx *c, struct json *j, uint32_t task);

/* A raw member of a definition, or an empty span. */
struct span def_member(struct span def, const char *name);

/* A member of a definition that is a string, appended. */
void def_put_text(struct span def, const char *name, struct buf *out);

#endif
