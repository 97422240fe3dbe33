/*
 * What an agent has to know to go on with a goal whose conversation is gone: written from the
 * documents each time. The file bears a seal: when the iteration is closed it is written anew, and
 * that must neither take away what a person wrote into it nor put one goal in the place of another.
 */
#include "cmd/goal/goal_context.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/when.h"
#include "cmd/goal/goal_advice.h"
#include "cmd/goal/goal_page.h"
#include "cmd/goal/tentacles.h"
#include "work/doc_file.h"

#define HANDOFF_SHOWN 600 /* bytes of one hand-off's last note */
#define SEAL "<!-- written by sk for goal "

static void put_budget(struct buf *out, const struct goal *g, int64_t now_ms)
{
	struct goal_use use[GOAL_LIMIT_COUNT];

	goal_use_read(g, now_ms, use);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++)
		if (use[i].limit && i != GOAL_LIMIT_COST)
			buf_putf(out, "- %llu of %llu %s\n", (unsigned long long)use[i].used,
				 (unsigned long long)use[i].limit, goal_limit_text(i));
		else if (use[i].limit) {
			buf_puts(out, "- ");
			buf_put_cost(out, use[i].used);
			buf_puts(out, " of ");
			buf_put_cost(out, use[i].limit);
			buf_puts(out, " cost\n");
		}
}

static void put_criteria(struct buf *out, const struct goal *g)
{
	const struct criterion *all = g->criteria.v;

	if (!g->criteria.count)
		return;
	buf_puts(out, "\n## Criteria\n\n");
	for (size_t i = 0; i < g->criteria.count; i++) {
		buf_putf(out, "- [%c] %.*s: %.*s", all[i].status == CRITERION_VERIFIED ? 'x' : ' ',
			 SPAN_ARG(all[i].id), SPAN_ARG(all[i].description));
		if (all[i].command.len)
			buf_putf(out, " (`%.*s`)", SPAN_ARG(all[i].command));
		buf_puts(out, all[i].status == CRITERION_FAILED ? " FAILED\n" : "\n");
	}
}

static void put_tentacles(struct buf *out, const struct goals *all, const struct goal *g)
{
	const struct iteration *it = goal_iteration(g, g->iteration);

	if (!it || !it->tentacles.count)
		return;
	buf_puts(out, "\n## This iteration\n\n");
	for (size_t i = 0; i < it->tentacles.count; i++) {
		const struct tentacle *t = goals_tentacle(all, it->tentacles.v[i]);

		buf_putf(out, "- %.*s: %s", SPAN_ARG(it->tentacles.v[i]),
			 standing_word(tentacle_standing(all, it->tentacles.v[i])));
		if (t && t->description.len)
			buf_putf(out, ": %.*s", SPAN_ARG(t->description));
		if (t) {
			CLEANUP(buf_release) struct buf left = BUF_INIT;

			tentacle_put_left(t, &left);
			if (left.len)
				buf_putf(out, " (%s)", left.p);
		}
		buf_putc(out, '\n');
	}
}

/* The newest note of handoff.md: behind its last heading. */
static struct span last_note(struct span text)
{
	struct span note = text;

	for (size_t at = text.len; at-- > 0;)
		if (text.len - at > 4 && memcmp(text.p + at, "## [", 4) == 0 &&
		    (at == 0 || text.p[at - 1] == '\n')) {
			note = (struct span){ text.p + at + 3, text.len - at - 3 };
			break;
		}
	while (note.len && (note.p[note.len - 1] == '\n' || note.p[note.len - 1] == ' '))
		note.len--;
	if (note.len > HANDOFF_SHOWN) {
		note.len = HANDOFF_SHOWN;
		while (note.len && (note.p[note.len] & 0xc0) == 0x80)
			note.len--;
	}
	return note;
}

static bool put_handoff(struct buf *out, const struct goal_store *s, struct span name)
{
	struct doc_file file = DOC_FILE_INIT;
	char path[160];
	struct span note;
	bool any = false;

	snprintf(path, sizeof(path), TENTACLES_DIR "/%.*s/handoff.md", SPAN_ARG(name));
	if (doc_file_read(goal_store_vfs(s), path, HANDOFF_BYTES_MAX, &file, NULL) == 0 &&
	    file.found != DOC_FILE_NONE) {
		note = last_note((struct span){ file.text.p, file.text.len });
		any = note.len > 0;
		if (any)
			buf_putf(out, "\n### %.*s %.*s\n", SPAN_ARG(name), SPAN_ARG(note));
	}
	doc_file_release(&file);
	return any;
}

