/*
 * The two documents are compared, not the two structs: what is recorded is by definition what
 * state_encode writes, so no member can be forgotten here when a new one is added there.
 */
#include "core/state_diff.h"

#include "base/map.h"
#include "base/scan.h"

struct thing {
	struct span id, members;
};

struct things {
	struct thing *v;
	size_t count, capacity;
	struct map ids;
};

/* A state as text, and where its things are in it. */
struct pages {
	struct buf document;
	struct things parts[PART_COUNT];
};

static void pages_release(struct pages *p)
{
	buf_release(&p->document);
	for (int i = 0; i < PART_COUNT; i++) {
		mem_free(&p->parts[i].v);
		map_release(&p->parts[i].ids);
	}
}

static void read_things(struct scan *s, struct things *out)
{
	struct scan_text id;

	scan_object(s);
	while (scan_key(s, &id)) {
		mem_grow(&out->v, &out->capacity, out->count + 1, sizeof(*out->v));
		out->v[out->count].id = id.raw;
		scan_skip(s, &out->v[out->count].members);
		map_put(&out->ids, id.raw, (uint32_t)out->count++);
	}
}

static void pages_init(struct pages *p, const struct state *st)
{
	struct snapshot_place nowhere = { 0, 0, 0 };
	struct scan_text key;
	struct scan s;

	*p = (struct pages){ .document = BUF_INIT };
	state_encode(st, &nowhere, 0, &p->document);
	scan_init(&s, (struct span){ p->document.p, p->document.len });
	scan_object(&s);
	while (scan_key(&s, &key)) {
		int part = 0;

		while (part < PART_COUNT &&
		       !span_is(key.raw, state_part_key((enum state_part)part)))
			part++;
		if (part < PART_COUNT)
			read_things(&s, &p->parts[part]);
		else
			scan_skip(&s, NULL);
	}
	INVARIANT(scan_end(&s) == 0);
}

/* The value of one member, or SPAN_NONE. */
static struct span member_find(struct span members, struct span wanted)
{
	struct span value = SPAN_NONE;
	struct scan_text key;
	struct scan s;

	if (!members.len)
		return SPAN_NONE;
	scan_init(&s, members);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		scan_skip(&s, &value);
		if (span_eq(key.raw, wanted))
			return value;
	}
	return SPAN_NONE;
}

struct comparing {
	int (*fn)(void *ctx, const struct state_change *change);
	void *ctx;
	bool enough;
};

/* The members that stand in `of`; the other side's value goes beside each. With `only_new`, those
 * that the other side has as well are passed over. */
static void tell_members(struct comparing *c, struct state_change change, struct span of,
			 struct span other, bool of_is_to, bool only_new)
{
	struct scan_text key;
	struct scan s;

	if (!of.len)
		return;
	scan_init(&s, of);
	scan_object(&s);
	while (!c->enough && scan_key(&s, &key)) {
		struct span value, beside = member_find(other, key.raw);

		scan_skip(&s, &value);
		if (only_new ? beside.len > 0 : span_eq(value, beside))
			continue;
		change.member = key.raw;
		change.from = of_is_to ? beside : value;
		change.to = of_is_to ? value : beside;
		c->enough = c->fn(c->ctx, &change) != 0;
	}
}

static void compare_part(struct comparing *c, const struct things *a, const struct things *b,
			 enum state_part part)
{
	for (size_t i = 0; i < b->count && !c->enough; i++) {
		uint32_t at = map_find(&a->ids, b->v[i].id);
		struct span before = at == MAP_NONE ? SPAN_NONE : a->v[at].members;
		struct state_change change = { .part = part, .id = b->v[i].id };

		if (span_eq(before, b->v[i].members))
			continue;
		change.born = at == MAP_NONE;
		tell_members(c, change, b->v[i].members, before, true, false);
		tell_members(c, change, before, b->v[i].members, false, true);
	}
	for (size_t i = 0; i < a->count && !c->enough; i++) {
		struct state_change change = { .part = part, .id = a->v[i].id, .gone = true };

		if (map_find(&b->ids, a->v[i].id) == MAP_NONE)
			tell_members(c, change, a->v[i].members, SPAN_NONE, false, false);
	}
}

void state_diff(const struct state *a, const struct state *b,
		int (*fn)(void *ctx, const struct state_change *change), void *ctx)
{
	CLEANUP(pages_release) struct pages before;
	CLEANUP(pages_release) struct pages after;
	struct comparing c = { fn, ctx, false };

	pages_init(&before, a);
	pages_init(&after, b);
	for (int part = 0; part < PART_COUNT; part++)
		compare_part(&c, &before.parts[part], &after.parts[part], (enum state_part)part);
}
