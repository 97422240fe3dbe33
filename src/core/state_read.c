/*
 * Members are expected in the order in which they are written, which makes the search for each a
 * single compare; any other order is read as well.
 */
#include "core/state_read.h"

#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"

void decoder_fail(struct decoder *d, const char *what, struct span subject)
{
	if (d->s.error)
		return;
	snprintf(d->what, 200, "%s \"%.*s\"", what, SPAN_ARG(subject));
	d->contradiction = true;
	scan_fail(&d->s, d->what);
}

/* A number that would be cut short is not one of ours. */
static void read_number(struct decoder *d, enum member_kind kind, int64_t *out)
{
	uint64_t number = 0, max = INTEGER_MAX;

	if (kind == MEMBER_I32) {
		scan_i64(&d->s, out);
		if (!d->s.error && *out != (int32_t)*out)
			scan_fail(&d->s, "number out of range");
		return;
	}
	if (kind == MEMBER_U32)
		max = UINT32_MAX;
	else if (kind == MEMBER_U16)
		max = UINT16_MAX;
	else if (kind == MEMBER_U8)
		max = UINT8_MAX;
	scan_u64(&d->s, max, &number);
	*out = (int64_t)number;
}

/* Most times of a state are of the minute of the time before. */
static int read_time(struct decoder *d, struct span text, int64_t *out)
{
	const char *p = text.p + WHEN_MINUTE_LEN;
	unsigned digits[5] = { 0 };
	int rc;

	if (text.len == WHEN_TEXT_LEN && memcmp(text.p, d->minute, WHEN_MINUTE_LEN) == 0) {
		for (int i = 0; i < 5; i++)
			digits[i] = (unsigned)(p[i < 2 ? i : i + 1] - '0');
		if (digits[0] <= 5 && digits[1] <= 9 && digits[2] <= 9 && digits[3] <= 9 &&
		    digits[4] <= 9 && p[2] == '.' && p[6] == 'Z') {
			*out = d->minute_ms + digits[0] * 10000 + digits[1] * 1000 +
			       digits[2] * 100 + digits[3] * 10 + digits[4];
			return 0;
		}
	}
	rc = when_decode(text, out);
	if (rc == 0) {
		memcpy(d->minute, text.p, WHEN_MINUTE_LEN);
		d->minute_ms = *out - *out % 60000;
	}
	return rc;
}

void read_value(struct decoder *d, enum member_kind kind, struct value *v)
{
	bool flag = false;

	switch (kind) {
	case MEMBER_TEXT:
		scan_string(&d->s, &v->text);
		break;
	case MEMBER_RAW:
		scan_skip(&d->s, &v->text.raw);
		break;
	case MEMBER_BOOL:
		scan_bool(&d->s, &flag);
		v->number = flag;
		break;
	case MEMBER_TIME:
		scan_string(&d->s, &v->text);
		if (!d->s.error && read_time(d, v->text.raw, &v->number) < 0)
			scan_fail(&d->s, "not an ISO-8601 UTC time");
		break;
	default:
		read_number(d, kind, &v->number);
	}
}

/* The row with this key, looked for from `next` on, or NULL. */
static const struct member *find_member(const struct member *members, size_t count, size_t next,
					struct span key)
{
	size_t i = next;

	for (size_t tries = 0; tries < count; tries++, i = i + 1 < count ? i + 1 : 0)
		if (members[i].len == key.len && memcmp(members[i].key, key.p, key.len) == 0)
			return &members[i];
	return NULL;
}

void read_members_again(struct decoder *d, const struct member *members, size_t count,
			struct value *v, uint64_t *filled)
{
	struct scan_text key;
	size_t next = 0;

	for (; *filled; *filled &= *filled - 1)
		v[__builtin_ctzll(*filled)] = (struct value){ .number = 0 };
	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		const struct member *m = find_member(members, count, next, key.raw);

		if (!m) {
			scan_skip(&d->s, NULL);
			continue;
		}
		next = (size_t)(m - members);
		*filled |= 1ULL << next;
		read_value(d, m->kind, &v[next]);
		next = next + 1 < count ? next + 1 : 0;
	}
}

void read_members(struct decoder *d, const struct member *members, size_t count, struct value *v)
{
	uint64_t filled = 0;

	memset(v, 0, count * sizeof(*v));
	read_members_again(d, members, count, v, &filled);
}

struct span keep_text(struct decoder *d, struct scan_text text)
{
	if (!text.escaped)
		return arena_copy(&d->st->text, text.raw);
	buf_truncate(&d->scratch, 0);
	scan_unescape(&d->scratch, text);
	return arena_copy(&d->st->text, (struct span){ d->scratch.p, d->scratch.len });
}
