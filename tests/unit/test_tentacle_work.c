/*
 * The work of tentacles as decisions: what is handed off, parked, proved, divided and completed,
 * and what each of them leaves behind in the record.
 */
#include "core_world.h"

#include "core/handoff.h"
#include "core/tentacle_handoff.h"
#include "core/tentacle_new.h"
#include "core/tentacle_work.h"
#include "core/todo.h"

struct desk {
	struct world w;
	struct turn t;
};

static const struct goal_words nobody = { .reason = { "test", 4 } };
static const struct texts nothing = { NULL, 0 };

static void begin(struct desk *d)
{
	world_init(&d->w);
	d->t = (struct turn){ .st = &d->w.st,
			      .batch = &d->w.batch,
			      .fx = &d->w.fx,
			      .now_ms = WORLD_START_MS,
			      .why = &d->w.why };
}

static int add(struct desk *d, const char *name, const char *todo)
{
	struct tentacle_new fresh = { .name = span_of(name),
				      .id = SPAN_LIT("id"),
				      .todo = span_of(todo) };

	buf_truncate(&d->w.why, 0);
	return tentacle_begin(&d->t, &fresh, &nobody);
}

static const struct tentacle *get(struct desk *d, const char *name)
{
	return goals_tentacle(&d->w.st.goals, span_of(name));
}

static int hand_off(struct desk *d, const char *name, const char *before, const char *entry,
		    const struct quota_park *park)
{
	struct handoff_given given = { span_of(before), span_of(entry), park };

	return tentacle_hand_off(&d->t, span_of(name), &given, &nobody);
}

static void names_are_checked(void **state)
{
	struct desk d;

	(void)state;
	begin(&d);
	assert_int_equal(add(&d, "build", NULL), 0);
	assert_int_equal(add(&d, "build", NULL), -SK_EREFUSED);
	assert_int_equal(add(&d, "Build", NULL), -SK_EUSAGE);
	assert_non_null(strstr(d.w.why.p, "collides with \"build\""));
	assert_int_equal(add(&d, "../x", NULL), -SK_EUSAGE);
	assert_int_equal(add(&d, "", NULL), -SK_EUSAGE);
	assert_int_equal(d.w.st.goals.tentacle_count, 1);
	world_release(&d.w);
}

static void a_limit_parks_and_costs_no_attempt(void **state)
{
	const struct quota_park park = { .kind = SPAN_LIT("rate_limit"), .due_ms = 99 };
	struct tentacle running;
	struct desk d;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	running = *get(&d, "x");
	running.attempts = 1;
	running.owner.pid = 4;
	assert_int_equal(tentacle_move(&d.t, &running, ON_AGENT_STARTED, &nobody), 0);
	assert_int_equal(hand_off(&d, "x", "", "## [t]\nSTATUS: BLOCKED\n", &park), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_PARKED);
	assert_int_equal(get(&d, "x")->attempts, 0);
	assert_int_equal(get(&d, "x")->parked.times, 1);
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("x"), 0, &nothing, &nobody), -SK_EPARKED);
	assert_int_equal(tentacle_dispatch(&d.t, SPAN_LIT("x"), true, NULL, &nobody), -SK_EPARKED);
	assert_int_equal(tentacle_take_up(&d.t, SPAN_LIT("x"), &nobody), 0);
	assert_int_equal(get(&d, "x")->parked.kind.len, 0);
	assert_int_equal(get(&d, "x")->parked.times, 1); /* the next pause is longer */
	assert_int_equal(tentacle_hold(&d.t, SPAN_LIT("x"), true, &nobody), -SK_EREFUSED);
	world_release(&d.w);
}

static void a_prompt_takes_an_order_back(void **state)
{
	struct tentacle ordered;
	struct desk d;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	ordered = *get(&d, "x");
	ordered.owner.pid = 7;
	ordered.owner.nonce = SPAN_LIT("n1");
	assert_int_equal(tentacle_move(&d.t, &ordered, ON_DISPATCHED, &nobody), 0);
	assert_int_equal(tentacle_dispatch(&d.t, SPAN_LIT("x"), false, NULL, &nobody), 0);
	assert_int_equal(get(&d, "x")->owner.nonce.len, 0);
	assert_int_equal(get(&d, "x")->owner.pid, 0);
	world_release(&d.w);
}

static void the_file_is_known_by_its_sections(void **state)
{
	struct span first = SPAN_LIT("## [1]\na\n"), second = SPAN_LIT("## [2]\nSTATUS: DONE\n");
	struct desk d;
	size_t before;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	assert_int_equal(hand_off(&d, "x", "", first.p, NULL), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_IDLE); /* a note */
	assert_int_equal(hand_off(&d, "x", first.p, second.p, NULL), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_HANDED_OFF);
	assert_int_equal(get(&d, "x")->handoff_bytes, first.len + second.len);
	assert_true(span_eq(get(&d, "x")->handoff_last, second));
	before = d.w.batch.count;
	tentacle_adopt_handoff(&d.t, SPAN_LIT("x"), HANDOFF_EDITED,
			       SPAN_LIT("## [1]\nSTATUS: TOO_BIG\n"), SPAN_NONE, SPAN_NONE, NULL);
	assert_int_equal(d.w.batch.count, before + 1);
	assert_int_equal(get(&d, "x")->terminal_status, HANDOFF_TOO_BIG);
	assert_int_equal(get(&d, "x")->handoff_last.len, 0);
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("x"), 0, &nothing, &nobody), 0);
	assert_int_equal(hand_off(&d, "x", "", second.p, NULL), -SK_EREFUSED);
	tentacle_adopt_handoff(&d.t, SPAN_LIT("x"), HANDOFF_APPENDED, second, second, SPAN_NONE,
			       NULL);
	assert_int_equal(get(&d, "x")->status, TENTACLE_COMPLETED); /* closed: kept as a note */
	world_release(&d.w);
}

