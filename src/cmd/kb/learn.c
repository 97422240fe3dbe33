/*
 * One lesson a command: an agent writes it down at the moment it knows, and a later session finds
 * it.
 */
#include <string.h>

#include "base/limits.h"
#include "cmd/cmd.h"
#include "cmd/home.h"
#include "cmd/kb/knowledge.h"
#include "kb/kb_entry.h"

/* The one category that was given. */
static int read_category(const struct options *o, struct span *out, struct err *e)
{
	size_t count = 0;

#define X(word, confidence)             \
	if (options_has(o, #word)) {    \
		*out = SPAN_LIT(#word); \
		count++;                \
	}
	KB_CATEGORIES(X)
#undef X
	if (count == 1)
		return 0;
	return err_set(e, -SK_EUSAGE,
		       "learn: expected one category (--mistake, --pattern, --decision, --tool, "
		       "--feature, --refactor, --discovery): nothing was learned. Try: sk learn "
		       "--mistake TITLE TEXT");
}

static int read_confidence(const struct options *o, double *out, struct err *e)
{
	const char *text = options_text(o, "confidence");

	*out = -1;
	if (!text || kb_confidence_decode(text, out) == 0)
		return 0;
	return err_set(
		e, -SK_EUSAGE,
		"learn: --confidence %s: expected a number from 0 to 1: nothing was learned. "
		"Try: --confidence 0.7",
		text);
}

/* One more than may be given is enough to be refused. */
static size_t read_files(const struct options *o, struct span out[KB_FILES_MAX + 1])
{
	const char *file;
	size_t count = 0;

	while (count <= KB_FILES_MAX && (file = options_each(o, "file", count)))
		out[count++] = span_of(file);
	return count;
}

static struct span text_or(const struct options *o, const char *name, struct span otherwise)
{
	const char *text = options_text(o, name);

	return text ? span_of(text) : otherwise;
}

static int learn_run(struct cmd_ctx *c, struct err *e)
{
	const struct options *o = c->options;
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct span files[KB_FILES_MAX + 1];
	struct kb_learned done;
	struct kb_lesson lesson = { .title = span_of(o->args[0]),
				    .content = span_of(o->args[1]),
				    .tags = text_or(o, "tags", SPAN_LIT("")),
				    .session_id = text_or(o, "session", cmd_session()),
				    .task_id = text_or(o, "task", SPAN_LIT("")),
				    .files = files,
				    .file_count = read_files(o, files),
				    .now_ms = c->now_ms };
	struct json j;
	int rc = read_category(o, &lesson.category, e);

	if (rc == 0)
		rc = read_confidence(o, &lesson.confidence, e);
	if (rc < 0)
		return rc;
	rc = knowledge_open(options_text(o, "db"), "sk learn", c->now_ms, &kb, e);
	if (rc == 0)
		rc = kb_entry_learn(kb, &lesson, &done, e);
	if (rc < 0)
		return rc;
	done_elsewhere(c->done, "it stands in the knowledge database", "query --list");
	if (c->json) {
		json_open(&j, c->out, "learned");
		json_i64(&j, "id", done.id);
		json_span(&j, "category", lesson.category);
		json_text(&j, "title", o->args[0]);
		json_bool(&j, "is_new", done.occurrences == 1);
		json_i64(&j, "occurrences", done.occurrences);
		json_i64(&j, "confidence_percent", (int64_t)(done.confidence * 100 + 0.5));
		json_close(&j);
	} else {
		out_putf(c->out, "%s #%lld (%.*s, confidence %.2f%s)\n",
			 done.occurrences == 1 ? "Learned" : "Confirmed", (long long)done.id,
			 SPAN_ARG(lesson.category), done.confidence,
			 done.occurrences == 1 ? "" : ", seen before");
	}
	return EXIT_DONE;
}

static const struct option_row learn_options[] = {
	{ .name = "mistake", .kind = OPTION_FLAG, .summary = "what went wrong, and why" },
	{ .name = "pattern", .kind = OPTION_FLAG, .summary = "what works, and can be done again" },
	{ .name = "decision", .kind = OPTION_FLAG, .summary = "what was decided, and why" },
	{ .name = "tool", .kind = OPTION_FLAG, .summary = "how a tool is used" },
	{ .name = "feature", .kind = OPTION_FLAG, .summary = "what was built" },
	{ .name = "refactor", .kind = OPTION_FLAG, .summary = "what was rebuilt" },
	{ .name = "discovery", .kind = OPTION_FLAG, .summary = "what was found out" },
	{ .name = "tags",
	  .kind = OPTION_TEXT,
	  .value = "A,B",
	  .summary = "words under which it belongs" },
	{ .name = "session",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "in which it was learned (else that of the agent that runs us)" },
	{ .name = "task",
	  .kind = OPTION_TEXT,
	  .value = "ID",
	  .summary = "on which it was learned" },
	{ .name = "file",
	  .kind = OPTION_TEXT,
	  .repeats = true,
	  .value = "PATH",
	  .summary = "that it is about; may be given more than once",
	  .completes = ARG_FILE },
	{ .name = "confidence",
	  .kind = OPTION_TEXT,
	  .value = "0..1",
	  .summary = "how sure it is (else as the category has it)" },
	DATABASE_OPTION,
	{ .name = NULL },
};

const struct cmd cmd_learn = {
	.path = "learn",
	.summary = "write down what was learned, for later sessions",
	.usage = "--CATEGORY TITLE TEXT",
	.about = "The same category and title again confirms an entry: it counts one more, gains "
		 "confidence and keeps the longer text.\n"
		 "Passwords, keys and tokens are refused, and so are texts that give orders to a "
		 "model or hold characters that cannot be seen: entries are read by every later "
		 "session.",
	.example = "sk learn --mistake \"Locks and fork\" \"A child drops them\" --tags locks\n"
		   "sk learn --decision \"One journal\" \"Two cannot be synced\" --file src/j.c",
	.options = learn_options,
	.args = ARG_TEXT,
	.args_min = 2,
	.args_max = 2,
	.run = learn_run,
};
