/*
 * The library speaks of mappings, collections and tokens. Its sentences are few and do not change,
 * so each has a row; the first that fits is taken, and the last fits everything.
 */
#include "plan/plan_yaml_words.h"

#include <string.h>

#include "base/base.h"

/* Words of the sentence that decide only together with what was being read. */
static const struct {
	const char *problem, *context;
	struct yaml_words words;
} by_context[] = {
	{ "unexpected end of stream",
	  "quoted scalar",
	  { "", "a quote is not closed", "the same quote at the end of the text", true } },
	{ "expected key",
	  "block mapping",
	  { "", "expected a key: the indentation is wrong, or text follows a closed quote",
	    "the same indentation for all keys of one map", true } },
	{ "", "directive", { "", "a line cannot begin with %", "quote it", false } },
	{ "alphabetic or numeric", "alias", { "", "text cannot begin with *", "quote it", false } },
	{ "alphabetic or numeric",
	  "anchor",
	  { "", "text cannot begin with &", "quote it", false } },
};

static const struct yaml_words rows[] = {
	{ "mapping values are not allowed", "\":\" is not allowed here: a text has begun already",
	  "quote text that holds \": \", and end the key above it with \":\"", false },
	{ "block sequence entries are not allowed", "\"- \" is not allowed here",
	  "begin the list on a line of its own", false },
	{ "mapping keys are not allowed", "\"? \" is not allowed here", "quote it", false },
	{ "could not find expected ':'", "no \": \" behind a key", "KEY: value", false },
	{ "cannot start any token", "text cannot begin with this character", "quote it", false },
	{ "unknown escape character", "unknown escape in double quotes",
	  "single quotes, or write a backslash as \\\\", false },
	{ "hexdecimal number", "an escape without its digits", "\\x41, or single quotes", false },
	{ "Unicode character escape", "an escape that is no character", "another one", false },
	{ "unexpected document indicator", "--- or ... inside quotes", "close the quote before it",
	  true },
	{ "tab character", "a tab is not allowed here", "indent with spaces", false },
	{ "comment or line break", "text behind | or > of a longer text",
	  "begin the text on the next line", false },
	{ "indentation indicator", "no such indentation behind | or >", "leave the digit out",
	  false },
	{ "expected '-' indicator",
	  "this line is indented like the list but does not begin with \"- \"",
	  "begin it with \"- \", or indent it deeper or less deep", true },
	{ "expected ',' or ']'", "expected a comma or the closing ]",
	  "close [ with ], and quote text that holds , [ ] { or }", true },
	{ "expected ',' or '}'", "expected a comma or the closing }",
	  "close { with }, and quote text that holds , [ ] { or }", true },
	{ "expected <document start>", "text behind the end of the plan",
	  "one plan a file, all keys at the same indentation", false },
	{ "expected node content", "a value is missing or begins with a character of YAML",
	  "quote it", false },
	{ "whitespace or line break", "a blank is missing", "quote the text", false },
	{ "tag", "tags are not supported", "leave out the word that begins with !", false },
	{ "'!'", "tags are not supported", "leave out the word that begins with !", false },
	{ "incompatible YAML document", "this is not YAML 1.1 or 1.2", "leave the line out",
	  false },
	{ "control characters", "control characters are not allowed", "take it out", false },
	{ "simple key", "a key of more than 1024 characters", "a short key", false },
	{ "", "this is not YAML", "quote the text, or compare the line with sk help run", false },
};

const struct yaml_words *yaml_words_find(const char *problem, const char *context)
{
	const struct yaml_words *row = rows;

	for (size_t i = 0; context && i < ARRAY_LEN(by_context); i++)
		if (strstr(problem, by_context[i].problem) &&
		    strstr(context, by_context[i].context))
			return &by_context[i].words;
	while (!strstr(problem, row->part))
		row++;
	return row;
}
