/*
 * The library splits YAML into events and hands over raw text; what the text means is decided here,
 * so `NO` is never false. Depth is checked at every event: the library's own scan of deep flow
 * collections is quadratic, and stopping at the limit keeps it harmless. What could make a small
 * file mean a large one (anchors) is refused outright.
 */
#include "plan/plan_yaml.h"

#include <strings.h>
#include <yaml.h>

#include "plan/plan_text.h"
#include "plan/plan_yaml_words.h"

struct yaml_reader {
	yaml_parser_t parser;
	struct node_tree_builder build;
	struct span text;
	bool done;      /* the first document has ended */
	bool ambiguous; /* a scalar was refused; reading goes on to find the others */
};

static void yaml_reader_release(struct yaml_reader *r)
{
	yaml_parser_delete(&r->parser);
}

static struct place mark_place(yaml_mark_t mark)
{
	return (struct place){ (uint32_t)mark.line + 1, (uint32_t)mark.column + 1 };
}

static int refuse(struct yaml_reader *r, yaml_mark_t mark, const char *what)
{
	return problem_add(r->build.problems, r->build.source, mark_place(mark), "%s", what);
}

/* Whether ${{ stands left of the mark in its line: the reason of most errors there. */
static bool holds_parameter(const struct yaml_reader *r, yaml_mark_t mark)
{
	const char *line = r->text.p, *end = r->text.p + r->text.len, *stop;

	for (size_t i = 0; line && i < mark.line; i++) {
		line = memchr(line, '\n', (size_t)(end - line));
		line = line ? line + 1 : NULL;
	}
	if (!line)
		return false;
	stop = memchr(line, '\n', (size_t)(end - line));
	return memmem(line, (size_t)((stop ? stop : end) - line), "${{", 3) != NULL;
}

/* The library names token kinds; a tab is what people actually did. */
static const struct yaml_words *words_for(const yaml_parser_t *p)
{
	bool tab = p->error == YAML_SCANNER_ERROR && p->buffer.pointer &&
		   p->buffer.pointer < p->buffer.last && *p->buffer.pointer == '\t';
	const char *problem = p->problem ? p->problem : "";

	if (tab && strstr(problem, "cannot start any token"))
		problem = "tab character";
	return yaml_words_find(problem, p->context);
}

static int parser_failed(struct yaml_reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const struct yaml_words *words = words_for(p);
	struct place at = mark_place(p->problem_mark);
	struct text_cursor c;

	if (p->error == YAML_READER_ERROR) {
		text_cursor_init(&c, r->text);
		at = text_place(&c, p->problem_offset);
	} else if (p->context && strstr(p->context, "simple key")) {
		at = mark_place(p->context_mark); /* where the key is, not where it was missed */
	} else if (holds_parameter(r, p->problem_mark)) {
		return problem_add(r->build.problems, r->build.source, at,
				   "%s. Try: quotes around text with ${{...}} between { and }",
				   words->said);
	} else if (words->opened && p->context && p->context_mark.line != p->problem_mark.line) {
		return problem_add(r->build.problems, r->build.source, at,
				   "%s (what is read here began in line %zu). Try: %s", words->said,
				   p->context_mark.line + 1, words->advice);
	}
	return problem_add(r->build.problems, r->build.source, at, "%s. Try: %s", words->said,
			   words->advice);
}

static bool word_in(struct span text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text.len == strlen(words[i]) && strncasecmp(text.p, words[i], text.len) == 0)
			return true;
	return false;
}

static size_t digits_at(struct span text, size_t at)
{
	size_t from = at;

	while (at < text.len && text.p[at] >= '0' && text.p[at] <= '9')
		at++;
	return at - from;
}

/* JSON's form of a number, which all readers agree on. */
static bool json_number(struct span text)
{
	size_t at = text.len && text.p[0] == '-', len = digits_at(text, at);

	if (len == 0 || (len > 1 && text.p[at] == '0'))
		return false;
	at += len;
	if (at < text.len && text.p[at] == '.') {
		len = digits_at(text, at + 1);
		if (len == 0)
			return false;
		at += 1 + len;
	}
	if (at < text.len && (text.p[at] | 0x20) == 'e') {
		at++;
		at += at < text.len && (text.p[at] == '+' || text.p[at] == '-');
		len = digits_at(text, at);
		if (len == 0)
			return false;
		at += len;
	}
	return at == text.len;
}

static bool all_of(struct span text, const char *bytes)
{
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(bytes, text.p[i]) || text.p[i] == '\0')
			return false;
	return text.len > 0;
}

/* 2026-11-21, also with a time behind it. */
static bool date_like(struct span text)
{
	size_t month, day;

	if (digits_at(text, 0) != 4 || text.len < 8 || text.p[4] != '-')
		return false;
	month = digits_at(text, 5);
	if (month == 0 || month > 2 || 5 + month >= text.len || text.p[5 + month] != '-')
		return false;
	day = digits_at(text, 6 + month);
	if (day == 0 || day > 2)
		return false;
	return 6 + month + day == text.len || strchr("Tt ", text.p[6 + month + day]) != NULL;
}

