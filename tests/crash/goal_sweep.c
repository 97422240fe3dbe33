/* One world a cut and tear, from an empty disk: what was promised in it is judged in it alone. */
#include "goal_sweep.h"

#include <stdio.h>

/* Whether the power went at this call at all; *wrong is counted up when the world is not right. */
static bool one_world(const struct goal_sweep *s, enum fault fault, uint64_t cut, unsigned tear,
		      unsigned *wrong, char first[ERR_TEXT_MAX])
{
	struct promise p = { 0, 0 };
	char text[ERR_TEXT_MAX];
	struct faulty faulty;
	const char *problem;
	struct simdisk d;
	bool dead;

	simdisk_init(&d);
	d.cut_at = cut;
	faulty_init(&faulty, &d.vfs, fault);
	s->script(&faulty.vfs, &p);
	dead = d.dead;
	if (dead) {
		simdisk_power_on(&d, tear % TEAR_DATA_COUNT, tear / TEAR_DATA_COUNT);
		problem = s->look(&d.vfs, p, text);
		if (problem && (*wrong)++ == 0)
			snprintf(first, ERR_TEXT_MAX, "cut %llu, tear %u: %.900s",
				 (unsigned long long)cut, tear, problem);
	}
	simdisk_release(&d);
	return dead;
}

unsigned goal_sweep(const struct goal_sweep *s, enum fault fault, unsigned step, unsigned *cuts,
		    char first[ERR_TEXT_MAX])
{
	const unsigned tears = TEAR_DATA_COUNT * TEAR_NAMES_COUNT;
	unsigned wrong = 0;
	bool dead = true;

	*cuts = 0;
	for (uint64_t cut = 0; dead; cut++) {
		for (unsigned tear = (unsigned)(cut % step); tear < tears && dead; tear += step)
			dead = one_world(s, fault, cut, tear, &wrong, first);
		*cuts += dead;
	}
	return wrong;
}
