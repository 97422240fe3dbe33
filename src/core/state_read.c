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
		if (!d->s.error && when_decode(v->text.raw, &v->number) < 0)
			scan_fail(&d->s, "not an ISO-8601 UTC time");
		break;
	default:
		read_number(d, kind, &v->number);
	}
}

void read_members(struct decoder *d, const struct member *members, size_t count, struct value *v)
{
	struct scan_text key;
	size_t next = 0;

	memset(v, 0, count * sizeof(*v));
	scan_object(&d->s);
	while (scan_key(&d->s, &key)) {
		size_t i = next;

		for (size_t tries = 0; tries < count; tries++, i = i + 1 < count ? i + 1 : 0)
			if (members[i].len == key.raw.len &&
			    memcmp(members[i].key, key.raw.p, key.raw.len) == 0)
				break;
			else if (tries + 1 == count)
				i = count - 1;
		if (members[i].len != key.raw.len ||
		    memcmp(members[i].key, key.raw.p, key.raw.len) != 0) {
			scan_skip(&d->s, NULL);
			continue;
		}
		read_value(d, members[i].kind, &v[i]);
		next = i + 1 < count ? i + 1 : 0;
	}
}

struct span keep_text(struct decoder *d, struct scan_text text)
{
	if (!text.escaped)
		return arena_copy(&d->st->text, text.raw);
	buf_truncate(&d->scratch, 0);
	scan_unescape(&d->scratch, text);
	return arena_copy(&d->st->text, (struct span){ d->scratch.p, d->scratch.len });
}