/* Text that begins like a number and is one to some readers: 0x1f, 0o17, 017, 1_000, 1:30, 0b1. */
static const char *odd_number(struct span text)
{
	struct span body = text;

	if (body.len && (body.p[0] == '-' || body.p[0] == '+')) {
		body.p++;
		body.len--;
	}
	if (body.len == 0 || body.p[0] < '0' || body.p[0] > '9')
		return NULL;
	if (date_like(body))
		return "some readers take this for a date. Try: quote it";
	if (body.len > 2 && body.p[0] == '0' && strchr("xXoObB", body.p[1]) &&
	    all_of((struct span){ body.p + 2, body.len - 2 }, "0123456789abcdefABCDEF_"))
		return "some readers take this for a number to another base. Try: quote it";
	if (body.len > 1 && body.p[0] == '0' && all_of(body, "0123456789_"))
		return "some readers take the leading zero for octal. Try: quote it";
	if (memchr(body.p, '_', body.len) && all_of(body, "0123456789_."))
		return "some readers take this for a number. Try: quote it";
	if (memchr(body.p, ':', body.len) && all_of(body, "0123456789_:."))
		return "some readers take this for a number to the base of 60. Try: quote it";
	return NULL;
}

const char *yaml_scalar_problem(struct span text, enum node_kind *kind)
{
	static const char *const truths[] = { "yes", "no", "on", "off", "y", "n" };
	static const char *const spelled[] = { "true", "false", "null" };
	static const char *const special[] = { ".inf", "-.inf", "+.inf", ".nan" };

	*kind = NODE_TEXT;
	if (text.len == 0 || span_is(text, "~") || span_is(text, "null")) {
		*kind = NODE_NULL;
		return NULL;
	}
	if (text.len > 32) /* nothing ambiguous is this long */
		return NULL;
	if (span_is(text, "true") || span_is(text, "false")) {
		*kind = NODE_BOOL;
		return NULL;
	}
	if (json_number(text)) {
		*kind = NODE_NUMBER;
		return NULL;
	}
	if (text.len <= 5 && word_in(text, truths, ARRAY_LEN(truths)))
		return "some readers take this for true or false. Try: quote it, or write true or "
		       "false";
	if (text.len <= 5 && word_in(text, spelled, ARRAY_LEN(spelled)))
		return "some readers take this for true, false or null. Try: write it in lower "
		       "case, or quote it";
	if (text.len <= 5 && word_in(text, special, ARRAY_LEN(special)))
		return "some readers take this for a number. Try: quote it";
	if (span_is(text, "<<"))
		return "merge keys are not supported. Try: write the members out";
	if (span_is(text, "="))
		return "some readers take this for a default value. Try: quote it";
	return odd_number(text);
}

static int read_scalar(struct yaml_reader *r, const yaml_event_t *event)
{
	struct span text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct place at = mark_place(event->start_mark);
	enum node_kind kind = NODE_TEXT;
	const char *problem;

	if (event->data.scalar.anchor)
		return refuse(r, event->start_mark,
			      "anchors are not supported. Try: write the value out");
	if (event->data.scalar.tag)
		return refuse(r, event->start_mark,
			      "tags are not supported. Try: leave out the word that begins with !");
	if (memchr(text.p, '\0', text.len))
		return refuse(r, event->start_mark, "NUL character not allowed. Try: take it out");
	problem = plain ? yaml_scalar_problem(text, &kind) : NULL;
	if (problem) {
		r->ambiguous = true;
		problem_add(r->build.problems, r->build.source, at, "%s: %s",
			    problem_quote(r->build.problems, text), problem);
	}
	text = arena_copy(&r->build.tree->arena, text);
	return node_tree_wants_key(&r->build) ? node_tree_key(&r->build, text, at)
					      : node_tree_scalar(&r->build, kind, text, at);
}

static int read_container(struct yaml_reader *r, const yaml_event_t *event)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	const yaml_char_t *anchor =
		map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
	const yaml_char_t *tag =
		map ? event->data.mapping_start.tag : event->data.sequence_start.tag;

	if (anchor)
		return refuse(r, event->start_mark,
			      "anchors are not supported. Try: write the value out");
	if (tag)
		return refuse(r, event->start_mark,
			      "tags are not supported. Try: leave out the word that begins with !");
	if (node_tree_wants_key(&r->build))
		return refuse(
			r, event->start_mark,
			"a key must be text. Try: quotes around a \"{\" that belongs to a value");
	return node_tree_open(&r->build, map ? NODE_MAP : NODE_LIST, mark_place(event->start_mark));
}

static int read_event(struct yaml_reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->done)
			return refuse(r, event->start_mark,
				      "a second document; one file holds one plan. Try: one file "
				      "each, sk run A B");
		if (event->data.document_start.tag_directives.start !=
		    event->data.document_start.tag_directives.end)
			return refuse(r, event->start_mark,
				      "tags are not supported. Try: leave out the word that begins "
				      "with !");
		return 0;
	case YAML_DOCUMENT_END_EVENT:
		r->done = true;
		return 0;
	case YAML_ALIAS_EVENT:
		return refuse(r, event->start_mark,
			      "aliases are not supported. Try: write the value out");
	case YAML_SCALAR_EVENT:
		return read_scalar(r, event);
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return read_container(r, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return node_tree_close(&r->build);
	default:
		return 0;
	}
}

int yaml_read(struct problems *p, const struct source *source, struct span text,
	      struct node_tree *out)
{
	CLEANUP(yaml_reader_release) struct yaml_reader r = { .text = text };
	bool ended = false;

	node_tree_build(&r.build, out, p, source);
	INVARIANT(yaml_parser_initialize(&r.parser));
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.len);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	while (!ended) {
		yaml_event_t event;
		int rc;

		if (!yaml_parser_parse(&r.parser, &event))
			return parser_failed(&r);
		ended = event.type == YAML_STREAM_END_EVENT;
		rc = read_event(&r, &event);
		yaml_event_delete(&event);
		if (rc < 0)
			return rc;
	}
	if (!out->root)
		return problem_add(
			p, source, (struct place){ 1, 1 },
			"no plan in it, only comments. Try: tasks: {hello: {run: echo hello}}");
	return r.ambiguous ? -SK_EUSAGE : 0;
}
