/* What was learned is found again by words, or by what it is about. Entries come from several
 * programs, so their text is printed as what it is: other people's bytes. */
#include <string.h>

#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/home.h"
#include "cmd/kb/knowledge.h"
#include "kb/kb_search.h"

#define LIMIT_DEFAULT 10
#define EXCERPT_BYTES 200

/* The beginning of a text, in one line. */
static void put_excerpt(struct buf *out, const char *text)
{
	size_t len = strlen(text), cut = len < EXCERPT_BYTES ? len : EXCERPT_BYTES;

	/* Not in the middle of a character. */
	while (cut > 0 && cut < len && ((unsigned char)text[cut] & 0xc0) == 0x80)
		cut--;
	for (size_t i = 0; i < cut; i++)
		buf_putc(out, text[i] == '\n' || text[i] == '\t' ? ' ' : text[i]);
	if (cut < len)
		buf_puts(out, "...");
}

static void print_json(struct json *j, const struct kb_entry *k)
{
	json_i64(j, "id", k->id);
	json_text(j, "category", k->category);
	json_text(j, "title", k->title);
	json_text(j, "content", k->content);
	json_text(j, "tags", k->tags);
	json_text(j, "files", k->files);
	json_text(j, "session_id", k->session_id);
	json_text(j, "task_id", k->task_id);
	json_text(j, "first_seen", k->first_seen);
	json_text(j, "last_seen", k->last_seen);
	json_i64(j, "confidence_percent", (int64_t)(k->confidence * 100 + 0.5));
	json_i64(j, "occurrences", k->occurrences);
}

static void print_line(struct out *o, const struct kb_entry *k)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	out_putf(o, "#%lld ", (long long)k->id);
	out_visible(o, span_of(k->category));
	out_puts(o, ": ");
	out_visible(o, span_of(k->title));
	out_putf(o, "  (confidence %.2f, seen %lld time%s)\n    ", k->confidence,
		 (long long)k->occurrences, PLURAL(k->occurrences));
	put_excerpt(&text, k->content);
	out_visible(o, (struct span){ text.p, text.len });
	out_puts(o, "\n");
}

static void print_field(struct out *o, const char *name, const char *text)
{
	if (!*text || strcmp(text, "[]") == 0)
		return;
	out_putf(o, "%-10s  ", name);
	out_visible(o, span_of(text));
	out_puts(o, "\n");
}

static void print_detail(struct out *o, const struct kb_entry *k)
{
	const char *line = k->content;

	out_putf(o, "#%lld  confidence %.2f, seen %lld time%s\n", (long long)k->id, k->confidence,
		 (long long)k->occurrences, PLURAL(k->occurrences));
	print_field(o, "category", k->category);
	print_field(o, "title", k->title);
	print_field(o, "tags", k->tags);
	print_field(o, "files", k->files);
	print_field(o, "task", k->task_id);
	print_field(o, "session", k->session_id);
	print_field(o, "first seen", k->first_seen);
	print_field(o, "last seen", k->last_seen);
	out_puts(o, "\n");
	for (;;) {
		size_t len = strcspn(line, "\n");

		out_visible(o, (struct span){ line, len });
		out_puts(o, "\n");
		if (!line[len])
			break;
		line += len + 1;
	}
}

static int show_one(struct cmd_ctx *c, struct kb *kb, struct err *e)
{
	CLEANUP(kb_entry_release) struct kb_entry entry = { 0 };
	struct json j;
	int rc = kb_entry_read(kb, (int64_t)options_number(c->options, "detail", 0), &entry, e);

	if (rc < 0)
		return rc;
	if (c->json) {
		json_open(&j, c->out, "entry");
		print_json(&j, &entry);
		json_close(&j);
	} else {
		print_detail(c->out, &entry);
	}
	return EXIT_DONE;
}

static void print_hits(struct cmd_ctx *c, const struct kb_wanted *w, const struct kb_hits *hits)
{
	struct json j;

	if (c->json) {
		json_open(&j, c->out, "query");
		json_span(&j, "query", w->text);
		json_text(&j, "strictness", kb_strictness_word(hits->strictness));
		json_array(&j, "entries");
		for (size_t i = 0; i < hits->count; i++) {
			json_object(&j, NULL);
			print_json(&j, &hits->v[i]);
			json_object_end(&j);
		}
		json_array_end(&j);
		json_close(&j);
		return;
	}
	for (size_t i = 0; i < hits->count; i++)
		print_line(c->out, &hits->v[i]);
	if (hits->count == 0)
		out_puts(c->out, "Nothing was found.\n");
}

