/*
 * An earlier program kept the work that a quota had stopped in goal.json alone. Here it belongs to
 * the tentacle, so it is moved there with the goal: work that only waits for its time must not look
 * like work that nobody has begun, or that is closed.
 */
#include "base/limits.h"
#include "base/scan.h"
#include "base/when.h"
#include "work/goal_store_impl.h"
#include "work/park.h"

struct entry {
	struct span name, reason, hint;
	int64_t since_ms;
};

/* A text of this turn, or nothing for a value of another kind. */
static struct span text_of(struct goal_store *s, struct scan *scan)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	struct scan_text raw;

	if (scan_peek(scan) != '"') {
		scan_skip(scan, NULL);
		return SPAN_NONE;
	}
	scan_string(scan, &raw);
	scan_unescape(&plain, raw);
	return turn_copy(&s->turn, (struct span){ plain.p, plain.len });
}

static void read_entry(struct goal_store *s, struct scan *scan, struct entry *out)
{
	struct scan_text key;

	*out = (struct entry){ .since_ms = s->turn.now_ms };
	if (scan_peek(scan) != '{') {
		out->name = text_of(s, scan);
		return;
	}
	scan_object(scan);
	while (scan_key(scan, &key)) {
		struct span value = text_of(s, scan);

		if (span_is(key.raw, "tentacle"))
			out->name = value;
		else if (span_is(key.raw, "quota_reason"))
			out->reason = value;
		else if (span_is(key.raw, "retry_hint"))
			out->hint = value;
		else if (span_is(key.raw, "blocked_at") &&
			 when_decode_iso(value, &out->since_ms) < 0)
			out->since_ms = s->turn.now_ms;
	}
}

static void take(struct goal_store *s, const struct entry *entry)
{
	const struct tentacle *t =
		entry->name.len ? goals_tentacle(&s->st.goals, entry->name) : NULL;
	struct span reason = entry->reason.len ? entry->reason : SPAN_LIT("quota_exceeded");
	struct park_judgement judged;

	if (!t) {
		buf_puts(&s->notices, GOAL_FILE ": its retry queue names the tentacle ");
		buf_put_quoted(&s->notices, entry->name, 80);
		buf_puts(&s->notices, ", which is not there: not parked\n");
		return;
	}
	if (park_judge(t, SPAN_NONE, reason, entry->hint, entry->since_ms, &judged))
		(void)tentacle_park_imported(&s->turn, entry->name, &judged.park, entry->since_ms);
	buf_truncate(&s->why, 0); /* one that goes on or is done has nothing to wait for */
}

static void read_queue(struct goal_store *s, struct scan *scan)
{
	struct entry entry;
	size_t count = 0;

	if (scan_peek(scan) != '[') {
		scan_skip(scan, NULL);
		return;
	}
	scan_array(scan);
	while (scan_item(scan)) {
		if (count++ == DOC_ENTRIES_MAX)
			buf_puts(&s->notices, GOAL_FILE ": its retry queue has more than 1000 "
							"entries: the rest is not parked\n");
		if (count > DOC_ENTRIES_MAX) {
			scan_skip(scan, NULL);
			continue;
		}
		read_entry(s, scan, &entry);
		if (!scan->error)
			take(s, &entry);
	}
}

void retry_queue_import(struct goal_store *s)
{
	const struct seen_file *seen = seen_find(s, GOAL_FILE);
	struct scan_text key;
	struct scan scan;

	if (!seen || !seen->file.text.len)
		return;
	scan_init(&scan, (struct span){ seen->file.text.p, seen->file.text.len });
	scan_object(&scan);
	while (scan_key(&scan, &key)) {
		if (span_is(key.raw, "quota_retry_queue") || span_is(key.raw, "retry_queue"))
			read_queue(s, &scan);
		else
			scan_skip(&scan, NULL);
	}
}
