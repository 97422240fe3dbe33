/*
 * What an entry of the marker is worth: every combination of owner, place, age and force gives the
 * verdict that was promised, and the owner is whoever the kernel says.
 */
#include "test.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/host.h"
#include "work/marker.h"

#define NOW 1795262400123LL

/* Everything that can be told apart, against the promises in words. */
static void test_judge_in_full(void **state)
{
	static const int64_t ages[] = { 0, 60000, MARKER_TTL_MS + 1000,
					-MARKER_CLOCK_SLACK_MS - 1 };
	static const char *const roots[] = { "/here", "/there", "" };
	static const char *const sessions[] = { "mine", "theirs", "" };
	unsigned seen = 0;

	(void)state;
	for (unsigned owner = 0; owner < MARKER_OWNER_COUNT; owner++)
		for (unsigned a = 0; a < ARRAY_LEN(ages); a++)
			for (unsigned r = 0; r < 3; r++)
				for (unsigned s = 0; s < 3; s++)
					for (unsigned force = 0; force < 2; force++) {
						struct marker_entry t = {
							.git_root = span_of(roots[r]),
							.session = span_of(sessions[s]),
							.at_ms = ages[a] ? NOW - ages[a] : 0,
						};
						struct marker_asker asker = {
							.now_ms = NOW,
							.git_root = SPAN_LIT("/here"),
							.session = SPAN_LIT("mine"),
							.force = force,
						};
						bool here = r != 1, mine = s == 0, old = a == 2;
						enum marker_verdict v =
							marker_judge(&t, (enum marker_owner)owner,
								     MARKER_TTL_MS, &asker);
						bool clears = marker_verdict_clears(v);
						bool expected;

						if (owner == MARKER_OWNER_ALIVE)
							expected = here && mine && force;
						else if (owner == MARKER_OWNER_DEAD)
							expected = here || force;
						else
							expected =
								here ? old || force : old && force;
						assert_int_equal(clears, expected);
						if (owner == MARKER_OWNER_ALIVE && here && old &&
						    !force)
							assert_int_equal(v,
									 MARKER_IS_EXPIRED_ALIVE);
						if (owner == MARKER_OWNER_UNKNOWN && here &&
						    a == 3 && !force)
							assert_int_equal(v, MARKER_IS_FUTURE);
						assert_int_equal(
							marker_entry_counts(
								&t, (enum marker_owner)owner,
								MARKER_TTL_MS, &asker),
							here && (owner == MARKER_OWNER_ALIVE ||
								 (owner == MARKER_OWNER_UNKNOWN &&
								  !old)));
						seen |= 1u << v;
					}
	assert_int_equal(seen, (1u << MARKER_VERDICT_COUNT) - 1);
}

/* A process that is gone is seen at once; a number that belongs to another one now is not it. */
static void test_owner(void **state)
{
	struct marker_entry t = { .name = SPAN_LIT("a") };
	char host[HOST_NAME_BYTES_MAX];
	int status, ready[2];
	char byte;
	pid_t pid;

	(void)state;
	host_name(host);
	t.host = span_of(host);
	assert_int_equal(proc_self(&t.who), 0);
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_ALIVE);
	t.who.start++;
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_DEAD);
	t.who.start--;
	t.who.boot_id[0] = t.who.boot_id[0] == '0' ? '1' : '0';
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_DEAD);
	t.host = SPAN_LIT("another machine");
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_UNKNOWN);

	t.host = span_of(host);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		close(ready[1]);
		_exit(read(ready[0], &byte, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(proc_self(&t.who), 0);
	t.who.pid = (uint64_t)pid;
	assert_int_equal(proc_start_time(t.who.pid, &t.who.start), 0);
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_ALIVE);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(marker_owner_of(&t), MARKER_OWNER_DEAD);
	close(ready[0]);
	close(ready[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge_in_full),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
