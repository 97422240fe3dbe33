/* One way to name, open and print a tentacle, so that all commands on them read alike. */
#include "cmd/goal/tentacles.h"

#include <errno.h>
#include <stdio.h>

#include "core/tentacle_work.h"
#include "core/todo.h"

#define NAMES_SHOWN 3

int tentacles_open_store(struct cmd_ctx *c, unsigned flags, struct goal_store **out, struct err *e)
{
	char command[128];
	int rc;

	snprintf(command, sizeof(command), "sk %s", c->cmd->path);
	rc = goal_store_open(c->goal_paths, flags, command, c->now_ms, out, e);
	if (rc == -ENOENT)
		return err_set(e, -SK_ENOTFOUND,
			       "there is no tentacle here yet: no %s. Try: sk tentacle create NAME",
			       c->goal_paths->state_dir);
	if (rc < 0)
		return rc;
	goal_store_count(*out, &c->done->goals);
	goals_tell(*out);
	return 0;
}

struct span tentacles_name(const struct cmd_ctx *c)
{
	return span_of(c->options->args[0]);
}

int tentacles_open(struct cmd_ctx *c, unsigned flags, struct goal_store **out,
		   const struct tentacle **t, struct err *e)
{
	int rc = tentacles_open_store(c, flags | GOALS_NAMED, out, e);

	return rc < 0 ? rc : goal_store_tentacle(*out, c->options->args[0], t, e);
}

int tentacles_check_name(struct span name, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (!name_problem(name))
		return 0;
	buf_put_quoted(&shown, name, 80);
	return err_set(e, -SK_EUSAGE,
		       "invalid name %s: %s: no tentacle was made. Try: a name such as port-parser",
		       shown.p, name_problem(name));
}

int tentacles_commit(struct goal_store *s, struct span name, const struct tentacle **t,
		     struct err *e)
{
	int rc = goal_store_commit(s, e);

	*t = goals_tentacle(goal_store_goals(s), name);
	return rc;
}

const char *tentacle_owner_word(const struct tentacle *t)
{
	return t->owner.pid ? owner_life_word(owner_life(&t->owner)) : "none";
}

static void put_names(const struct texts *names, struct buf *out)
{
	for (size_t i = 0; i < names->count && i < NAMES_SHOWN; i++) {
		buf_puts(out, i ? ", " : "");
		buf_put_visible(out, names->v[i]);
	}
	if (names->count > NAMES_SHOWN)
		buf_putf(out, " and %zu more", names->count - NAMES_SHOWN);
}

void tentacle_put_left(const struct tentacle *t, struct buf *out)
{
	bool unmerged = tentacle_unmerged(t);

	if (unmerged && t->worktree.conflicts.count) {
		buf_puts(out, "not merged, conflicts in ");
		put_names(&t->worktree.conflicts, out);
	} else if (unmerged) {
		buf_puts(out, "handed off, not merged");
	}
	if (!t->outside_scope.count)
		return;
	buf_putf(out, "%soutside of its scope: ", unmerged ? "; " : "");
	put_names(&t->outside_scope, out);
}

void tentacle_put_json(struct json *j, const struct tentacle *t, int64_t now_ms)
{
	struct todo_count count = todo_count(t->todo);

	doc_encode_members(&tentacle_type, t, DOC_COMPACT, j->fresh, &j->out->buf);
	j->fresh = false;
	json_u64(j, "todos_done", count.done);
	json_u64(j, "todos_total", count.total);
	json_bool(j, "handoff", t->handoff_bytes > 0);
	json_text(j, "owner_life", tentacle_owner_word(t));
	json_i64(j, "age_ms", now_ms > t->updated_ms ? now_ms - t->updated_ms : 0);
}

void tentacle_print_json(struct cmd_ctx *c, const struct tentacle *t)
{
	struct json j;

	json_open(&j, c->out, "tentacle");
	tentacle_put_json(&j, t, c->now_ms);
	json_close(&j);
}

void texts_add_list(struct arena *arena, struct texts *out, const char *list)
{
	while (list && *list) {
		size_t len = strcspn(list, ",");
		struct span part = { list, len };

		while (part.len && part.p[0] == ' ') {
			part.p++;
			part.len--;
		}
		while (part.len && part.p[part.len - 1] == ' ')
			part.len--;
		if (part.len)
			texts_add(arena, out, part);
		list += len + (list[len] == ',');
	}
}

void texts_add_options(struct arena *arena, struct texts *out, const struct cmd_ctx *c,
		       const char *option, bool lists)
{
	const char *value;

	for (size_t i = 0; (value = options_each(c->options, option, i)) != NULL; i++) {
		if (lists)
			texts_add_list(arena, out, value);
		else
			texts_add(arena, out, span_of(value));
	}
}
