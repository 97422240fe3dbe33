/*
 * Each word goes to the index in quotes, so nothing in it is an operator; how words are joined is
 * decided here. Ways to search are tried from the closest to the widest, and the first that finds
 * something wins: a short question should not drown in what only resembles it.
 */
#include "kb/kb_search.h"

#include <string.h>

#include "base/limits.h"
#include "kb/kb_entry_impl.h"

#define LONG_WORD 12 /* characters: nobody types so much for want of a shorter word */

static const char *const stop_words[] = {
	"a",    "an",   "and",  "are", "as",     "at",  "be",   "by",    "can",   "do",    "does",
	"for",  "from", "has",  "how", "i",      "in",  "is",   "it",    "of",    "on",    "or",
	"that", "the",  "this", "to",  "was",    "we",  "what", "when",  "where", "which", "why",
	"with", "you",  "our",  "my",  "should", "did", "not",  "there", "about",
};

const char *kb_strictness_word(enum kb_strictness strictness)
{
	static const char *const words[KB_STRICTNESS_COUNT] = { "strict", "prefix", "broad",
								"literal", "newest" };

	INVARIANT(strictness < KB_STRICTNESS_COUNT);
	return words[strictness];
}

void kb_hits_release(struct kb_hits *h)
{
	for (size_t i = 0; i < h->count; i++)
		kb_entry_release(&h->v[i]);
	mem_free(&h->v);
	h->count = h->capacity = 0;
}

/* --- words ---------------------------------------------------------------------------------- */

/* What the tokenizer takes for a part of a word: letters, digits, and all that is not ASCII. */
static bool is_part(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (unsigned char)c >= 0x80;
}

/* The next word; the text is shortened to what follows. Empty at the end. */
static struct span take_word(struct span *text)
{
	struct span word;
	size_t begin = 0, end;

	while (begin < text->len && !is_part(text->p[begin]))
		begin++;
	end = begin;
	while (end < text->len && is_part(text->p[end]))
		end++;
	word = (struct span){ text->p + begin, end - begin };
	*text = (struct span){ text->p + end, text->len - end };
	return word;
}

static bool is_stop_word(struct span word)
{
	char low[8];

	if (word.len >= sizeof(low))
		return false;
	for (size_t i = 0; i < word.len; i++)
		low[i] = word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 32) : word.p[i];
	for (size_t i = 0; i < ARRAY_LEN(stop_words); i++)
		if (span_eq((struct span){ low, word.len }, span_of(stop_words[i])))
			return true;
	return false;
}

/* "src/kb/kb.c", "kb_open", "a::b": people who type this mean exactly this. */
static bool looks_like_code(struct span text)
{
	for (size_t i = 1; i + 1 < text.len; i++)
		if (strchr("/_.:", text.p[i]) && is_part(text.p[i - 1]) &&
		    (is_part(text.p[i + 1]) || text.p[i + 1] == ':'))
			return true;
	return false;
}

enum kb_strictness kb_search_strictness(struct span text)
{
	size_t words = 0, stops = 0, longest = 0;
	struct span left = text, word;

	for (word = take_word(&left); word.len; word = take_word(&left)) {
		words++;
		stops += is_stop_word(word);
		longest = word.len > longest ? word.len : longest;
	}
	if (words <= 2 || looks_like_code(text) || (words <= 4 && longest >= LONG_WORD))
		return KB_STRICT;
	return words >= 6 && stops >= 2 ? KB_BROAD : KB_PREFIX;
}

void kb_search_terms(struct span text, enum kb_strictness strictness, struct buf *out)
{
	const char *between = strictness == KB_BROAD ? " OR " : " AND ";
	size_t begin = out->len;
	struct span word;

	for (word = take_word(&text); word.len; word = take_word(&text)) {
		if (strictness == KB_BROAD && is_stop_word(word))
			continue;
		if (out->len > begin)
			buf_puts(out, between);
		buf_putf(out, "\"%.*s\"%s", SPAN_ARG(word), strictness == KB_PREFIX ? "*" : "");
	}
}

/* --- rows ----------------------------------------------------------------------------------- */

