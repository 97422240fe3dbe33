/* Every command on goals opens, decides once and closes; what differs stands in the commands. */
#include "cmd/goal/goals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "cmd/view.h"
#include "core/agent_turn.h"

void goals_tell(struct goal_store *s)
{
	CLEANUP(buf_release) struct buf lines = BUF_INIT;
	struct span left;

	goal_store_notices(s, &lines);
	left = (struct span){ lines.p, lines.len };
	while (left.len) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;
		struct span first = span_before(left, "\n");

		buf_put(&line, first.p, first.len);
		print_problem(line.p);
		left = (struct span){ left.p + first.len + 1, left.len - first.len - 1 };
	}
}

void goals_close(struct goal_store **s)
{
	if (*s)
		goals_tell(*s);
	goal_store_close(*s);
	*s = NULL;
}

int goals_open(struct cmd_ctx *c, unsigned flags, struct goal_store **out, struct err *e)
{
	char command[128];
	int rc;

	snprintf(command, sizeof(command), "sk %s", c->cmd->path);
	rc = goal_store_open(c->goal_paths, flags, command, c->now_ms, out, e);
	if (rc == -ENOENT)
		return err_set(e, -SK_ENOTFOUND,
			       "there is no goal here yet: no %s. Try: sk tentacle goal init "
			       "--title TEXT",
			       c->goal_paths->state_dir);
	if (rc < 0)
		return rc;
	goal_store_count(*out, &c->done->goals);
	goals_tell(*out);
	return 0;
}

int goals_open_goal(struct cmd_ctx *c, unsigned flags, struct goal_store **out,
		    const struct goal **goal, struct err *e)
{
	int rc = goals_open(c, flags, out, e);

	return rc < 0 ? rc : goal_store_goal(*out, options_text(c->options, "goal"), goal, e);
}

int goals_release_due(struct goal_store *s, int64_t now_ms, const struct goal_words *words,
		      struct buf *name, int64_t *next_ms, struct err *e)
{
	const struct tentacle *t = agent_due(goal_store_goals(s), now_ms, next_ms);
	int rc;

	if (!t)
		return 0;
	buf_put(name, t->name.p, t->name.len);
	rc = agent_released(goal_store_turn(s), t->name, words);
	rc = rc < 0 ? goal_store_refused(s, rc, e) : goal_store_commit(s, e);
	return rc < 0 ? rc : 1;
}

struct goal_words goals_words(const struct cmd_ctx *c, struct goal_actor *actor)
{
	const struct options *o = c->options;
	const char *reason = options_take(o, "reason") ? options_text(o, "reason") : NULL;
	const char *given = options_take(o, "operator") ? options_text(o, "operator") : NULL;

	who_acts(given, actor->name);
	return (struct goal_words){ .operator_name = span_of(actor->name),
				    .reason = span_of(reason),
				    .exit_code = 0 };
}

int uuid_make(char out[37], struct err *e)
{
	unsigned char b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return err_set(e, -SK_EIO, "no random numbers: %s: nothing was done",
			       strerror(errno));
	b[6] = (unsigned char)(0x40 | (b[6] & 0x0f));
	b[8] = (unsigned char)(0x80 | (b[8] & 0x3f));
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
		 b[13], b[14], b[15]);
	return 0;
}

void goals_warn(const struct goal_store *s)
{
	const struct goal_file_problem *all;
	size_t count = goal_store_problems(s, &all);

	for (size_t i = 0; i < count; i++) {
		CLEANUP(buf_release) struct buf line = BUF_INIT;

		buf_putf(&line, "%s. Try: sk tentacle goal repair%s%s", all[i].text,
			 all[i].tentacle ? " --tentacle " : "",
			 all[i].tentacle ? all[i].subject : "");
		print_problem(line.p);
	}
}