static void verify_as(struct desk *d, const char *label, const char *command, const char *source,
		      int64_t exit_code, uint8_t severity)
{
	struct verification v = { .label = span_of(label),
				  .command = span_of(command),
				  .source = span_of(source),
				  .severity = severity,
				  .exit_code = exit_code,
				  .started_ms = WORLD_START_MS };

	tentacle_verified(&d->t, SPAN_LIT("x"), &v, &nobody);
}

static void verify(struct desk *d, const char *command, int64_t exit_code, uint8_t severity)
{
	verify_as(d, command, command, NULL, exit_code, severity);
}

static int may_complete(struct desk *d)
{
	return tentacle_may_complete(&d->t, get(d, "x"));
}

static void a_failure_is_not_lifted_by_saying_less(void **state)
{
	const struct verification *v;
	struct desk d;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	verify(&d, "make test", 1, CHECK_CRITICAL);
	verify(&d, "make test", 1, CHECK_LOW);
	v = get(&d, "x")->verifications.v;
	assert_int_equal(v[1].severity, CHECK_CRITICAL);
	assert_int_equal(may_complete(&d), -SK_EWORK);
	verify_as(&d, "make test", "make test", "auto_verify", 1, CHECK_LOW);
	assert_int_equal(may_complete(&d), -SK_EWORK);
	verify(&d, "make test", 0, CHECK_LOW);
	assert_int_equal(may_complete(&d), 0);
	verify(&d, "make test", 1, CHECK_LOW); /* it passed in between: begun anew */
	v = get(&d, "x")->verifications.v;
	assert_int_equal(v[4].severity, CHECK_LOW);
	assert_int_equal(may_complete(&d), 0);
	world_release(&d.w);
}

static void a_mended_command_of_the_same_label_counts(void **state)
{
	struct desk d;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	verify_as(&d, "tests", "make tset", NULL, 2, CHECK_HIGH);
	verify_as(&d, "tests", "make test", NULL, 2, CHECK_LOW);
	assert_int_equal(may_complete(&d), -SK_EWORK);
	verify_as(&d, "others", "make others", NULL, 0, CHECK_HIGH);
	assert_int_equal(may_complete(&d), -SK_EWORK);
	verify_as(&d, "tests", "make test", NULL, 0, CHECK_HIGH);
	assert_int_equal(may_complete(&d), 0);
	world_release(&d.w);
}

static void the_newest_proof_of_a_command_counts(void **state)
{
	struct desk d;
	size_t at = 0;

	(void)state;
	begin(&d);
	add(&d, "x", NULL);
	verify(&d, "make test", 1, CHECK_HIGH);
	verify(&d, "lint", 1, CHECK_LOW);
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("x"), 0, &nothing, &nobody), -SK_EWORK);
	verify(&d, "make test", 0, CHECK_HIGH);
	assert_true(span_is(tentacle_failing(get(&d, "x"), &at)->command, "lint"));
	assert_null(tentacle_failing(get(&d, "x"), &at));
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("x"), 0, &nothing, &nobody), 0);
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("x"), 0, &nothing, &nobody),
			 -SK_EREFUSED);
	world_release(&d.w);
}

static void parents_end_with_their_last_part(void **state)
{
	struct span names[] = { SPAN_LIT("b"), SPAN_LIT("c") };
	struct span ids[] = { SPAN_LIT("i1"), SPAN_LIT("i2") };
	const struct texts children = { names, 2 };
	struct desk d;

	(void)state;
	begin(&d);
	add(&d, "x", "- [ ] one\n  - [ ] below\n- [ ] two\n");
	assert_int_equal(tentacle_split(&d.t, SPAN_LIT("x"), &children, ids, &nobody), 0);
	assert_int_equal(todo_count(get(&d, "b")->todo).total, 2);
	assert_int_equal(todo_count(get(&d, "c")->todo).total, 1);
	assert_int_equal(todo_count(get(&d, "x")->todo).total, 0); /* given away */
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("b"), 0, &nothing, &nobody), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_IDLE);
	assert_int_equal(tentacle_complete(&d.t, SPAN_LIT("c"), 0, &nothing, &nobody), 0);
	assert_int_equal(get(&d, "x")->status, TENTACLE_COMPLETED);
	assert_int_equal(tentacle_delete(&d.t, SPAN_LIT("b"), &nobody), 0);
	assert_int_equal(get(&d, "x")->children.count, 1);
	world_release(&d.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked),
		cmocka_unit_test(a_limit_parks_and_costs_no_attempt),
		cmocka_unit_test(a_prompt_takes_an_order_back),
		cmocka_unit_test(the_file_is_known_by_its_sections),
		cmocka_unit_test(the_newest_proof_of_a_command_counts),
		cmocka_unit_test(a_failure_is_not_lifted_by_saying_less),
		cmocka_unit_test(a_mended_command_of_the_same_label_counts),
		cmocka_unit_test(parents_end_with_their_last_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
