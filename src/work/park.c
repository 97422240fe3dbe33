/* The clock's zone and chance are asked here, so that the decision gets numbers. */
#include "work/park.h"

#include <sys/random.h>
#include <time.h>

static int local_minutes(int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm walls;

	return localtime_r(&seconds, &walls) ? (int)(walls.tm_gmtoff / 60) : 0;
}

static uint32_t chance(void)
{
	uint32_t value = 0;

	if (getrandom(&value, sizeof(value), GRND_NONBLOCK) != sizeof(value))
		value = UINT32_MAX / 2;
	return value;
}

static void judge_reason(struct span reason, const struct quota_now *now, struct quota_verdict *out)
{
	enum quota_kind kind;

	quota_classify(reason, now, QUOTA_BY_UNKNOWN, out);
	if (quota_kind_of(reason, &kind) && kind != QUOTA_NONE) {
		out->kind = kind;
		out->retryable = kind != QUOTA_CONTEXT_LIMIT && kind != QUOTA_BILLING;
	} else if (out->kind == QUOTA_NONE) {
		out->kind = QUOTA_QUOTA_EXCEEDED;
		out->retryable = true;
	}
}

/* People say "in 10 minutes", where a service says "retry after". */
static bool hint_time(struct span hint, const struct quota_now *now, struct quota_time *when)
{
	struct span bare = hint;

	if (span_starts(hint, "in ") || span_starts(hint, "In "))
		bare = (struct span){ hint.p + 3, hint.len - 3 };
	return hint.len && (quota_time_find(hint, now, when) || quota_time_value(bare, now, when));
}

bool park_hint_known(struct span hint, int64_t now_ms)
{
	struct quota_now now = { .ms = now_ms, .local_minutes = local_minutes(now_ms) };
	struct quota_time when;

	return hint_time(hint, &now, &when);
}

bool park_reason_known(struct span reason, int64_t now_ms)
{
	struct quota_now now = { .ms = now_ms, .local_minutes = local_minutes(now_ms) };
	struct quota_verdict verdict;
	enum quota_kind kind;

	if (quota_kind_of(reason, &kind))
		return kind != QUOTA_NONE;
	quota_classify(reason, &now, QUOTA_BY_UNKNOWN, &verdict);
	return verdict.kind != QUOTA_NONE;
}

static void read_hint(struct span hint, const struct quota_now *now, struct quota_verdict *v)
{
	struct quota_time when;

	if (!hint_time(hint, now, &when))
		return;
	v->time = when;
	if (when.form == QUOTA_TIME_AFTER)
		v->retry_at_ms = now->ms + when.after_ms;
	else if (when.form == QUOTA_TIME_AT)
		v->retry_at_ms = when.at_ms;
}

bool park_judge(const struct tentacle *t, struct span text, struct span reason, struct span hint,
		int64_t now_ms, struct park_judgement *out)
{
	struct quota_now now = { .ms = now_ms, .local_minutes = local_minutes(now_ms) };
	struct quota_verdict *v = &out->verdict;
	unsigned times = t->parked.times < 1000 ? (unsigned)t->parked.times : 1000;

	if (reason.len)
		judge_reason(reason, &now, v);
	else
		quota_classify(text, &now, QUOTA_BY_UNKNOWN, v);
	if (!reason.len)
		quota_of_service(v);
	if (v->kind == QUOTA_NONE)
		return false;
	read_hint(hint, &now, v);
	quota_due(&quota_backoff_parked, v, times + 1, now_ms, now_ms, chance(), &out->due);
	out->park = (struct quota_park){ .kind = span_of(quota_kind_word(v->kind)),
					 .hint = hint.len ? hint : span_of(v->words),
					 .due_ms = out->due.due_ms,
					 .held = !v->retryable };
	if (v->provider != QUOTA_BY_UNKNOWN)
		out->park.provider = span_of(quota_provider_word(v->provider));
	return true;
}
