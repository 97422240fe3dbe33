/*
 * Thousands of worlds, one seed each. A world that goes wrong is named by its seed and can be seen
 * step by step; a run that never met a fault or never went where it should have is a failure too,
 * and so is a planted mistake that nobody noticed.
 *
 *	test_sim              10,000 worlds; SK_TIER=full: 200,000
 *	test_sim --seed N [--plant K]   this one, told step by step
 *
 * Worlds run in a child process: a broken invariant ends that, and the seed is still known.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define WORLDS_FAST 10000
#define WORLDS_FULL 200000
#define PLANT_SEEDS 4000
#define TWICE_SEEDS 100

/* Seeds that once went wrong, each with what it found. */
static const struct {
	uint64_t seed;
	const char *found;
} regressions[] = {
	{ 1, "the first world there was" },
	{ 29534, "a rollback that takes back what a task of another workstream relied on" },
};

/* Written by the child, read by the parent. */
struct shared {
	uint64_t seed, worlds, steps;
	struct sim_result sum;
};

struct runner {
	struct shared *shared;
	unsigned cases, failed;
};

static void tap(struct runner *r, bool good, const char *what)
{
	r->cases++;
	r->failed += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", r->cases, what);
	fflush(stdout);
}

static void run_worlds(struct shared *s, uint64_t first, uint64_t count, enum sim_plant plant)
{
	for (uint64_t seed = first; seed < first + count && !s->sum.failed; seed++) {
		s->seed = seed;
		sim_run(seed, plant, NULL, &s->sum);
		s->worlds++;
		s->steps += s->sum.steps;
	}
}

/* Returns whether all went well; what did not is in shared->sum.text. */
static bool run_contained(struct runner *r, uint64_t first, uint64_t count, enum sim_plant plant)
{
	struct shared *s = r->shared;
	int status;
	pid_t pid;

	memset(s, 0, sizeof(*s));
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (plant != PLANT_NONE && !freopen("/dev/null", "w", stderr))
			_exit(2);
		run_worlds(s, first, count, plant);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		s->sum.failed = true;
		snprintf(s->sum.text, sizeof(s->sum.text), "cannot run a child process");
	} else if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		s->sum.failed = true;
		snprintf(s->sum.text, sizeof(s->sum.text), "the process died (status %d)", status);
	}
	return !s->sum.failed;
}

static void say_failure(const struct shared *s)
{
	printf("# seed %llu: %s\n# Try: test_sim --seed %llu\n", (unsigned long long)s->seed,
	       s->sum.text, (unsigned long long)s->seed);
}

static void test_regressions(struct runner *r)
{
	bool good = true;

	for (size_t i = 0; i < ARRAY_LEN(regressions); i++) {
		if (run_contained(r, regressions[i].seed, 1, PLANT_NONE))
			continue;
		good = false;
		printf("# %s is back\n", regressions[i].found);
		say_failure(r->shared);
	}
	tap(r, good, "seeds that once went wrong go well");
}

static void test_worlds(struct runner *r)
{
	const char *tier = getenv("SK_TIER");
	bool full = tier && strcmp(tier, "full") == 0, all = true;
	const struct shared *s = r->shared;
	bool good = run_contained(r, 1, full ? WORLDS_FULL : WORLDS_FAST, PLANT_NONE);

	if (!good)
		say_failure(s);
	tap(r, good, "every world keeps its promises and comes to rest");
	printf("# %llu worlds, %llu steps; faults:", (unsigned long long)s->worlds,
	       (unsigned long long)s->steps);
	for (unsigned i = 0; i < SIM_FAULT_COUNT; i++) {
		printf("%s %s %llu", i ? "," : "", sim_fault_text(i),
		       (unsigned long long)s->sum.faults[i]);
		all &= s->sum.faults[i] > 0;
	}
	printf("\n");
	tap(r, all, "every fault happened");
	all = true;
	for (unsigned i = 0; i < SIM_SIGHT_COUNT; i++) {
		if (!s->sum.sights[i])
			printf("# never seen: %s\n", sim_sight_text(i));
		all &= s->sum.sights[i] > 0;
	}
	tap(r, all, "everything that must be met was met");
}

static void test_twice(struct runner *r)
{
	bool good = true;

	for (uint64_t seed = 1; seed <= TWICE_SEEDS; seed++) {
		struct sim_result a = { .failed = false }, b = { .failed = false };

		sim_run(seed, PLANT_NONE, NULL, &a);
		sim_run(seed, PLANT_NONE, NULL, &b);
		if (a.hash == b.hash && a.steps == b.steps)
			continue;
		good = false;
		printf("# seed %llu: %016llx and %016llx\n", (unsigned long long)seed,
		       (unsigned long long)a.hash, (unsigned long long)b.hash);
	}
	tap(r, good, "the same seed gives the same world");
}

static void test_plant(struct runner *r, enum sim_plant plant)
{
	bool good = run_contained(r, 1, PLANT_SEEDS, plant);
	char what[120];

	snprintf(what, sizeof(what), "noticed: %s", sim_plant_text(plant));
	if (!good)
		printf("# at seed %llu: %.200s\n", (unsigned long long)r->shared->seed,
		       r->shared->sum.text);
	tap(r, !good, what);
}

static int tell_one(uint64_t seed, enum sim_plant plant)
{
	struct sim_result out = { .failed = false };

	sim_run(seed, plant, stdout, &out);
	printf("seed %llu: trace %016llx, %u steps: %s\n", (unsigned long long)seed,
	       (unsigned long long)out.hash, out.steps, out.failed ? out.text : "all is well");
	return out.failed;
}

int main(int argc, char **argv)
{
	struct runner r = { .cases = 0 };

	if (argc >= 3 && strcmp(argv[1], "--seed") == 0)
		return tell_one(strtoull(argv[2], NULL, 10),
				argc >= 5 ? (enum sim_plant)strtoul(argv[4], NULL, 10)
					  : PLANT_NONE);
	r.shared = mmap(NULL, sizeof(*r.shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			-1, 0);
	if (r.shared == MAP_FAILED)
		return 2;
	test_regressions(&r);
	test_worlds(&r);
	test_twice(&r);
	for (unsigned plant = PLANT_NONE + 1; plant < SIM_PLANT_COUNT; plant++)
		test_plant(&r, plant);
	printf("1..%u\n", r.cases);
	munmap(r.shared, sizeof(*r.shared));
	return r.failed > 0;
}
