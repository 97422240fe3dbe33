/*
 * Our own parser instead of getopt: a near miss must be named, an option must never be guessed from
 * a prefix (a script that worked yesterday would change its meaning when an option is added), and
 * numbers are all digits or nothing.
 */
#include "cmd/options.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/str.h"
#include "base/when.h"
#include "cmd/cmd.h"

#define SHOWN_BYTES_MAX 64 /* of a word we repeat in a refusal */
#define NAMES_SHOWN_MAX 8  /* more options than this are read in the help, not in a refusal */

const struct option_row common_options[] = {
	{ .name = "format",
	  .kind = OPTION_CHOICE,
	  .value = "text|json",
	  .summary = "print text for people or JSON" },
	{ .name = "json", .kind = OPTION_FLAG, .summary = "the same as --format json" },
	{ .name = "state-dir",
	  .kind = OPTION_TEXT,
	  .value = "DIR",
	  .summary = "where the state is (else $SK_STATE_DIR, else .state)",
	  .completes = ARG_DIRECTORY },
	{ .name = "no-color", .kind = OPTION_FLAG, .summary = "no colours, also on a terminal" },
	{ .name = "help",
	  .letter = 'h',
	  .kind = OPTION_FLAG,
	  .summary = "explain the command and leave" },
	{ .name = NULL },
};

void options_release(struct options *o)
{
	mem_free(&o->given);
	mem_free(&o->args);
	*o = (struct options)OPTIONS_INIT;
}

static const struct option_row no_options[] = { { .name = NULL } };

/* What may stand in front of a command, beside the common options. */
static const struct option_row front_options[] = {
	{ .name = "version", .letter = 'V', .kind = OPTION_FLAG, .summary = "print the version" },
	{ .name = NULL },
};

static const struct option_row *own_options(const struct cmd *cmd)
{
	if (!cmd)
		return front_options;
	return cmd->options ? cmd->options : no_options;
}

static const struct option_row *find_name(const struct cmd *cmd, struct span name)
{
	for (const struct option_row *row = own_options(cmd); row->name; row++)
		if (span_is(name, row->name))
			return row;
	for (const struct option_row *row = common_options; row->name; row++)
		if (span_is(name, row->name))
			return row;
	return NULL;
}

static const struct option_row *find_letter(const struct cmd *cmd, char letter)
{
	for (const struct option_row *row = own_options(cmd); row->name; row++)
		if (row->letter == letter)
			return row;
	for (const struct option_row *row = common_options; row->name; row++)
		if (row->letter == letter)
			return row;
	return NULL;
}

/* The beginning of an option counts as one slip, however much is missing. */
static void nearest_in(const struct option_row *rows, struct span name, unsigned *best,
		       const char **out)
{
	for (const struct option_row *row = rows; row->name; row++) {
		unsigned distance = word_distance(name, span_of(row->name), *best);

		if (name.len > 1 && strncmp(row->name, name.p, name.len) == 0 && distance > 1)
			distance = 1;
		if (distance < *best) {
			*best = distance;
			*out = row->name;
		}
	}
}

/* Where the refusal sends the reader: "sk help status", or "sk help" in front of a command. */
static const char *words_of(const struct cmd *cmd, const char *lead)
{
	return cmd ? lead : "";
}

static int refuse(const struct cmd *cmd, struct err *e, const char *problem)
{
	return err_set(e, -SK_EUSAGE, "%s%s%s. Nothing was done. Try: sk help%s%s",
		       cmd ? cmd->path : "", words_of(cmd, ": "), problem, words_of(cmd, " "),
		       cmd ? cmd->path : "");
}

/* A row of the command itself stands before a common one of the same name. */
static bool is_hidden(const struct option_row *own, const struct option_row *row)
{
	for (; own->name; own++)
		if (own != row && strcmp(own->name, row->name) == 0)
			return true;
	return false;
}

/* Those of `own` stand there already. */
static unsigned put_names(struct buf *out, const struct option_row *rows,
			  const struct option_row *own, unsigned left)
{
	for (; rows->name && left > 0; rows++) {
		if (is_hidden(own, rows))
			continue;
		buf_putf(out, "%s--%s", out->len ? ", " : "", rows->name);
		left--;
	}
	if (rows->name)
		buf_puts(out, ", ...");
	return left;
}

