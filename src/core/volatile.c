/*
 * Each kind is a small matcher that is asked at the beginning of a word: it answers how many bytes
 * belong to it, or 0. The first that fits takes them. A matcher never looks behind the line and
 * never allocates, so a hostile line costs a few looks at each of its bytes.
 */
#include "core/volatile.h"

#include "base/hash.h"
#include "base/limits.h"

struct at {
	const char *start, *p, *end;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (c & 0x80);
}

static size_t digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && is_digit(p[n]))
		n++;
	return n;
}

/* Whether a word ends there. */
static bool ends(const struct at *a, size_t len)
{
	return a->p + len >= a->end || !is_word(a->p[len]);
}

/* A pattern of d (digit), h (hex digit) and characters that stand for themselves. */
static bool fits(const struct at *a, size_t skip, const char *pattern)
{
	const char *p = a->p + skip;

	for (; *pattern; pattern++, p++) {
		if (p >= a->end)
			return false;
		if (*pattern == 'd'   ? !is_digit(*p)
		    : *pattern == 'h' ? !is_hex(*p)
				      : *p != *pattern)
			return false;
	}
	return true;
}

static size_t match_uuid(const struct at *a)
{
	return fits(a, 0, "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh") && ends(a, 36) ? 36 : 0;
}

static size_t match_address(const struct at *a)
{
	size_t n = 2;

	if (!fits(a, 0, "0xhhhh"))
		return 0;
	while (a->p + n < a->end && is_hex(a->p[n]))
		n++;
	return ends(a, n) ? n : 0;
}

/* ".123" or ",123456" behind a time. */
static size_t fraction(const struct at *a, size_t at)
{
	size_t n;

	if (a->p + at >= a->end || (a->p[at] != '.' && a->p[at] != ','))
		return 0;
	n = digits(a->p + at + 1, a->end);
	return n ? n + 1 : 0;
}

/* "Z", "+01:00" or "+0100" behind a time. */
static size_t zone(const struct at *a, size_t at)
{
	if (fits(a, at, "Z") && ends(a, at + 1))
		return 1;
	if (fits(a, at, "+dd:dd") || fits(a, at, "-dd:dd"))
		return 6;
	return (fits(a, at, "+dddd") || fits(a, at, "-dddd")) && ends(a, at + 5) ? 5 : 0;
}

/* 08:43:00.123, 8:43:00, with " AM" or " PM" perhaps. */
static size_t match_clock(const struct at *a)
{
	size_t n = fits(a, 0, "dd:dd:dd") ? 8 : fits(a, 0, "d:dd:dd") ? 7 : 0;

	if (!n)
		return 0;
	n += fraction(a, n);
	n += zone(a, n);
	if (fits(a, n, " AM") || fits(a, n, " PM"))
		n += 3;
	return ends(a, n) ? n : 0;
}

/* 2026-11-21, 2026/11/21, 21.11.2026, with a time behind it perhaps. */
static size_t match_date(const struct at *a)
{
	struct at clock = *a;
	size_t n = fits(a, 0, "dddd-dd-dd") || fits(a, 0, "dddd/dd/dd") ||
				   fits(a, 0, "dd.dd.dddd") || fits(a, 0, "dd/dd/dddd")
			   ? 10
			   : 0;

	if (!n)
		return 0;
	if (a->p + n < a->end && (a->p[n] == 'T' || a->p[n] == ' ' || a->p[n] == '_')) {
		size_t more;

		clock.p = a->p + n + 1;
		more = match_clock(&clock);
		if (!more && fits(&clock, 0, "dd:dd") && ends(&clock, 5))
			more = 5;
		if (more)
			return n + 1 + more;
	}
	return ends(a, n) ? n : 0;
}

/* Up to the blank behind it. */
static size_t word_len(const char *words)
{
	size_t n = 0;

	while (words[n] && words[n] != ' ')
		n++;
	return n;
}

static bool any_of(char c, const char *set)
{
	return c && strchr(set, c);
}

static bool one_of(const struct at *a, const char *words, size_t *len)
{
	while (*words) {
		size_t n = word_len(words);

		if ((size_t)(a->end - a->p) >= n && memcmp(a->p, words, n) == 0 && ends(a, n)) {
			*len = n;
			return true;
		}
		words += n + (words[n] == ' ');
	}
	return false;
}

