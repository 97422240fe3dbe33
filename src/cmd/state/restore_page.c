/*
 * The page says first what the state is afterwards, then what it costs: nobody should have to work
 * out from a plan whether something is lost.
 */
#include "cmd/state/restore_page.h"

#include "base/when.h"
#include "cmd/fit.h"
#include "cmd/next.h"

void restore_put_loss(const struct restore_plan *plan, struct buf *out)
{
	const struct restore_loss *l = &plan->loss;

	if (l->rest.records) {
		buf_putf(out, "%llu record%s (seq %llu..%llu, the last of ",
			 (unsigned long long)l->rest.records, PLURAL(l->rest.records),
			 (unsigned long long)l->rest.first_seq,
			 (unsigned long long)l->rest.last_seq);
		if (l->rest.last_ms)
			buf_put_when(out, l->rest.last_ms);
		else
			buf_puts(out, "a closed journal file");
		buf_putc(out, ')');
	}
	if (l->missing)
		buf_putf(out, "%s%llu record%s that are nowhere any more", out->len ? ", and " : "",
			 (unsigned long long)l->missing, PLURAL(l->missing));
	if (plan->loses && l->rest.unreadable)
		buf_putf(out, "%s%llu unreadable line%s", out->len ? ", and " : "",
			 (unsigned long long)l->rest.unreadable, PLURAL(l->rest.unreadable));
}

static const char *deed(const struct restore_page *page)
{
	if (!page->done)
		return page->into ? "would copy the state" : "would restore the state";
	if (page->plan->nothing && !page->into)
		return "nothing to restore: the state is";
	return page->into ? "copied the state" : "restored the state";
}

void restore_put_summary(const struct restore_page *page, struct buf *out)
{
	CLEANUP(buf_release) struct buf loss = BUF_INIT;

	restore_put_loss(page->plan, &loss);
	buf_putf(out, "%s as it was behind seq %llu, from %s", deed(page),
		 (unsigned long long)page->seq, page->plan->source);
	if (page->into)
		buf_putf(out, ", into %s", page->into);
	else if (page->plan->loses)
		buf_putf(out, "; dropped: %s", loss.p ? loss.p : "");
}

static void put_journal(const struct restore_page *page, struct table *t)
{
	const struct restore_plan *p = page->plan;

	fit_row(t, "damage", "%s", p->damaged ? p->damage : p->source_damage);
	if (!page->into)
		fit_row(t, "journal", "%s",
			p->swaps ? "a new file goes on behind that record; the one before is kept"
				 : "is whole and stays as it is");
	if (p->snapshot_bad && !page->into)
		fit_row(t, "current.json", "could not be used; it is kept");
	if (page->done) {
		fit_row(t, "kept as", "%s", page->done->journal_kept);
		fit_row(t, "kept as", "%s", page->done->snapshot_kept);
	}
	if (page->done && page->done->others)
		fit_row(t, "set aside", "%u file%s of what was dropped", page->done->others,
			PLURAL(page->done->others));
}

static void print_text(struct cmd_ctx *c, const struct restore_page *page, const struct buf *next)
{
	CLEANUP(buf_release) struct buf loss = BUF_INIT, head = BUF_INIT, when = BUF_INIT;
	CLEANUP(table_release) struct table t = TABLE_INIT(2);
	const struct restore_plan *p = page->plan;

	buf_put_when(&when, page->at_ms);
	buf_putf(&head, "%s as it was behind seq %llu (%s UTC)", deed(page),
		 (unsigned long long)page->seq, when.p);
	fit_text(c->out, (struct span){ head.p, head.len }, 0);
	restore_put_loss(p, &loss);
	fit_row(&t, "from", "%s", p->source);
	if (p->source_seq < page->seq)
		fit_row(&t, "", "and %llu records behind its seq %llu",
			(unsigned long long)(page->seq - p->source_seq),
			(unsigned long long)p->source_seq);
	put_journal(page, &t);
	fit_row(&t, "into", "%s", page->into ? page->into : "");
	fit_row(&t, page->into ? "left out" : "dropped", "%s",
		p->loses && loss.len ? loss.p : "nothing");
	if (p->loss.gap_first)
		fit_row(&t, "history", "records %llu..%llu are contained, but not in the journal",
			(unsigned long long)p->loss.gap_first,
			(unsigned long long)p->loss.gap_last);
	if (page->violations)
		fit_row(&t, "checked", "%llu broken rule%s, first: %s",
			(unsigned long long)page->violations, PLURAL(page->violations),
			page->violation);
	else
		fit_row(&t, "checked", "everything that must hold in a state holds");
	fit_table(&t, c->out, 2);
	out_next(c->out, next);
}

static void put_seq(struct json *j, const char *key, uint64_t seq)
{
	if (seq)
		json_u64(j, key, seq);
	else
		json_null(j, key);
}

static void print_json(struct cmd_ctx *c, const struct restore_page *page, const struct buf *next)
{
	const struct restore_plan *p = page->plan;
	const struct restore_done *d = page->done;
	struct json j;

	json_open(&j, c->out, "restore");
	json_bool(&j, "dry_run", !d);
	json_bool(&j, "nothing_to_do", p->nothing && !page->into);
	json_text(&j, "source", p->source);
	json_u64(&j, "source_seq", p->source_seq);
	json_u64(&j, "seq", page->seq);
	json_time(&j, "at", page->at_ms);
	json_text(&j, "into", page->into);
	json_text(&j, "damage", p->damaged ? p->damage : NULL);
	json_text(&j, "source_damage", p->source_damage[0] ? p->source_damage : NULL);
	json_bool(&j, "journal_replaced", p->swaps && !page->into);
	json_bool(&j, "loses", p->loses);
	json_u64(&j, "dropped_records", p->loss.rest.records + p->loss.missing);
	put_seq(&j, "dropped_first_seq", p->loss.rest.first_seq);
	put_seq(&j, "dropped_last_seq", p->loss.rest.last_seq);
	put_seq(&j, "history_gap_first", p->loss.gap_first);
	put_seq(&j, "history_gap_last", p->loss.gap_last);
	json_text(&j, "journal_kept", d && d->journal_kept[0] ? d->journal_kept : NULL);
	json_text(&j, "snapshot_kept", d && d->snapshot_kept[0] ? d->snapshot_kept : NULL);
	json_u64(&j, "set_aside", d ? d->others : 0);
	put_seq(&j, "recorded_seq", d ? d->seq : 0);
	json_u64(&j, "violations", page->violations);
	json_text(&j, "violation", page->violations ? page->violation : NULL);
	json_next(&j, next);
	json_close(&j);
}

void restore_page_print(struct cmd_ctx *c, const struct restore_page *page)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT, word = BUF_INIT;

	if (!page->done) {
		put_typed_command(c->cmd, c->options, "dry-run", &word);
		if ((page->plan->loses || page->violations) && !options_has(c->options, "yes"))
			buf_puts(&word, " --yes");
		next_add(&next, "%s", word.p);
	} else if (page->into) {
		put_shell_word(&word, span_of(page->into));
		next_add(&next, "sk --state-dir %s status", word.p);
	} else {
		next_add(&next, "sk state validate");
		next_add(&next, "sk status");
	}
	if (c->json)
		print_json(c, page, &next);
	else
		print_text(c, page, &next);
}
