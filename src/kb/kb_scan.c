/*
 * Three things: secrets, because the database is read by agents and exchanged between machines;
 * sentences that give orders to a model, because an entry is put into prompts; and characters that
 * cannot be seen, because they hide either. Patterns are tables and matched in one pass each: a
 * text cannot make this slow.
 */
#include "kb/kb_scan.h"

struct token {
	const char *prefix;
	size_t more_min; /* characters that must follow */
	const char *what;
};

static const struct token tokens[] = {
	{ "AKIA", 16, "what looks like a key of AWS" },
	{ "ASIA", 16, "what looks like a key of AWS" },
	{ "AIza", 30, "what looks like a key of Google" },
	{ "ghp_", 20, "what looks like a token of GitHub" },
	{ "gho_", 20, "what looks like a token of GitHub" },
	{ "ghs_", 20, "what looks like a token of GitHub" },
	{ "ghu_", 20, "what looks like a token of GitHub" },
	{ "github_pat_", 20, "what looks like a token of GitHub" },
	{ "glpat-", 16, "what looks like a token of GitLab" },
	{ "sk-", 20, "what looks like a key of a model's provider" },
	{ "xoxb-", 10, "what looks like a token of Slack" },
	{ "xoxp-", 10, "what looks like a token of Slack" },
	{ "npm_", 30, "what looks like a token of npm" },
	{ "eyJ", 40, "what looks like a signed token" },
};

/* Words behind which, after = or :, a value stands that nobody else should know. */
static const char *const secret_words[] = { "password", "passwd",     "api_key", "apikey",
					    "api-key",  "secret_key", "token",   "private_key",
					    "secret",   "access_key" };

static const char *const orders[] = { "ignore", "disregard", "forget", "override", "bypass" };
static const char *const earlier[] = { "previous", "prior", "above", "earlier", "preceding",
				       "existing", "your",  "all",   "any" };
static const char *const rules[] = { "instruction", "instructions", "rule",    "rules",
				     "prompt",      "prompts",      "message", "messages",
				     "guidelines",  "directives" };

/* What frames a message in the formats of models. */
static const char *const frames[] = { "<|im_start|>", "<|im_end|>",       "<|system|>",
				      "<system>",     "</system>",        "[inst]",
				      "<<sys>>",      "<system-reminder>" };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_word(char c)
{
	c = lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool begins(struct span text, const char *word)
{
	size_t len = strlen(word);

	if (text.len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(text.p[i]) != word[i])
			return false;
	return true;
}

static struct span rest(struct span text, size_t at)
{
	return (struct span){ text.p + at, text.len - at };
}

/* --- secrets -------------------------------------------------------------------------------- */

static const char *find_token(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(tokens); i++) {
		size_t len = strlen(tokens[i].prefix), more = 0, digits = 0;

		if (!span_starts(text, tokens[i].prefix))
			continue;
		while (len + more < text.len &&
		       (is_word(text.p[len + more]) || text.p[len + more] == '.')) {
			digits += text.p[len + more] >= '0' && text.p[len + more] <= '9';
			more++;
		}
		/* A name of many words has no digits; a key of that length always has. */
		if (more >= tokens[i].more_min && digits > 0)
			return tokens[i].what;
	}
	if (span_starts(text, "-----BEGIN ")) {
		const char *end = memchr(text.p + 5, '\n', text.len - 5);
		size_t len = end ? (size_t)(end - text.p) : text.len;

		if (span_contains((struct span){ text.p, len }, SPAN_LIT("PRIVATE KEY-----")))
			return "a private key";
	}
	return NULL;
}

/* A value, and not a word that stands for one: "$TOKEN", "<token>", "***", "none". */
static bool is_value(struct span text)
{
	size_t len = 0, others = 0;

	while (text.len && (*text.p == ' ' || *text.p == '"' || *text.p == '\''))
		text = rest(text, 1);
	while (len < text.len && !strchr(" \t\n\"',;)", text.p[len])) {
		if (strchr("$<>*{}[](", text.p[len]))
			return false;
		others += lower(text.p[len]) < 'a' || lower(text.p[len]) > 'z';
		len++;
	}
	return len >= 8 && others > 0;
}