/* Nov 21, Nov 21 18:40:51, Sat Nov 21 18:40:51 UTC 2026, Nov 21 2026 18:40:51 */
static size_t match_words_date(const struct at *a)
{
	static const char days[] = "Mon Tue Wed Thu Fri Sat Sun", months[] =
									  "Jan Feb Mar Apr May Jun "
									  "Jul Aug Sep Oct Nov "
									  "Dec";
	struct at at = *a;
	size_t n, taken = 0;

	if (one_of(&at, days, &n)) {
		at.p += n;
		at.p += at.p < at.end && *at.p == ',';
		at.p += at.p < at.end && *at.p == ' ';
	}
	if (!one_of(&at, months, &n))
		return 0;
	at.p += n;
	while (at.p < at.end && *at.p == ' ')
		at.p++;
	n = digits(at.p, at.end);
	if (n == 0 || n > 2 || !ends(&at, n))
		return 0;
	at.p += n;
	taken = (size_t)(at.p - a->p);
	for (int part = 0; part < 3 && at.p < at.end && *at.p == ' '; part++) {
		at.p++;
		n = match_clock(&at);
		if (!n && fits(&at, 0, "dddd") && ends(&at, 4))
			n = 4;
		if (!n && !one_of(&at, "UTC GMT CET CEST EST EDT PST PDT", &n))
			break;
		at.p += n;
		taken = (size_t)(at.p - a->p);
	}
	return taken;
}

/* Seconds, or milliseconds, since 1970, of this century's first half. */
static size_t match_epoch(const struct at *a)
{
	size_t n = digits(a->p, a->end);

	if ((n != 10 && n != 13) || a->p[0] < '1' || a->p[0] > '2')
		return 0;
	n += fraction(a, n);
	return ends(a, n) ? n : 0;
}

static size_t number(const struct at *a, size_t at)
{
	size_t n = digits(a->p + at, a->end);

	return n ? n + fraction(a, at + n) : 0;
}

static size_t unit(const struct at *a)
{
	static const char units[] = "ns us \xc2\xb5s ms msec msecs millisecond milliseconds s sec "
				    "secs second seconds m min mins "
				    "minute minutes h hr hrs hour hours";
	size_t n;

	return one_of(a, units, &n) ? n : 0;
}

/* 0.12s, 3.4 seconds, 1m30s, 2h 07m; not "3 min" of a name, so a letter m or h alone counts only
 * directly behind its number. */
static size_t match_duration(const struct at *a)
{
	struct at at = *a;
	size_t taken = 0;

	for (;;) {
		size_t n = number(&at, 0), blank, u;

		if (!n)
			return taken;
		at.p += n;
		/* 1m30s: the unit is followed by another number */
		if (at.p + 1 < at.end && (*at.p == 'm' || *at.p == 'h') && is_digit(at.p[1])) {
			at.p++;
			continue;
		}
		blank = at.p < at.end && *at.p == ' ';
		at.p += blank;
		u = unit(&at);
		if (!u || (blank && u == 1 && *at.p != 's'))
			return taken;
		at.p += u;
		taken = (size_t)(at.p - a->p);
		if (at.p + 1 >= at.end || *at.p != ' ' || !is_digit(at.p[1]))
			return taken;
		at.p++;
	}
}

/* Behind "pid", "process" or "thread", or as in "name[4711]:". */
static size_t match_pid(const struct at *a)
{
	static const char *const leads[] = { "pid",    "PID",    "Pid", "process", "Process",
					     "thread", "Thread", "tid", "TID" };
	const char *before = a->p;
	size_t n = digits(a->p, a->end);

	if (!n || !ends(a, n))
		return 0;
	if (before > a->start + 1 && before[-1] == '[' && is_word(before[-2]) && fits(a, n, "]:"))
		return n;
	while (before > a->start && any_of(before[-1], " =:#("))
		before--;
	if (before == a->p)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(leads); i++) {
		size_t len = strlen(leads[i]);

		if ((size_t)(before - a->start) >= len &&
		    memcmp(before - len, leads[i], len) == 0 &&
		    (before - len == a->start || !is_word(before[-(ptrdiff_t)len - 1])))
			return n;
	}
	return 0;
}

/* tmp.kLm93Xq1aZ of mktemp, tmpk3x9_q2w of Python. */
static bool made_up(const struct at *a)
{
	size_t n = 4;

	if (!fits(a, 0, "tmp") || a->end - a->p < 10)
		return false;
	while (a->p + n < a->end && is_word(a->p[n]))
		n++;
	return a->p[3] == '.' ? n >= 10 : n == 11 && is_word(a->p[3]);
}

/* The part of a path below a folder for temporary files that was made up, and mktemp's own names.
 */
