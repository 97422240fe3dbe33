/*
 * Power is lost at every call that changes the disk while hand-offs are recorded and their file
 * follows. Afterwards every acknowledged one is in handoff.md, whole and once, and nothing that the
 * loss left there is taken for somebody's words.
 */
#include "../unit/test.h"

#include "base/limits.h"
#include "core/handoff.h"
#include "core/tentacle_handoff.h"
#include "core/tentacle_new.h"
#include "goal_sweep.h"
#include "work/tentacle_dir.h"

#define TURNS 6

static int64_t now_of(unsigned turn)
{
	return 1000000 + turn * 60000;
}

static int begin(struct goal_store *s)
{
	struct tentacle_new fresh = { .name = SPAN_LIT("work"),
				      .id = SPAN_LIT("0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11") };

	return tentacle_begin(goal_store_turn(s), &fresh, &(struct goal_words){ .attempt = 0 });
}

/* The section of a turn is long, so that it can be torn. */
static int hand_off(struct goal_store *s, unsigned turn)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	CLEANUP(buf_release) struct buf before = BUF_INIT;
	CLEANUP(buf_release) struct buf section = BUF_INIT;
	const struct tentacle *t = goals_tentacle(goal_store_goals(s), SPAN_LIT("work"));
	struct handoff_entry entry = { .at_ms = now_of(turn), .status = HANDOFF_DONE };
	struct handoff_given given = { .park = NULL };
	int rc = tentacle_handoff_text(s, t, &before, NULL);

	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < 400; i++)
		buf_putf(&words, "turn %u line %u\n", turn, i);
	entry.message = (struct span){ words.p, words.len };
	given.before = (struct span){ before.p, before.len };
	handoff_encode(&entry, given.before, &section);
	given.entry = (struct span){ section.p, section.len };
	return tentacle_hand_off(goal_store_turn(s), SPAN_LIT("work"), &given,
				 &(struct goal_words){ .attempt = 0 });
}

static void script(const struct vfs *vfs, struct promise *p)
{
	struct goal_store *s;
	struct err e = ERR_INIT;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		int rc = goal_store_open_on(vfs, GOALS_WRITE | GOALS_CREATE, now_of(turn), &s, &e);

		if (rc < 0)
			return;
		p->attempted = turn;
		rc = turn == 0 ? begin(s) : hand_off(s, turn);
		if (rc == 0)
			rc = goal_store_commit(s, &e);
		goal_store_close(s);
		if (rc < 0)
			return;
		p->acked = turn;
	}
}

/* How many sections there are when each is whole and they follow each other; -1 otherwise. */
static int sections_of(const struct buf *text)
{
	struct span all = { text->p, text->len };
	struct handoff_section section;
	size_t at = 0;
	int count = 0;

	while (handoff_next(all, &at, &section)) {
		CLEANUP(buf_release) struct buf last = BUF_INIT;
		struct span own = { text->p + section.at, section.end - section.at };

		buf_putf(&last, "turn %d line 399\n\nSTATUS: DONE\n", ++count);
		if (!span_contains(own, (struct span){ last.p, last.len }))
			return -1;
	}
	return count;
}

static const char *look(const struct goal_store *s, struct promise p)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	const struct tentacle *t = goals_tentacle(goal_store_goals(s), SPAN_LIT("work"));
	const struct goal_file_problem *files;
	const uint64_t *happened = goal_store_state(s)->happened;
	int sections;

	if (!t)
		return p.acked ? "the tentacle is gone" : NULL;
	if (goal_store_problems(s, &files) > 0)
		return "a file is unusable";
	if (happened[EV_TENTACLE_EDITED])
		return "a file of ours was taken for an edit";
	if (tentacle_read(s, t->name, HANDOFF_FILE, HANDOFF_BYTES_MAX, &text, NULL) < 0)
		return "handoff.md cannot be read";
	sections = sections_of(&text);
	if (sections < 0)
		return "a torn section";
	if ((unsigned)sections < p.acked)
		return "an acknowledged hand-off is missing";
	if ((unsigned)sections > p.attempted)
		return "a hand-off that never was";
	if ((uint64_t)sections != happened[EV_TENTACLE_HANDED_OFF])
		return "file and record tell different hand-offs";
	return NULL;
}

/* What is wrong after power came back, or NULL. The file follows when a command has written. */
static const char *problem(const struct vfs *vfs, struct promise p, char text[ERR_TEXT_MAX])
{
	const char *wrong = NULL;

	(void)text;
	for (unsigned again = 0; again < 2 && !wrong; again++) {
		struct goal_store *s;
		int rc = goal_store_open_on(vfs, GOALS_WRITE | GOALS_CREATE, now_of(100), &s, NULL);

		if (rc < 0)
			return "it does not open";
		wrong = look(s, p);
		goal_store_close(s);
	}
	return wrong;
}

static const struct goal_sweep all_of_it = { script, problem };

static void every_hand_off_is_there_once(void **state)
{
	char first[ERR_TEXT_MAX] = "";
	unsigned cuts, wrong = goal_sweep(&all_of_it, FAULT_NONE, test_rounds(5, 1), &cuts, first);

	(void)state;
	if (wrong)
		fail_msg("%u worlds: %s", wrong, first);
	assert_true(cuts > 50);
	print_message("# %u cuts\n", cuts);
}

static void a_journal_that_is_not_synced_is_noticed(void **state)
{
	char first[ERR_TEXT_MAX] = "";
	unsigned cuts;

	(void)state;
	assert_true(goal_sweep(&all_of_it, FAULT_NO_JOURNAL_SYNC, test_rounds(5, 1), &cuts, first) >
		    0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_hand_off_is_there_once),
		cmocka_unit_test(a_journal_that_is_not_synced_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