static int refuse_unknown(const struct cmd *cmd, struct span name, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT, all = BUF_INIT;
	const char *near = NULL;
	/* As many slips as a word of this length bears before it is another word. */
	unsigned best = name.len < 4 ? 2 : name.len < 9 ? 3 : 4;

	nearest_in(own_options(cmd), name, &best, &near);
	nearest_in(common_options, name, &best, &near);
	if (name.len > SHOWN_BYTES_MAX)
		name.len = SHOWN_BYTES_MAX;
	buf_put_visible(&shown, name);
	if (near)
		return err_set(e, -SK_EUSAGE,
			       "%s%sunknown option --%s; did you mean --%s? Nothing was done. Try: "
			       "sk help%s%s",
			       cmd ? cmd->path : "", words_of(cmd, ": "), shown.p ? shown.p : "",
			       near, words_of(cmd, " "), cmd ? cmd->path : "");
	if (put_names(&all, own_options(cmd), own_options(cmd), NAMES_SHOWN_MAX) > 0)
		put_names(&all, common_options, own_options(cmd), NAMES_SHOWN_MAX);
	return err_set(e, -SK_EUSAGE,
		       "%s%sunknown option --%s (there is %s): nothing was done. Try: sk help%s%s",
		       cmd ? cmd->path : "", words_of(cmd, ": "), shown.p ? shown.p : "", all.p,
		       words_of(cmd, " "), cmd ? cmd->path : "");
}

static bool is_choice(const char *choices, struct span text)
{
	const char *p = choices;

	while (*p) {
		size_t len = strcspn(p, "|");

		if (span_eq(text, (struct span){ p, len }))
			return true;
		p += len + (p[len] == '|');
	}
	return false;
}

static int refuse_value(const struct cmd *cmd, const struct option_row *row, const char *text,
			const char *expected, struct err *e)
{
	CLEANUP(buf_release) struct buf problem = BUF_INIT;

	buf_putf(&problem, "--%s ", row->name);
	buf_put_quoted(&problem, span_of(text), SHOWN_BYTES_MAX);
	buf_putf(&problem, ": expected %s", expected);
	return refuse(cmd, e, problem.p);
}

static int check_number(const struct cmd *cmd, const struct option_row *row, const char *text,
			uint64_t *out, struct err *e)
{
	uint64_t max = row->max ? row->max : INTEGER_MAX;
	char expected[80];

	if (span_to_u64(span_of(text), max, out) == 0 && *out >= row->min)
		return 0;
	if (max == INTEGER_MAX)
		snprintf(expected, sizeof(expected), "a whole number, at least %llu",
			 (unsigned long long)row->min);
	else
		snprintf(expected, sizeof(expected), "a whole number in %llu..%llu",
			 (unsigned long long)row->min, (unsigned long long)max);
	return refuse_value(cmd, row, text, expected, e);
}

static int check_value(const struct cmd *cmd, const struct option_row *row, const char *text,
		       uint64_t *out, struct err *e)
{
	int64_t ms;
	char expected[120];

	switch (row->kind) {
	case OPTION_NUMBER:
		return check_number(cmd, row, text, out, e);
	case OPTION_DURATION:
		if (duration_decode(span_of(text), &ms) < 0 || ms < 0)
			return refuse_value(cmd, row, text, "a duration such as 90s, 10m or 2h", e);
		*out = (uint64_t)ms;
		return 0;
	case OPTION_CHOICE:
		if (is_choice(row->value, span_of(text)))
			return 0;
		snprintf(expected, sizeof(expected), "one of %s", row->value);
		return refuse_value(cmd, row, text, expected, e);
	case OPTION_TEXT:
		if (*text)
			return 0;
		return refuse_value(cmd, row, text, "a value that is not empty", e);
	case OPTION_FLAG:
		break;
	}
	return 0;
}

static int add_given(struct options *o, const struct option_row *row, const char *text,
		     struct err *e)
{
	char problem[120];
	uint64_t number = 0;
	int rc;

	for (size_t i = 0; i < o->given_count; i++) {
		if (o->given[i].row != row || row->repeats || row->kind == OPTION_FLAG)
			continue;
		snprintf(problem, sizeof(problem), "--%s is given twice", row->name);
		return refuse(o->cmd, e, problem);
	}
	if (row->kind != OPTION_FLAG) {
		rc = check_value(o->cmd, row, text, &number, e);
		if (rc < 0)
			return rc;
	}
	mem_grow(&o->given, &o->given_capacity, o->given_count + 1, sizeof(*o->given));
	o->given[o->given_count++] = (struct option_given){ row, text, number };
	return 0;
}

static int missing_value(const struct options *o, const struct option_row *row, struct err *e)
{
	char problem[160];

	snprintf(problem, sizeof(problem), "--%s needs a value: --%s %s", row->name, row->name,
		 row->value);
	return refuse(o->cmd, e, problem);
}

/* One --word; *at moves on when the value is the next word. */
static int parse_long(struct options *o, char *const *words, size_t count, size_t *at,
		      struct err *e)
{
	const char *text = words[*at] + 2;
	size_t len = strcspn(text, "=");
	const struct option_row *row = find_name(o->cmd, (struct span){ text, len });
	char problem[120];