static size_t match_temp(const struct at *a)
{
	static const char *const folders[] = { "/tmp/", "/var/tmp/", "/dev/shm/" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		size_t len = strlen(folders[i]);

		if ((size_t)(a->p - a->start) >= len && memcmp(a->p - len, folders[i], len) == 0)
			n = 1;
	}
	if (!n && !made_up(a))
		return 0;
	for (n = 0; a->p + n < a->end && (is_word(a->p[n]) || any_of(a->p[n], ".-+"));)
		n++;
	return n;
}

static size_t match_escape(const struct at *a)
{
	size_t n = 2;

	if (*a->p != '\x1b' || a->p + 1 >= a->end)
		return 0;
	if (a->p[1] != '[')
		return 2;
	while (a->p + n < a->end && (is_digit(a->p[n]) || a->p[n] == ';' || a->p[n] == '?'))
		n++;
	return a->p + n < a->end ? n + 1 : n;
}

static const struct {
	size_t (*match)(const struct at *a);
	const char *word;
} rules[] = {
	{ match_uuid, "<uuid>" },         { match_date, "<time>" },
	{ match_words_date, "<time>" },   { match_clock, "<time>" },
	{ match_address, "<address>" },   { match_pid, "<pid>" },
	{ match_duration, "<duration>" }, { match_epoch, "<time>" },
	{ match_temp, "<temp>" },
};

/* The rule that fits there, or -1. */
static int find_rule(const struct at *a, size_t *len)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		*len = rules[i].match(a);
		if (*len)
			return (int)i;
	}
	return -1;
}

void volatile_line(struct span line, struct buf *out)
{
	struct at a = { line.p, line.p, line.p + line.len };

	while (a.p < a.end) {
		size_t len = match_escape(&a);
		int rule;

		if (len) {
			a.p += len;
			continue;
		}
		rule = is_word(*a.p) && (a.p == a.start || !is_word(a.p[-1])) ? find_rule(&a, &len)
									      : -1;
		if (rule < 0) {
			buf_putc(out, *a.p++);
			continue;
		}
		buf_puts(out, rules[rule].word);
		a.p += len;
	}
}

void output_digest_init(struct output_digest *d, size_t tail_max)
{
	*d = (struct output_digest){ .tail_max = tail_max };
}

void output_digest_release(struct output_digest *d)
{
	buf_release(&d->block);
	buf_release(&d->line);
	buf_release(&d->normal);
	buf_release(&d->tail);
}

/* Sums are taken over blocks of one size, so they do not depend on how the bytes came. */
static void sum_blocks(struct buf *block, uint64_t *sum, size_t least)
{
	while (block->len >= least && block->len) {
		size_t len = block->len < VOLATILE_BLOCK_BYTES ? block->len : VOLATILE_BLOCK_BYTES;

		*sum = hash64(block->p, len, *sum);
		buf_consume(block, len);
	}
}

static void take_line(struct output_digest *d)
{
	volatile_line((struct span){ d->line.p, d->line.len }, &d->normal);
	buf_putc(&d->normal, '\n');
	buf_truncate(&d->line, 0);
	sum_blocks(&d->normal, &d->normal_sum, VOLATILE_BLOCK_BYTES);
}

void output_digest_feed(struct output_digest *d, struct span bytes)
{
	d->len += bytes.len;
	buf_put(&d->tail, bytes.p, bytes.len);
	if (d->tail.len > 2 * d->tail_max)
		buf_consume(&d->tail, d->tail.len - d->tail_max);
	buf_put(&d->block, bytes.p, bytes.len);
	sum_blocks(&d->block, &d->sum, VOLATILE_BLOCK_BYTES);
	while (bytes.len) {
		const char *newline = memchr(bytes.p, '\n', bytes.len);
		size_t room = VOLATILE_LINE_BYTES_MAX - d->line.len;
		size_t len = newline ? (size_t)(newline - bytes.p) : bytes.len;
		bool whole = newline && len <= room;

		if (len > room)
			len = room;
		buf_put(&d->line, bytes.p, len);
		if (whole || d->line.len == VOLATILE_LINE_BYTES_MAX)
			take_line(d);
		len += whole;
		bytes.p += len;
		bytes.len -= len;
	}
}

void output_digest_end(struct output_digest *d)
{
	if (d->line.len)
		take_line(d);
	sum_blocks(&d->normal, &d->normal_sum, 1);
	sum_blocks(&d->block, &d->sum, 1);
	if (d->tail.len > d->tail_max)
		buf_consume(&d->tail, d->tail.len - d->tail_max);
}

struct span text_end(struct span text, size_t max)
{
	size_t at = text.len > max ? text.len - max : 0;

	/* A character that is cut in two is left out. */
	while (at && at < text.len && (text.p[at] & 0xc0) == 0x80)
		at++;
	return (struct span){ text.p ? text.p + at : NULL, text.len - at };
}
