/*
 * The beginnings of an error are ours (core/decide_report.c and worker/task_run.c write them), so
 * they can be told apart without doubt; only whether a failed command met a passing trouble is
 * guessed, from what programs print about networks.
 */
#include "cmd/task/fault.h"

#include "cmd/next.h"
#include "cmd/task/story.h"

#define TIMEOUT_S_LEAST 60 /* a doubled limit below this would be hit again */

static const struct {
	const char *lead;
	enum fault fault;
} leads[] = {
	{ "timed out after ", FAULT_TIMEOUT }, { "exit code ", FAULT_EXIT },
	{ "killed by signal ", FAULT_SIGNAL }, { "after rule ", FAULT_VALIDATION },
	{ "before rule ", FAULT_PRECHECK },    { "its worker ", FAULT_WORKER_LOST },
	{ "the worker ", FAULT_WORKER_LOST },
};

enum fault fault_of(const struct task *t)
{
	if (t->state != TASK_FAILED && t->state != TASK_RETRYING)
		return FAULT_NONE;
	for (size_t i = 0; i < ARRAY_LEN(leads); i++)
		if (span_starts(t->error, leads[i].lead))
			return leads[i].fault;
	if (t->signal)
		return FAULT_SIGNAL;
	if (t->exit_code)
		return FAULT_EXIT;
	return t->error.len ? FAULT_SPAWN : FAULT_EXIT;
}

const char *fault_word(enum fault fault)
{
#define X(name, word, text) word,
	static const char *const words[] = { FAULTS(X) };
#undef X
	return words[fault];
}

const char *fault_text(enum fault fault)
{
#define X(name, word, text) text,
	static const char *const texts[] = { FAULTS(X) };
#undef X
	return texts[fault];
}

const char *remedy_word(enum remedy remedy)
{
#define X(name, word, text) word,
	static const char *const words[] = { REMEDIES(X) };
#undef X
	return words[remedy];
}

const char *remedy_text(enum remedy remedy)
{
#define X(name, word, text) text,
	static const char *const texts[] = { REMEDIES(X) };
#undef X
	return texts[remedy];
}

/* What programs say of troubles that pass by themselves. */
static bool says_network(struct span error)
{
	static const char *const texts[] = {
		"Connection refused",
		"connection refused",
		"Connection reset",
		"connection reset",
		"Connection timed out",
		"connection timed out",
		"Network is unreachable",
		"network is unreachable",
		"Could not resolve host",
		"No route to host",
		"Temporary failure in name",
		"Too Many Requests",
		"rate limit",
		"Service Unavailable",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (error.len && memmem(error.p, error.len, texts[i], strlen(texts[i])))
			return true;
	return false;
}

enum remedy remedy_of(const struct task *t)
{
	if (t->state == TASK_PENDING && t->flags & TASK_BLOCKED)
		return REMEDY_DEPENDENCY;
	switch (fault_of(t)) {
	case FAULT_TIMEOUT:
		return REMEDY_TRANSIENT;
	case FAULT_EXIT:
		return says_network(t->error) ? REMEDY_TRANSIENT : REMEDY_CODE;
	case FAULT_SIGNAL:
	case FAULT_VALIDATION:
	case FAULT_PRECHECK:
		return REMEDY_CODE;
	case FAULT_SPAWN:
		return REMEDY_DEFINITION;
	case FAULT_WORKER_LOST:
		return REMEDY_WORKER;
	default:
		return REMEDY_NONE;
	}
}

static void put_retry(const struct task *t, struct buf *commands)
{
	uint64_t limit_s = t->timeout_ms / 1000;

	if (fault_of(t) != FAULT_TIMEOUT || !t->timeout_ms) {
		next_add(commands, "sk task retry --task-id %.*s", SPAN_ARG(t->id));
		return;
	}
	limit_s = limit_s * 2 < TIMEOUT_S_LEAST ? TIMEOUT_S_LEAST : limit_s * 2;
	next_add(commands, "sk task retry --task-id %.*s --timeout %llu", SPAN_ARG(t->id),
		 (unsigned long long)limit_s);
}

void remedy_put_next(const struct state *st, uint32_t task, struct buf *commands)
{
	CLEANUP(buf_release) struct buf run = BUF_INIT;
	const struct task *t = &st->tasks[task];
	uint32_t root;

	switch (remedy_of(t)) {
	case REMEDY_NONE:
		break;
	case REMEDY_TRANSIENT:
		put_retry(t, commands);
		break;
	case REMEDY_CODE:
		if (fault_of(t) == FAULT_VALIDATION)
			next_add(commands, "sk task fix-validation --task-id %.*s",
				 SPAN_ARG(t->id));
		else
			next_add(commands, "sk logs %.*s", SPAN_ARG(t->id));
		put_retry(t, commands);
		break;
	case REMEDY_DEPENDENCY:
		root = story_root(st, task);
		if (root == NO_ID)
			next_add(commands, "sk task deps %.*s", SPAN_ARG(t->id));
		else
			next_add(commands, "sk task show %.*s", SPAN_ARG(st->tasks[root].id));
		break;
	case REMEDY_DEFINITION:
		put_run_command(st, t->ws, &run);
		next_add(commands, "%s", run.p);
		break;
	case REMEDY_WORKER:
		next_add(commands, "sk worker list");
		put_retry(t, commands);
		break;
	case REMEDY_COUNT:
		break;
	}
}
