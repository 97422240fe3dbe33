/*
 * Power is lost at every call that changes the disk while goals are begun, changed and rotated, and
 * their files follow. Afterwards nothing that was acknowledged is missing, and no older version of
 * a file is mistaken for something a person wrote. Then the same with a disk that cheats, to show
 * that it would be seen.
 */
#include "../unit/test.h"

#include "base/hash.h"
#include "core/goal_init.h"
#include "core/goal_turn.h"
#include "goal_sweep.h"
#include "work/goal_store.h"

#define TURNS 14
#define BIG_FROM 5 /* from this turn on the journal grows until it is rotated */
#define BIG_BYTES 200000

static int64_t now_of(unsigned turn)
{
	return 1000000 + turn * 10;
}

/* Title and to-do name the turn; a torn one would show. */
static int one_turn(struct goal_store *s, unsigned turn, char *big)
{
	struct turn *t = goal_store_turn(s);
	const struct goal *g = goals_chosen(goal_store_goals(s));
	const struct tentacle *work = goals_tentacle(goal_store_goals(s), SPAN_LIT("work"));
	size_t len = turn < BIG_FROM ? 20 : BIG_BYTES;
	struct goal next = *g;
	struct tentacle mine;
	int head;

	next.title = turn_text(t, "turn %u", turn);
	goal_record(t, &next, EV_GOAL_BUDGET, NULL);
	memset(big, 'x', len);
	head = snprintf(big, 32, "- [ ] turn %u ", turn);
	big[head] = 'x';
	if (work) {
		mine = *work;
	} else {
		doc_clear(&tentacle_type, &mine);
		mine.name = SPAN_LIT("work");
		if (tentacle_move(t, &mine, ON_TENTACLE_CREATED, NULL) < 0)
			return -1;
		mine = *goals_tentacle(goal_store_goals(s), SPAN_LIT("work"));
	}
	mine.todo_was =
		turn_text(t, "%016llx", (unsigned long long)hash64(mine.todo.p, mine.todo.len, 0));
	mine.todo = (struct span){ big, len };
	tentacle_record(t, &mine, EV_TENTACLE_TODO, NULL);
	return 0;
}

static void script(const struct vfs *vfs, struct promise *p)
{
	struct goal_new fresh = { .id = SPAN_LIT("0d1ed6a0-5b0a-4b0e-9a55-0c6a4c1f1f11"),
				  .title = SPAN_LIT("turn 0") };
	char *big = malloc(BIG_BYTES);
	struct goal_store *s;
	struct err e = ERR_INIT;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		int rc = goal_store_open_on(vfs, GOALS_WRITE | GOALS_CREATE, now_of(turn), &s, &e);

		if (rc < 0)
			break;
		p->attempted = turn + 1;
		rc = turn == 0 ? goal_begin(goal_store_turn(s), &fresh, NULL)
			       : one_turn(s, turn, big);
		if (rc == 0)
			rc = goal_store_commit(s, &e);
		goal_store_close(s);
		if (rc < 0)
			break;
		p->acked = turn + 1;
	}
	free(big);
}

/* The number behind the first `skip` bytes. */
static unsigned number_in(struct span text, size_t skip)
{
	unsigned n = 0;

	for (size_t i = skip; i < text.len && text.p[i] >= '0' && text.p[i] <= '9'; i++)
		n = n * 10 + (unsigned)(text.p[i] - '0');
	return n;
}

/* What is wrong after power came back, or NULL. */
static const char *problem(const struct vfs *vfs, struct promise p, char text[ERR_TEXT_MAX])
{
	const struct goal_file_problem *files;
	struct goal_store *s;
	struct err e = ERR_INIT;
	const struct goal *g;
	const struct tentacle *work;
	const char *wrong = NULL;
	unsigned turn = 0;
	int rc = goal_store_open_on(vfs, GOALS_WRITE | GOALS_CREATE, now_of(100), &s, &e);

	snprintf(text, ERR_TEXT_MAX, "%s", e.text);
	if (rc < 0)
		return "it does not open";
	g = goals_chosen(goal_store_goals(s));
	work = goals_tentacle(goal_store_goals(s), SPAN_LIT("work"));
	if (g)
		turn = number_in(g->title, 5) + 1;
	if (turn < p.acked)
		wrong = "an acknowledged turn is missing";
	else if (turn > p.attempted)
		wrong = "a turn that never was";
	else if (goal_store_problems(s, &files) > 0)
		wrong = files[0].text;
	else if (goal_store_state(s)->happened[EV_GOAL_EDITED] ||
		 goal_store_state(s)->happened[EV_TENTACLE_EDITED] ||
		 goal_store_state(s)->happened[EV_GOAL_IMPORTED])
		wrong = "a file of ours was taken for an edit";
	else if (turn > 1 && (!work || number_in(work->todo, 11) + 1 != turn))
		wrong = "half of a turn";
	if (wrong)
		snprintf(text, ERR_TEXT_MAX, "%s", wrong);
	goal_store_close(s);
	return wrong;
}

static const struct goal_sweep all_of_it = { script, problem };

static void nothing_is_lost_and_nothing_invented(void **state)
{
	char first[ERR_TEXT_MAX] = "";
	unsigned cuts, wrong = goal_sweep(&all_of_it, FAULT_NONE, test_rounds(37, 1), &cuts, first);

	(void)state;
	if (wrong)
		fail_msg("%u worlds: %s", wrong, first);
	assert_true(cuts > 100);
	print_message("# %u cuts\n", cuts);
}

static void a_disk_that_cheats_is_noticed(void **state)
{
	static const enum fault faults[] = { FAULT_NO_JOURNAL_SYNC, FAULT_LATE_JOURNAL_SYNC,
					     FAULT_NO_TEMP_SYNC, FAULT_RENAME_BEFORE_SYNC };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		char first[ERR_TEXT_MAX] = "";
		unsigned cuts;

		if (goal_sweep(&all_of_it, faults[i], test_rounds(41, 1), &cuts, first) == 0)
			fail_msg("not noticed: %s", fault_word(faults[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_lost_and_nothing_invented),
		cmocka_unit_test(a_disk_that_cheats_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
