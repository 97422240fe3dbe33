/* A goal with what has to be true at its end: all of it is checked before anything is written. */
#include <stdio.h>

#include "base/limits.h"
#include "cmd/goal/goal_page.h"
#include "core/goal_criteria.h"
#include "core/goal_init.h"
#include "work/doc_file.h"

/* The first key of members as the document keeps them: "key":value,... */
static struct span first_key(struct span rest)
{
	const char *end = rest.len > 1 ? memchr(rest.p + 1, '"', rest.len - 1) : NULL;

	return end ? (struct span){ rest.p, (size_t)(end + 1 - rest.p) } : SPAN_NONE;
}

/* --criterion number `index` as a document; its place is named when it is none. */
static int decode(size_t index, const char *text, struct arena *arena, struct criterion *out,
		  struct err *e)
{
	char place[48];

	snprintf(place, sizeof(place), "--criterion %zu", index + 1);
	doc_clear(&criterion_type, out);
	if (doc_file_decode(place, span_of(text), &criterion_ask_type, DOC_FILE, arena, out, e) < 0)
		return -SK_EUSAGE;
	if (out->rest.len)
		return err_set(e, -SK_EUSAGE,
			       "%s: %.*s is not for you to say of a criterion: nothing was "
			       "changed. Try: id, description, verification_command and "
			       "timeout_seconds",
			       place, SPAN_ARG(first_key(out->rest)));
	if (!out->description.len && !out->command.len)
		return err_set(e, -SK_EUSAGE,
			       "%s: has neither description nor verification_command: nothing was "
			       "changed",
			       place);
	return 0;
}

static int add_criteria(struct cmd_ctx *c, struct goal_store *s, struct span id,
			const struct goal_words *words, struct err *e)
{
	struct turn *t = goal_store_turn(s);
	const char *text;

	for (size_t i = 0; (text = options_each(c->options, "criterion", i)) != NULL; i++) {
		const struct goal *g = goals_find(goal_store_goals(s), id);
		struct criterion fresh;
		struct span added;
		int rc = decode(i, text, goal_arena(t), &fresh, e);

		if (rc == 0) {
			rc = goal_criterion_add(t, g, &fresh, words, &added);
			if (rc < 0)
				return goal_store_refused(s, rc == -SK_EREFUSED ? -SK_EUSAGE : rc,
							  e);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Before the store is made: a bad word leaves no folder behind. */
static int check_criteria(struct cmd_ctx *c, struct err *e)
{
	struct arena arena = ARENA_INIT;
	const char *text;
	int rc = 0;

	for (size_t i = 0; rc == 0 && (text = options_each(c->options, "criterion", i)) != NULL;
	     i++) {
		struct criterion one;

		rc = decode(i, text, &arena, &one, e);
	}
	arena_release(&arena);
	return rc;
}

static int begin(struct cmd_ctx *c, struct goal_new *fresh, struct goal_store **s, struct err *e)
{
	struct goal_actor actor;
	const struct goal_words words = goals_words(c, &actor);
	int rc = goals_open(c, GOALS_WRITE | GOALS_CREATE, s, e);

	if (rc < 0)
		return rc;
	rc = goal_begin(goal_store_turn(*s), fresh, &words);
	if (rc < 0)
		return goal_store_refused(*s, rc, e);
	rc = add_criteria(c, *s, fresh->id, &words, e);
	return rc < 0 ? rc : goal_store_commit(*s, e);
}

static int tentacle_goal_create_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(goals_close) struct goal_store *s = NULL;
	struct goal_new fresh = {
		.title = span_of(options_text(c->options, "title")),
		.description = span_of(options_text(c->options, "desc")),
		.beside = options_has(c->options, "force"),
	};
	const struct goal *g;
	char id[37];
	int rc = goal_limits_read(c, &fresh.budget, e);

	if (rc == 0)
		rc = check_criteria(c, e);
	if (rc == 0)
		rc = uuid_make(id, e);
	fresh.id = span_of(id);
	if (rc == 0)
		rc = begin(c, &fresh, &s, e);
	if (rc < 0)
		return rc;
	g = goals_find(goal_store_goals(s), fresh.id);
	if (c->json) {
		goal_json(c, g);
		return EXIT_DONE;
	}
	goal_put_line(c->out, g);
	out_putf(c->out, "%zu criteri%s\n", g->criteria.count, g->criteria.count == 1 ? "on" : "a");
	return EXIT_DONE;
}

static const struct option_row tentacle_goal_create_options[] = {
	{ .name = "title",
	  .kind = OPTION_TEXT,
	  .value = "TEXT",
	  .summary = "what is to be reached" },
	{ .name = "desc", .kind = OPTION_TEXT, .value = "TEXT", .summary = "what it is about" },
	{ .name = "criterion",
	  .kind = OPTION_TEXT,
	  .value = "JSON",
	  .repeats = true,
	  .summary = "an object with description, verification_command, id (sc-1, sc-2, ...) and "
		     "timeout_seconds" },
	GOAL_LIMIT_OPTIONS,
	{ .name = "force",
	  .kind = OPTION_FLAG,
	  .summary = "although another goal is not at its end; that one stays, see goal list" },
	OPERATOR_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_tentacle_goal_create = {
	.path = "tentacle goal create",
	.summary = "begin a goal with its criteria",
	.usage = "[--title TEXT] [--criterion JSON]...",
	.about = "As goal init. All criteria are checked before anything is written: one that "
		 "cannot "
		 "be used, or two of one name, and there is no goal.",
	.example = "sk goal create --title \"Port it\" --criterion "
		   "'{\"verification_command\":\"make\"}'",
	.options = tentacle_goal_create_options,
	.needs = NEED_GOALS,
	.run = tentacle_goal_create_run,
};
