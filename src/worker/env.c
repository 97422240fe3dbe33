/*
 * A variable is looked for among some forty others by comparing its first bytes: cheaper than any
 * index at that size. The base list is made once; starting a task copies its pointers only.
 */
#include "worker/env.h"

#include <errno.h>

#include "base/scan.h"

/* Set by us for each task; never inherited from a worker that itself runs inside a task. */
static const char *const internal_names[] = { "SK_TASK_ID", "SK_ATTEMPT", "SK_WORKSTREAM_ID",
					      "SK_OUTPUT", "SK_WORKER_NONCE" };

void env_release(struct env *e)
{
	mem_free(&e->v);
	arena_release(&e->text);
	*e = (struct env)ENV_INIT;
}

static void append(struct env *e, char *entry)
{
	mem_grow(&e->v, &e->capacity, e->count + 2, sizeof(*e->v));
	e->v[e->count++] = entry;
	e->v[e->count] = NULL;
}

static bool is_internal(const char *entry)
{
	struct span name = { entry, strcspn(entry, "=") };

	if (span_starts(name, "SK_OUT_"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(internal_names); i++)
		if (span_is(name, internal_names[i]))
			return true;
	return false;
}

void env_base(struct env *e, char *const *from)
{
	env_release(e);
	for (; from && *from; from++)
		if (strchr(*from, '=') && !is_internal(*from))
			append(e, *from);
}

void env_start(struct env *e, const struct env *base)
{
	arena_release(&e->text);
	mem_grow(&e->v, &e->capacity, base->count + 16, sizeof(*e->v));
	if (base->count)
		memcpy(e->v, base->v, base->count * sizeof(*e->v));
	e->count = base->count;
	e->v[e->count] = NULL;
}

static size_t find(const struct env *e, struct span name)
{
	size_t i = 0;

	while (i < e->count &&
	       (e->v[i][0] != name.p[0] || strncmp(e->v[i], name.p, name.len) != 0 ||
		e->v[i][name.len] != '='))
		i++;
	return i;
}

void env_put(struct env *e, struct span name, struct span value)
{
	char *entry = arena_alloc(&e->text, name.len + value.len + 2);
	size_t i = find(e, name);

	memcpy(entry, name.p, name.len);
	entry[name.len] = '=';
	if (value.len)
		memcpy(entry + name.len + 1, value.p, value.len);
	entry[name.len + value.len + 1] = '\0';
	if (i < e->count)
		e->v[i] = entry;
	else
		append(e, entry);
}

int env_put_object(struct env *e, struct span object)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT, text = BUF_INIT;
	struct scan_text key, value = { SPAN_NONE, false };
	struct scan s;

	if (!object.len)
		return 0;
	scan_init(&s, object);
	scan_object(&s);
	while (scan_key(&s, &key)) {
		buf_truncate(&name, 0);
		buf_truncate(&text, 0);
		scan_unescape(&name, key);
		scan_string(&s, &value);
		if (s.error || name.len == 0 || memchr(name.p, '=', name.len))
			return -EINVAL;
		scan_unescape(&text, value);
		env_put(e, (struct span){ name.p, name.len }, (struct span){ text.p, text.len });
	}
	return scan_end(&s);
}

const char *env_get(const struct env *e, const char *name)
{
	size_t i = find(e, span_of(name));

	return i < e->count ? e->v[i] + strlen(name) + 1 : NULL;
}
