/*
 * Power is lost at every call that changes the disk, and what was not synced is torn in every way
 * the model knows: while a store is created, used, photographed, rotated and repaired, and again
 * while it recovers from that. Then the same with programs that cheat in ways real ones did, to
 * show that cheating would be seen.
 */
#include "../unit/test.h"

#include <malloc.h>

#include "faulty.h"
#include "power.h"
#include "simdisk.h"

struct sweep {
	void (*script)(struct user *u);
	const struct simdisk *base; /* NULL: an empty disk */
	enum fault fault;
	unsigned step; /* every step-th tear; 1 = all */
	uint64_t cuts, worlds, problems;
	char text[ERR_TEXT_MAX + 128]; /* of the first problem */
};

/* One world: the script runs until the power fails at call `cut`. Returns false when it ended
 * before. */
static bool run_until_cut(const struct sweep *s, uint64_t cut, struct simdisk *d,
			  struct promise *promise)
{
	struct faulty faulty;
	struct user u;
	bool dead;

	simdisk_init(d);
	if (s->base)
		simdisk_copy(d, s->base);
	d->cut_at = cut;
	faulty_init(&faulty, &d->vfs, s->fault);
	user_init(&u, &faulty.vfs);
	s->script(&u);
	*promise = (struct promise){ u.acked, u.attempted, s->base != NULL };
	dead = d->dead;
	user_release(&u);
	return dead;
}

static void note_problem(struct sweep *s, const char *text, uint64_t cut, unsigned tear,
			 uint64_t second)
{
	if (s->problems++ == 0)
		snprintf(s->text, sizeof(s->text),
			 "cut at call %llu, tear %u, then at call %lld: %s",
			 (unsigned long long)cut, tear, (long long)second, text);
}

static bool one_world(struct sweep *s, uint64_t cut, unsigned tear)
{
	struct promise promise;
	char text[ERR_TEXT_MAX];
	struct simdisk d;
	bool dead = run_until_cut(s, cut, &d, &promise);

	if (dead) {
		simdisk_power_on(&d, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
		if (disk_problem(&d, promise, text))
			note_problem(s, text, cut, tear, -1);
		s->worlds++;
	}
	simdisk_release(&d);
	return dead;
}

static void sweep(struct sweep *s)
{
	const unsigned tears = TEAR_DATA_COUNT * TEAR_NAMES_COUNT;
	bool dead = true;

	for (uint64_t cut = 0; dead; cut++) {
		/* Prime steps walk through all pairs of tears as the cut moves on. */
		for (unsigned tear = (unsigned)(cut % s->step); tear < tears && dead;
		     tear += s->step)
			dead = one_world(s, cut, tear);
		s->cuts += dead;
	}
}

static void assert_sound(struct sweep *s)
{
	sweep(s);
	if (s->problems)
		fail_msg("%llu of %llu worlds: %s", (unsigned long long)s->problems,
			 (unsigned long long)s->worlds, s->text);
	assert_true(s->cuts > 20);
	print_message("# %llu cuts, %llu worlds\n", (unsigned long long)s->cuts,
		      (unsigned long long)s->worlds);
}

static void power_lost_from_nothing(void **state)
{
	struct sweep s = { .script = script_from_nothing, .step = test_rounds(3, 1) };

	(void)state;
	assert_sound(&s);
}

static void power_lost_during_repair(void **state)
{
	struct simdisk base;
	struct sweep s = { .script = script_repair, .base = &base, .step = test_rounds(3, 1) };

	(void)state;
	base_disk(&base);
	assert_sound(&s);
	simdisk_release(&base);
}

/* The recovery itself is cut at its call number `second`. Returns false when it has fewer calls. */
static bool recover_until_cut(struct simdisk *d, uint64_t second)
{
	struct user u;
	bool dead;

	d->cut_at = second;
	user_init(&u, &d->vfs);
	user_open(&u, 0);
	dead = d->dead;
	user_release(&u);
	return dead;
}

static bool cut_twice(struct sweep *s, uint64_t cut, unsigned tear, uint64_t second,
		      unsigned second_tear)
{
	struct promise promise;
	char text[ERR_TEXT_MAX];
	struct simdisk d;
	bool dead = run_until_cut(s, cut, &d, &promise);

	if (dead) {
		simdisk_power_on(&d, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
		dead = recover_until_cut(&d, second);
	}
	if (dead) {
		simdisk_power_on(&d, second_tear % TEAR_DATA_COUNT, second_tear / TEAR_DATA_COUNT);
		if (disk_problem(&d, promise, text))
			note_problem(s, text, cut, tear, (int64_t)second);
		s->worlds++;
	}
	simdisk_release(&d);
	return dead;
}

static void sweep_twice(struct sweep *s, uint64_t cuts)
{
	const unsigned tears = TEAR_DATA_COUNT * TEAR_NAMES_COUNT;

	for (uint64_t cut = 0; cut < cuts; cut++) {
		unsigned tear = (unsigned)(cut * 13 % tears);
		bool dead = true;

		for (uint64_t second = 0; dead; second++)
			for (unsigned t = (unsigned)(second % s->step); t < tears && dead;
			     t += s->step)
				dead = cut_twice(s, cut, tear, second, t);
	}
}

static void power_lost_twice(void **state)
{
	struct simdisk base;
	struct sweep nothing = { .script = script_from_nothing, .step = test_rounds(11, 1) };
	struct sweep repair = { .script = script_repair,
				.base = &base,
				.step = test_rounds(11, 1) };

	(void)state;
	base_disk(&base);
	sweep_twice(&nothing, 60);
	sweep_twice(&repair, 40);
	simdisk_release(&base);
	if (nothing.problems + repair.problems)
		fail_msg("%s; %s", nothing.text, repair.text);
	assert_true(nothing.worlds > 100 && repair.worlds > 100);
}

static uint64_t problems_with(enum fault fault)
{
	struct simdisk base;
	struct sweep nothing = { .script = script_from_nothing, .fault = fault, .step = 3 };
	struct sweep repair = { .script = script_repair, .base = &base, .fault = fault, .step = 3 };

	sweep(&nothing);
	base_disk(&base);
	sweep(&repair);
	simdisk_release(&base);
	print_message("# %s: %llu + %llu of %llu worlds, first: %s\n", fault_word(fault),
		      (unsigned long long)nothing.problems, (unsigned long long)repair.problems,
		      (unsigned long long)(nothing.worlds + repair.worlds),
		      nothing.problems ? nothing.text : repair.text);
	return nothing.problems + repair.problems;
}

static void planted_faults_are_found(void **state)
{
	(void)state;
	for (int fault = FAULT_NONE + 1; fault < FAULT_COUNT; fault++)
		if (problems_with((enum fault)fault) == 0)
			fail_msg("the checker does not see: %s", fault_word((enum fault)fault));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_lost_from_nothing),
		cmocka_unit_test(power_lost_during_repair),
		cmocka_unit_test(power_lost_twice),
		cmocka_unit_test(planted_faults_are_found),
	};

	/* Thousands of worlds hold a megabyte of reserve each: keep the memory instead of mapping
	 * it anew. */
	mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
	return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
