/*
 * What is found busy is an outcome and no failure: a database that somebody uses at four in the
 * morning is in good hands, and the next look tries again.
 */
#include "setup/cron_template.h"

#include "kb/kb_maintain.h"
#include "setup/cron_cleanup.h"

#define X(name, word, over, code) { word, over, code },
static const struct {
	const char *word;
	bool over;
	int code;
} statuses[] = { CRON_STATUSES(X) };
#undef X

const char *cron_status_word(enum cron_status status)
{
	return statuses[status].word;
}

bool cron_status_over(enum cron_status status)
{
	return statuses[status].over;
}

int cron_status_code(enum cron_status status)
{
	return statuses[status].code;
}

void cron_outcome_release(struct cron_outcome *o)
{
	buf_release(&o->said);
	buf_release(&o->facts);
	*o = (struct cron_outcome)CRON_OUTCOME_INIT;
}

static enum cron_status status_of(enum kb_outcome outcome)
{
	static const enum cron_status statuses_of[KB_OUTCOME_COUNT] = {
		[KB_OK] = CRON_OK,           [KB_BUSY] = CRON_BUSY,   [KB_MISSING] = CRON_MISSING,
		[KB_CORRUPT] = CRON_CORRUPT, [KB_ERROR] = CRON_ERROR,
	};

	return statuses_of[outcome];
}

static void put_bytes(struct buf *out, int64_t bytes)
{
	if (bytes < 1024)
		buf_putf(out, "%lld B", (long long)bytes);
	else if (bytes < 1024 * 1024)
		buf_putf(out, "%.1f KiB", (double)bytes / 1024);
	else
		buf_putf(out, "%.1f MiB", (double)bytes / (1024 * 1024));
}

static void put_fact(struct buf *out, const char *name, int64_t value)
{
	buf_putf(out, "%s\"%s\":%lld", out->len ? "," : "", name, (long long)value);
}

static void run_checkpoint(const struct cron_place *place, struct cron_outcome *out)
{
	struct kb_checkpoint result = { .outcome = KB_ERROR };
	struct err e = ERR_INIT;
	int rc = kb_checkpoint(place->db_path, place->db_wait_ms, place->command, &result, &e);

	out->status = status_of(result.outcome);
	put_fact(&out->facts, "busy", result.busy);
	put_fact(&out->facts, "log", result.log_frames);
	put_fact(&out->facts, "checkpointed", result.checkpointed_frames);
	put_fact(&out->facts, "bytes_before", result.bytes_before);
	put_fact(&out->facts, "bytes_after", result.bytes_after);
	put_fact(&out->facts, "wal_bytes_before", result.wal_bytes_before);
	put_fact(&out->facts, "wal_bytes_after", result.wal_bytes_after);
	if (rc < 0) {
		buf_puts(&out->said, e.text);
		return;
	}
	buf_puts(&out->said, "the WAL went from ");
	put_bytes(&out->said, result.wal_bytes_before);
	buf_puts(&out->said, " to ");
	put_bytes(&out->said, result.wal_bytes_after);
}

static void run_vacuum(const struct cron_place *place, struct cron_outcome *out)
{
	struct kb_vacuum result = { .outcome = KB_ERROR };
	struct err e = ERR_INIT;
	int rc = kb_vacuum(place->db_path, place->db_wait_ms, place->command, &result, &e);

	out->status = status_of(result.outcome);
	put_fact(&out->facts, "bytes_before", result.bytes_before);
	put_fact(&out->facts, "bytes_after", result.bytes_after);
	put_fact(&out->facts, "freed_bytes", result.freed_bytes);
	if (rc < 0) {
		buf_puts(&out->said, e.text);
		return;
	}
	buf_puts(&out->said, "freed ");
	put_bytes(&out->said, result.freed_bytes);
	buf_puts(&out->said, ", the database has ");
	put_bytes(&out->said, result.bytes_after);
}

const struct cron_template cron_templates[] = {
	{ "wal-checkpoint",
	  "copy the write-ahead log into the knowledge database and empty it",
	  { SLOT_DAILY, 0, 0, 0, 4, 0 },
	  run_checkpoint },
	{ "vacuum",
	  "write the knowledge database anew without gaps, and check it",
	  { SLOT_WEEKLY, 0, 0, 0, 4, 30 },
	  run_vacuum },
	{ "cleanup",
	  "remove what sk put aside and nobody has asked for since",
	  { SLOT_DAILY, 0, 0, 0, 5, 0 },
	  cron_cleanup },
};
const size_t cron_template_count = ARRAY_LEN(cron_templates);

const struct cron_template *cron_template_find(struct span name)
{
	for (size_t i = 0; i < cron_template_count; i++)
		if (span_is(name, cron_templates[i].name))
			return &cron_templates[i];
	return NULL;
}

void cron_template_names(struct buf *out)
{
	for (size_t i = 0; i < cron_template_count; i++)
		buf_putf(out, "%s%s", i ? ", " : "", cron_templates[i].name);
}
