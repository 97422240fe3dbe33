/*
 * Payloads of hooks are whatever an agent's host, its model and its tools wrote. Whatever it is:
 * the repaired text reads the same again, the event and its host are of the tables, an answer is
 * one line of JSON or nothing, and the names in a stop event are names. The line of shell that a
 * tool is given is read as well.
 */
#include "fuzz/fuzz.h"

#include "base/json_repair.h"
#include "base/scan.h"
#include "core/shell_git.h"
#include "hooks/answer.h"
#include "hooks/stop_event.h"

static void check_one_line(const struct buf *text)
{
	struct buf answer = *text;
	struct scan s;

	if (!answer.len)
		return;
	INVARIANT(memchr(answer.p, '\n', answer.len) == answer.p + answer.len - 1);
	scan_init(&s, (struct span){ answer.p, answer.len - 1 });
	scan_skip(&s, NULL);
	INVARIANT(scan_end(&s) == 0);
}

static void check_found(void *ctx, const struct shell_git *g)
{
	(void)ctx;
	INVARIANT(g->verb == SHELL_GIT_COMMIT || g->verb == SHELL_GIT_PUSH);
	INVARIANT(!g->dir.len || g->dir.p);
}

static void check_answer(const struct payload *p)
{
	CLEANUP(buf_release) struct buf answer = BUF_INIT, refusal = BUF_INIT;

	answer_encode(p, SPAN_LIT("a \"context\"\n"), &answer);
	check_one_line(&answer);
	if (answer_refuse(p, SPAN_LIT("a \"reason\"\n"), &refusal))
		INVARIANT(refusal.len > 0);
	check_one_line(&refusal);
	shell_git_read(p->command, check_found, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const words[] = { "sessionStart", "SessionStart", "Stop",
					     "PreToolUse",   "preToolUse",   "" };
	CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
	struct span raw = { (const char *)data, len };
	struct stop_event stop;

	json_repair(raw, &once);
	json_repair((struct span){ once.p, once.len }, &twice);
	INVARIANT(span_eq((struct span){ once.p, once.len }, (struct span){ twice.p, twice.len }));
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const struct payload_hints hints = { .event = span_of(words[i]) };
		struct payload p;

		payload_read(raw, &hints, &p);
		INVARIANT(p.agent < HOOK_AGENT_COUNT);
		INVARIANT(p.event < HOOK_EVENT_COUNT);
		check_answer(&p);
		payload_release(&p);
	}
	stop_event_read(raw, &stop);
	INVARIANT(stop.id_count <= STOP_WORDS_MAX);
	INVARIANT(stop.name_count <= STOP_WORDS_MAX);
	for (size_t i = 0; i < stop.id_count; i++)
		INVARIANT(stop.ids[i].len >= 1);
	stop_event_release(&stop);
	return 0;
}
