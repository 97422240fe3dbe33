/*
 * The classifier reads what agents and their tools printed, which may be anything. Whatever it is:
 * the verdict is of the table, its words stand in the text, its line is one of the text's, and the
 * same text gives the same verdict.
 */
#include "fuzz/fuzz.h"

#include "core/quota.h"

static size_t lines_of(struct span text)
{
	size_t count = 1;

	for (size_t i = 0; i < text.len; i++)
		count += text.p[i] == '\n';
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct quota_now now = { 1795262400000LL, -480 };
	struct span text = { (const char *)data, len };
	struct quota_verdict v, again;
	size_t words;

	quota_classify(text, &now, QUOTA_BY_UNKNOWN, &v);
	quota_classify(text, &now, QUOTA_BY_UNKNOWN, &again);
	INVARIANT(v.kind < QUOTA_KIND_COUNT);
	INVARIANT(v.provider < QUOTA_PROVIDER_COUNT);
	INVARIANT(again.kind == v.kind);
	INVARIANT(again.line == v.line);
	INVARIANT(again.retry_at_ms == v.retry_at_ms);
	words = strlen(v.words);
	INVARIANT(words < sizeof(v.words));
	INVARIANT((v.kind == QUOTA_NONE) == (v.line == 0));
	INVARIANT(v.line <= lines_of(text));
	INVARIANT(v.kind != QUOTA_NONE || !v.retryable);
	INVARIANT(v.retry_at_ms >= 0);
	INVARIANT(strlen(v.time.zone) < sizeof(v.time.zone));
	return 0;
}
