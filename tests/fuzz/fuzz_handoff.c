/*
 * handoff.md is written by anybody. Whatever it holds, sections follow each other and lie inside of
 * it; and whatever words an agent hands off, they make one section that says nothing but what was
 * said.
 */
#include "fuzz/fuzz.h"

#include "core/handoff.h"

static void check_reading(struct span text)
{
	struct handoff_section s;
	size_t at = 0, end = 0;

	while (handoff_next(text, &at, &s)) {
		INVARIANT(s.at >= end);
		INVARIANT(s.end > s.at);
		INVARIANT(s.end <= text.len);
		INVARIANT(s.status < HANDOFF_STATE_COUNT);
		INVARIANT(at == s.end);
		end = s.end;
	}
}

static void check_writing(struct span words, struct arena *arena)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct handoff_entry e = { .message = words, .output = words };
	struct handoff_facts f;

	if (handoff_problem(&e))
		return;
	handoff_encode(&e, SPAN_NONE, &out);
	handoff_read((struct span){ out.p, out.len }, arena, &f);
	INVARIANT(f.sections == 1);
	INVARIANT(f.status == HANDOFF_NONE);
	INVARIANT(f.changed.count == 0);
	INVARIANT(f.bridges.count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct arena arena = ARENA_INIT;
	struct span text = { (const char *)data, len };
	struct handoff_facts facts;

	check_reading(text);
	handoff_read(text, &arena, &facts);
	INVARIANT(facts.status < HANDOFF_STATE_COUNT);
	check_writing(text, &arena);
	arena_release(&arena);
	return 0;
}