/* The newest first: what came last is nearest to what has to be done. */
static void put_handoffs(struct buf *out, const struct goal_store *s, const struct goal *g,
			 uint64_t most)
{
	const struct iteration *its = g->iterations.v;
	uint64_t shown = 0;

	buf_puts(out, "\n## Hand-offs\n");
	for (size_t i = g->iterations.count; i-- > 0 && shown < most;)
		for (size_t k = its[i].tentacles.count; k-- > 0 && shown < most;)
			shown += put_handoff(out, s, its[i].tentacles.v[k]);
	if (!shown)
		buf_puts(out, "\nnone\n");
}

/* A last line that nobody sees who reads the page: of which goal it is, and a sum over all of it.
 */
static void put_seal(struct buf *out, const struct goal *g)
{
	uint64_t sum = hash64(out->p, out->len, 0);

	buf_putf(out, SEAL "%.*s, sum ", SPAN_ARG(g->id));
	buf_put_hex64(out, sum);
	buf_puts(out, " -->\n");
}

/* Whether a text is what we wrote about this goal, and nobody has touched since. */
static bool sealed(const struct buf *text, const struct goal *g)
{
	CLEANUP(buf_release) struct buf again = BUF_INIT;
	size_t len = text->len;

	while (len && strncmp(text->p + len - 1, SEAL, strlen(SEAL)) != 0)
		len--;
	if (!len)
		return false;
	buf_put(&again, text->p, len - 1);
	put_seal(&again, g);
	return again.len == text->len && memcmp(again.p, text->p, text->len) == 0;
}

void goal_context_encode(struct buf *out, const struct goal_store *s, const struct goal *g,
			 uint64_t handoffs, int64_t now_ms)
{
	CLEANUP(goal_advice_release) struct goal_advice a = GOAL_ADVICE_INIT;

	goal_advise(goal_store_goals(s), g, now_ms, &a);
	buf_putf(out, "# Goal: %.*s\n\n%.*s%s", SPAN_ARG(g->title), SPAN_ARG(g->description),
		 g->description.len ? "\n\n" : "");
	buf_putf(out, "Status %s, iteration %llu.\n", goal_state_word(g->status),
		 (unsigned long long)g->iteration);
	put_budget(out, g, now_ms);
	put_tentacles(out, goal_store_goals(s), g);
	put_criteria(out, g);
	put_handoffs(out, s, g, handoffs);
	buf_putf(out, "\n## Next\n\n%s\n\n```\n%s```\n\n", a.recommendation,
		 a.next.p ? a.next.p : "");
	put_seal(out, g);
}

int goal_context_write(const struct goal_store *s, const struct buf *text, struct err *e)
{
	struct doc_file file = DOC_FILE_INIT;
	int rc = doc_file_read(goal_store_vfs(s), GOAL_CONTEXT_FILE, GOAL_FILE_BYTES_MAX, &file, e);

	if (rc == 0)
		rc = doc_file_write(goal_store_vfs(s), GOAL_CONTEXT_FILE,
				    file.found == DOC_FILE_NONE ? NULL : &file.text, text, e);
	doc_file_release(&file);
	return rc;
}

static int refresh(const struct goal_store *s, const struct goal *g, int64_t now_ms,
		   struct doc_file *file, struct err *e)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int rc = doc_file_read(goal_store_vfs(s), GOAL_CONTEXT_FILE, GOAL_FILE_BYTES_MAX, file, e);

	if (rc < 0 || file->found == DOC_FILE_NONE)
		return rc;
	if (!span_contains((struct span){ file->text.p, file->text.len }, g->id))
		return 0; /* it is about another goal */
	if (!sealed(&file->text, g))
		return err_set(
			e, -SK_EREFUSED,
			"%s/" GOAL_CONTEXT_FILE
			": was edited: it was not written anew. Try: sk tentacle goal context "
			"--write",
			goal_store_dir(s));
	goal_context_encode(&text, s, g, GOAL_CONTEXT_HANDOFFS, now_ms);
	return doc_file_write(goal_store_vfs(s), GOAL_CONTEXT_FILE, &file->text, &text, e);
}

void goal_context_refresh(const struct goal_store *s, const struct goal *g, int64_t now_ms)
{
	struct doc_file file = DOC_FILE_INIT;
	struct err problem = ERR_INIT;

	if (refresh(s, g, now_ms, &file, &problem) < 0)
		print_problem(problem.text);
	doc_file_release(&file);
}