#define NARROW                                                                              \
	" k.deleted_at IS NULL AND (?2='' OR k.category=?2) AND (?3='' OR k.session_id=?3)" \
	" AND (?4='' OR k.task_id=?4) AND (?5='' OR EXISTS (SELECT 1 FROM json_each(CASE "  \
	"WHEN json_valid(k.affected_files) THEN k.affected_files ELSE '[]' END) f WHERE "   \
	"f.value=?5)) AND coalesce(k.confidence,0)>=?6 "

static const char by_words[] =
	"SELECT " KB_ENTRY_COLUMNS " FROM ke_fts f JOIN knowledge_entries k ON k.id=f.rowid WHERE "
	"ke_fts MATCH ?1 AND" NARROW
	"ORDER BY bm25(ke_fts, 4.0, 1.0, 2.0), k.confidence DESC, k.id DESC LIMIT ?7";
static const char by_text[] =
	"SELECT " KB_ENTRY_COLUMNS " FROM knowledge_entries k WHERE (instr(lower(k.title), "
	"lower(?1)) OR instr(lower(k.content), lower(?1)) OR instr(lower(k.tags), lower(?1))) "
	"AND" NARROW "ORDER BY k.confidence DESC, k.id DESC LIMIT ?7";
static const char newest[] =
	"SELECT " KB_ENTRY_COLUMNS " FROM knowledge_entries k WHERE ?1 IS NOT NULL AND" NARROW
	"ORDER BY k.last_seen DESC, k.id DESC LIMIT ?7";

static void bind(sqlite3_stmt *stmt, int at, struct span text)
{
	sqlite3_bind_text(stmt, at, text.p ? text.p : "", (int)text.len, SQLITE_STATIC);
}

static double confidence_min(const struct kb_wanted *w, enum kb_strictness strictness)
{
	double min = w->confidence_min;

	if (min <= 0)
		return 0;
	return strictness == KB_STRICT ? min + 0.2 : strictness == KB_BROAD ? min - 0.2 : min;
}

/* SQLite's code. */
static int find(struct kb *kb, const char *sql, struct span match, const struct kb_wanted *w,
		struct kb_hits *out)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(kb->db, sql, -1, &stmt, NULL);

	if (rc != SQLITE_OK)
		return rc;
	bind(stmt, 1, match);
	bind(stmt, 2, w->category);
	bind(stmt, 3, w->session_id);
	bind(stmt, 4, w->task_id);
	bind(stmt, 5, w->file);
	sqlite3_bind_double(stmt, 6, confidence_min(w, out->strictness));
	sqlite3_bind_int64(stmt, 7, (int64_t)w->limit);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		kb_entry_take(stmt, &out->v[out->count++]);
	}
	return sqlite3_finalize(stmt);
}

static int find_words(struct kb *kb, const struct kb_wanted *w, enum kb_strictness strictness,
		      struct kb_hits *out)
{
	CLEANUP(buf_release) struct buf terms = BUF_INIT;

	out->strictness = strictness;
	kb_search_terms(w->text, strictness, &terms);
	return terms.len ? find(kb, by_words, (struct span){ terms.p, terms.len }, w, out)
			 : SQLITE_OK;
}

static int find_any(struct kb *kb, const struct kb_wanted *w, struct kb_hits *out)
{
	enum kb_strictness first = kb_search_strictness(w->text);
	int rc;

	if (w->text.len == 0) {
		out->strictness = KB_NEWEST;
		return find(kb, newest, w->text, w, out);
	}
	rc = find_words(kb, w, first, out);
	if (rc == SQLITE_OK && out->count == 0 && first == KB_STRICT)
		rc = find_words(kb, w, KB_PREFIX, out);
	if (rc == SQLITE_OK && out->count == 0) {
		out->strictness = KB_LITERAL;
		rc = find(kb, by_text, w->text, w, out);
	}
	return rc;
}

int kb_search(struct kb *kb, const struct kb_wanted *wanted, struct kb_hits *out, struct err *e)
{
	int rc;

	INVARIANT(wanted->limit >= 1);
	INVARIANT(wanted->limit <= KB_HITS_MAX);
	if (wanted->text.len > KB_QUERY_BYTES_MAX)
		return err_set(e, -SK_EUSAGE,
			       "query longer than %d KiB: nothing was looked for. Try: fewer words",
			       KB_QUERY_BYTES_MAX >> 10);
	rc = find_any(kb, wanted, out);
	return rc == SQLITE_OK ? 0 : kb_fail(&kb->place, kb->db, rc, "nothing was changed", e);
}