	if (!row)
		return refuse_unknown(o->cmd, (struct span){ text, len }, e);
	if (row->kind == OPTION_FLAG) {
		if (!text[len])
			return add_given(o, row, NULL, e);
		snprintf(problem, sizeof(problem), "--%s takes no value", row->name);
		return refuse(o->cmd, e, problem);
	}
	if (text[len])
		return add_given(o, row, text + len + 1, e);
	if (*at + 1 >= count)
		return missing_value(o, row, e);
	return add_given(o, row, words[++*at], e);
}

/* One -word: flags, of which the last may be an option whose value is the rest or the next word. */
static int parse_short(struct options *o, char *const *words, size_t count, size_t *at,
		       struct err *e)
{
	CLEANUP(buf_release) struct buf problem = BUF_INIT;
	const char *p = words[*at] + 1;

	for (; *p; p++) {
		const struct option_row *row = find_letter(o->cmd, *p);
		int rc;

		if (!row) {
			buf_puts(&problem, "unknown option -");
			buf_put_visible(&problem, (struct span){ p, 1 });
			return refuse(o->cmd, e, problem.p);
		}
		if (row->kind == OPTION_FLAG) {
			rc = add_given(o, row, NULL, e);
			if (rc < 0)
				return rc;
			continue;
		}
		if (p[1])
			return add_given(o, row, p + 1, e);
		if (*at + 1 >= count)
			return missing_value(o, row, e);
		return add_given(o, row, words[++*at], e);
	}
	return 0;
}

int options_parse(struct options *o, const struct cmd *cmd, char *const *words, size_t count,
		  size_t *used, struct err *e)
{
	bool plain = false;
	size_t at;

	o->cmd = cmd;
	for (at = 0; at < count; at++) {
		const char *word = words[at];
		int rc = 0;

		if (plain || word[0] != '-' || !word[1]) {
			if (!cmd)
				break;
			mem_grow(&o->args, &o->arg_capacity, o->arg_count + 1, sizeof(*o->args));
			o->args[o->arg_count++] = word;
			continue;
		}
		if (word[1] != '-')
			rc = parse_short(o, words, count, &at, e);
		else if (word[2])
			rc = parse_long(o, words, count, &at, e);
		else
			plain = true;
		if (rc < 0)
			return rc;
	}
	if (used)
		*used = at;
	return 0;
}

int options_check_args(const struct options *o, struct err *e)
{
	CLEANUP(buf_release) struct buf problem = BUF_INIT;

	if (o->arg_count < o->cmd->args_min) {
		buf_putf(&problem, "something is missing (sk %s %s)", o->cmd->path, o->cmd->usage);
		return refuse(o->cmd, e, problem.p);
	}
	if (o->arg_count > o->cmd->args_max) {
		buf_puts(&problem, "unexpected word ");
		buf_put_quoted(&problem, span_of(o->args[o->cmd->args_max]), SHOWN_BYTES_MAX);
		return refuse(o->cmd, e, problem.p);
	}
	return 0;
}

static const struct option_given *find_given(const struct options *o, const char *name,
					     size_t index)
{
	const struct option_row *row = find_name(o->cmd, span_of(name));

	INVARIANT(row);
	for (size_t i = 0; i < o->given_count; i++)
		if (o->given[i].row == row && index-- == 0)
			return &o->given[i];
	return NULL;
}

bool options_take(const struct options *o, const char *name)
{
	return find_name(o->cmd, span_of(name)) != NULL;
}

bool options_has(const struct options *o, const char *name)
{
	return find_given(o, name, 0) != NULL;
}

const char *options_text(const struct options *o, const char *name)
{
	const struct option_given *given = find_given(o, name, 0);

	return given ? given->text : NULL;
}

uint64_t options_number(const struct options *o, const char *name, uint64_t otherwise)
{
	const struct option_given *given = find_given(o, name, 0);

	return given ? given->number : otherwise;
}

const char *options_each(const struct options *o, const char *name, size_t index)
{
	const struct option_given *given = find_given(o, name, index);

	return given ? given->text : NULL;
}

int options_check_argv(int argc, char *const *argv, struct err *e)
{
	if (argc < 1 || !argv[0])
		return err_set(e, -SK_EUSAGE,
			       "no program name: started without arguments. Nothing was done. Try: "
			       "sk help");
	if (argc > ARGUMENTS_MAX)
		return err_set(e, -SK_EUSAGE,
			       "%d arguments are more than %d: nothing was done. Try: sk help",
			       argc - 1, ARGUMENTS_MAX);
	for (int i = 1; i < argc; i++)
		if (strnlen(argv[i], ARGUMENT_BYTES_MAX + 1) > ARGUMENT_BYTES_MAX)
			return err_set(
				e, -SK_EUSAGE,
				"argument %d longer than 64 KiB: nothing was done. Try: sk help",
				i);
	return 0;
}
