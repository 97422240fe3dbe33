/*
 * A plan is the one large text that people hand over. Whatever it holds: it is refused with at
 * least one problem, or it compiles to definitions that can be read back and to needs without a
 * cycle.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/graph.h"
#include "core/task_def.h"
#include "plan/plan.h"

static void check_task(const struct submission *s, const struct task_spec *t)
{
	struct command_def command;
	struct task_def def;

	INVARIANT(name_problem(t->name) == NULL);
	INVARIANT(task_def_decode(t->def, &def) == 0);
	INVARIANT(task_def_command(t->def, "main", 0, &command) == 1);
	for (uint32_t i = 0; i < t->needs_count; i++) {
		INVARIANT(s->needs[t->needs_at + i] < s->task_count);
		INVARIANT(i == 0 || s->needs[t->needs_at + i] > s->needs[t->needs_at + i - 1]);
	}
}

static void check_submission(const struct submission *s)
{
	CLEANUP(mem_free) uint32_t *at = mem_alloc(((size_t)s->task_count + 1) * sizeof(*at));
	CLEANUP(mem_free) uint32_t *stage = mem_alloc(((size_t)s->task_count + 1) * sizeof(*stage));
	struct graph g = { s->task_count, at, s->needs };

	for (uint32_t i = 0; i < s->task_count; i++) {
		check_task(s, &s->tasks[i]);
		at[i] = s->tasks[i].needs_at;
	}
	at[s->task_count] = s->needs_count;
	INVARIANT(graph_stages(&g, stage) == s->task_count);
}

static void check_bytes(const uint8_t *data, size_t len)
{
	CLEANUP(submission_release) struct submission s = SUBMISSION_INIT;
	CLEANUP(plan_problems_release) struct plan_problems problems = { .lines = BUF_INIT };
	int fd = memfd_create("plan", MFD_CLOEXEC);
	const char *file;
	struct err e = ERR_INIT;
	char path[64];
	int rc;

	INVARIANT(fd >= 0);
	INVARIANT(write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	file = path;
	rc = plan_load_all(
		&(struct plan_options){ .files = &file, .file_count = 1, .cwd = "/nowhere" }, &s,
		&problems, &e);
	close(fd);
	INVARIANT((rc < 0) == (problems.count > 0));
	INVARIANT((rc < 0) == (e.text[0] != '\0'));
	if (rc == 0)
		check_submission(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	/* Patterns and lists of lines look at the disk of whoever fuzzes: nothing to learn, much to
	 * wait for. */
	if (memmem(data, len, "glob", 4) || memmem(data, len, "lines", 5))
		return 0;
	check_bytes(data, len);
	return 0;
}