/* --type, or the short form of one. */
static int read_category(const struct options *o, struct span *out, struct err *e)
{
	static const char *const flags[] = { "mistakes", "patterns", "decisions" };
	const char *type = options_text(o, "type");
	size_t count = type != NULL;

	*out = span_of(type ? type : "");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!options_has(o, flags[i]))
			continue;
		*out = (struct span){ flags[i], strlen(flags[i]) - 1 };
		count++;
	}
	if (count > 1)
		return err_set(e, -SK_EUSAGE,
			       "query: more than one category: nothing was looked for. Try: sk "
			       "query --type mistake WORDS");
	return 0;
}

static struct span text_of(const struct options *o, const char *name)
{
	const char *text = options_text(o, name);

	return text ? span_of(text) : SPAN_LIT("");
}

static int read_wanted(const struct options *o, struct buf *words, struct kb_wanted *w,
		       struct err *e)
{
	const char *sure = options_text(o, "min-confidence");
	bool narrowed;
	int rc = read_category(o, &w->category, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < o->arg_count; i++)
		buf_putf(words, "%s%s", i ? " " : "", o->args[i]);
	w->text = (struct span){ words->p, words->len };
	w->session_id = text_of(o, "session");
	w->task_id = text_of(o, "task");
	w->file = text_of(o, "file");
	w->limit = options_number(o, "limit", LIMIT_DEFAULT);
	if (sure && kb_confidence_decode(sure, &w->confidence_min) < 0)
		return err_set(e, -SK_EUSAGE,
			       "query: --min-confidence %s: expected a number from 0 to 1: nothing "
			       "was looked for. Try: --min-confidence 0.5",
			       sure);
	narrowed = w->category.len || w->session_id.len || w->task_id.len || w->file.len;
	if (w->text.len == 0 && !narrowed && !options_has(o, "list"))
		return err_set(
			e, -SK_EUSAGE,
			"query: expected words: nothing was looked for. Try: sk query --list");
	return 0;
}

static int query_run(struct cmd_ctx *c, struct err *e)
{
	struct kb_open how = { .mode = KB_READ, .versions = KB_CURRENT, .who = "sk query" };
	CLEANUP(kb_hits_release) struct kb_hits hits = KB_HITS_INIT;
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	CLEANUP(kb_close) struct kb *kb = NULL;
	bool detail = options_text(c->options, "detail");
	struct kb_wanted wanted = { 0 };
	int rc = detail ? 0 : read_wanted(c->options, &words, &wanted, e);

	if (rc == 0)
		rc = cmd_database(options_text(c->options, "db"), false, &path, e);
	how.path = path.p;
	if (rc == 0)
		rc = kb_open(&how, &kb, e);
	if (rc < 0)
		return rc;
	if (detail)
		return show_one(c, kb, e);
	rc = kb_search(kb, &wanted, &hits, e);
	if (rc < 0)
		return rc;
	print_hits(c, &wanted, &hits);
	return EXIT_DONE;
}

static const struct option_row query_options[] = {
	{ .name = "detail",
	  .kind = OPTION_NUMBER,
	  .value = "ID",
	  .summary = "all of one entry",
	  .min = 1 },
	{ .name = "limit",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "at most so many entries (10)",
	  .min = 1,
	  .max = KB_HITS_MAX },
	{ .name = "list", .kind = OPTION_FLAG, .summary = "the newest ones, without words" },
	{ .name = "type",
	  .kind = OPTION_CHOICE,
	  .value = KB_CATEGORY_CHOICES,
	  .summary = "only of this category" },
	{ .name = "mistakes", .kind = OPTION_FLAG, .summary = "the same as --type mistake" },
	{ .name = "patterns", .kind = OPTION_FLAG, .summary = "the same as --type pattern" },
	{ .name = "decisions", .kind = OPTION_FLAG, .summary = "the same as --type decision" },
	{ .name = "session",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "only of this session" },
	{ .name = "task", .kind = OPTION_TEXT, .value = "ID", .summary = "only of this task" },
	{ .name = "file",
	  .kind = OPTION_TEXT,
	  .value = "PATH",
	  .summary = "only about this file",
	  .completes = ARG_FILE },
	{ .name = "min-confidence",
	  .kind = OPTION_TEXT,
	  .value = "0..1",
	  .summary = "only what is at least so sure; 0.2 more for one or two words, less for a "
		     "sentence" },
	DATABASE_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_query = {
	.path = "query",
	.summary = "find what was learned",
	.usage = "[WORDS...]",
	.about =
		"Words are words: nothing in them is an operator. One or two words, paths and "
		"names "
		"are taken as they stand, up to their stem; a longer question is taken as a choice "
		"of its words when it is a sentence, else all of them must be there, also as "
		"beginnings. When nothing is found that way, entries that hold the text as it "
		"stands "
		"are.",
	.example = "sk query locks fork\n"
		   "sk query --mistakes --limit 3 journal\n"
		   "sk query --detail 12",
	.options = query_options,
	.args = ARG_TEXT,
	.args_max = 64,
	.run = query_run,
};