static const char *find_assigned(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(secret_words); i++) {
		size_t at = strlen(secret_words[i]);

		if (!begins(text, secret_words[i]))
			continue;
		while (at < text.len && (text.p[at] == ' ' || text.p[at] == '"'))
			at++;
		if (at < text.len && (text.p[at] == '=' || text.p[at] == ':') &&
		    is_value(rest(text, at + 1)))
			return "what looks like a password or key";
	}
	return NULL;
}

/* "://name:password@host" */
static bool has_credentials(struct span text)
{
	bool colon = false;

	if (!span_starts(text, "://"))
		return false;
	for (size_t i = 3; i < text.len && !strchr("/ \t\n\"'<>$", text.p[i]); i++) {
		if (text.p[i] == '@')
			return colon;
		colon |= text.p[i] == ':' && i + 1 < text.len && text.p[i + 1] != '@';
	}
	return false;
}

/* --- orders --------------------------------------------------------------------------------- */

/* The next word of the text, which is shortened to what follows. */
static struct span take_word(struct span *text)
{
	struct span word;
	size_t len = 0;

	while (text->len && !is_word(*text->p))
		*text = rest(*text, 1);
	while (len < text->len && is_word(text->p[len]))
		len++;
	word = (struct span){ text->p, len };
	*text = rest(*text, len);
	return word;
}

static bool is_one_of(struct span word, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (word.len == strlen(words[i]) && begins(word, words[i]))
			return true;
	return false;
}

/* "ignore all of your previous instructions": an order, something earlier, and rules, close by. */
static bool gives_orders(struct span text)
{
	bool was_earlier = false;

	if (!is_one_of(take_word(&text), orders, ARRAY_LEN(orders)))
		return false;
	for (int i = 0; i < 6; i++) {
		struct span word = take_word(&text);

		if (was_earlier && is_one_of(word, rules, ARRAY_LEN(rules)))
			return true;
		was_earlier |= is_one_of(word, earlier, ARRAY_LEN(earlier));
	}
	return false;
}

static bool has_frame(struct span text)
{
	for (size_t i = 0; i < ARRAY_LEN(frames); i++)
		if (begins(text, frames[i]))
			return true;
	return false;
}

/* --- what cannot be seen -------------------------------------------------------------------- */

/* Zero width, direction, tags: U+200B-200F, 202A-202E, 2060-2069, FEFF, E0000-E007F. */
static bool is_invisible(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.p;

	if (text.len >= 3 && p[0] == 0xe2 && p[1] == 0x80)
		return (p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae);
	if (text.len >= 3 && p[0] == 0xe2 && p[1] == 0x81)
		return p[2] >= 0xa0 && p[2] <= 0xa9;
	if (text.len >= 3 && p[0] == 0xef && p[1] == 0xbb)
		return p[2] == 0xbf;
	return text.len >= 4 && p[0] == 0xf3 && p[1] == 0xa0 && p[2] <= 0x81;
}

const char *kb_scan(struct span text, size_t *at)
{
	for (size_t i = 0; i < text.len; i++) {
		bool first = i == 0 || !is_word(text.p[i - 1]);
		struct span here = rest(text, i);
		const char *what = NULL;

		*at = i;
		if (is_invisible(here))
			return "a character that cannot be seen";
		if (has_frame(here))
			return "what frames a message to a model";
		if (has_credentials(here))
			return "a password in an address";
		if (first)
			what = find_token(here);
		/* "db_password=", as well: no need to begin a word. */
		if (!what)
			what = find_assigned(here);
		if (!what && first && gives_orders(here))
			what = "what looks like an order to a model";
		if (what)
			return what;
	}
	return NULL;
}
