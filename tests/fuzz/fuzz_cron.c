/*
 * cron-config.json is edited by people and by other programs. Whatever is accepted means the same
 * after it was written and read again, every plan in it has a next slot, and a name of a page is
 * taken for ours only when it is what we would have written.
 */
#include "fuzz/fuzz.h"

#include "core/slot.h"
#include "setup/cron_doc.h"
#include "setup/cron_reports.h"
#include "work/doc_file.h"

#define NOW_MS 1795318200123

static int64_t half_past(void *ctx, int64_t utc_ms)
{
	(void)ctx;
	return utc_ms < NOW_MS ? 19800000 : 16200000; /* the clock is set back just now */
}

static void check_plan(const struct cron_task *t)
{
	const struct slot_plan *plan = &t->schedule.plan;
	struct slot_zone zone = { NULL, half_past };
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	int64_t slot_ms;

	INVARIANT(slot_next(plan, &zone, t->last_run_ms, NOW_MS) >= NOW_MS);
	if (slot_latest(plan, &zone, t->last_run_ms, NOW_MS, &slot_ms))
		INVARIANT(slot_ms <= NOW_MS);
	(void)slot_judge(plan, &zone, t->last_run_ms, NOW_MS);
	slot_put(plan, &text);
	INVARIANT(text.len);
}

static void check_config(struct span text)
{
	CLEANUP(buf_release) struct buf once = BUF_INIT, again = BUF_INIT;
	struct cron_doc doc = { { NULL, 0 }, SPAN_NONE }, back = doc;
	struct arena arena = ARENA_INIT;
	struct err e = ERR_INIT;

	if (doc_file_decode("f", text, &cron_doc_type, DOC_IMPORT, &arena, &doc, &e) == 0 &&
	    cron_doc_check(&doc, "f", &e) == 0) {
		for (size_t i = 0; i < doc.tasks.count; i++)
			check_plan((const struct cron_task *)doc.tasks.v + i);
		doc_encode(&cron_doc_type, &doc, DOC_PEOPLE, &once);
		INVARIANT(doc_file_decode("f", (struct span){ once.p, once.len }, &cron_doc_type,
					  DOC_IMPORT, &arena, &back, &e) == 0);
		INVARIANT(cron_doc_check(&back, "f", &e) == 0);
		doc_encode(&cron_doc_type, &back, DOC_PEOPLE, &again);
		INVARIANT(once.len == again.len);
		INVARIANT(memcmp(once.p, again.p, once.len) == 0);
	} else {
		INVARIANT(e.text[0]);
	}
	arena_release(&arena);
}

static void check_name(struct span text)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	struct span task;
	int64_t at_ms;
	bool begun;

	if (!cron_report_decode(text, &at_ms, &task, &begun))
		return;
	cron_report_name(at_ms, task, &name);
	INVARIANT(text.len == name.len + (begun ? 7 : 0));
	INVARIANT(memcmp(text.p, name.p, name.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span text = { (const char *)data, size };
	struct slot_plan plan;

	check_config(text);
	check_name(text);
	if (slot_decode_weekly(text, &plan) == 0)
		INVARIANT(plan.weekday < 7 && plan.hour < 24 && plan.minute < 60);
	if (slot_decode_monthly(text, &plan) == 0)
		INVARIANT(plan.day >= 1 && plan.day <= 31);
	return 0;
}
