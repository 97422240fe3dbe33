/*
 * What is found is kept, not printed: text and JSON name the checks in the same order, and the
 * verdict needs all of them. A check with a thousand problems of one cause tells no more than its
 * first ones, so the others are only counted.
 */
#include "cmd/state/validation.h"

#include <stdio.h>

const char *check_word(enum check_id id)
{
#define X(name, word, truth) word,
	static const char *const words[] = { CHECKS(X) };
#undef X
	return words[id];
}

bool check_is_of_truth(enum check_id id)
{
#define X(name, word, truth) truth,
	static const bool of_truth[] = { CHECKS(X) };
#undef X
	return of_truth[id];
}

struct validation *validation_new(const struct vfs *vfs, int dir, bool alive)
{
	struct validation *v = mem_zalloc(sizeof(*v));

	v->vfs = vfs;
	v->dir = dir;
	v->alive = alive;
	state_init(&v->st);
	return v;
}

void validation_freep(struct validation **v)
{
	if (!(*v)->lent)
		state_release(&(*v)->st);
	mem_free(v);
}

void validation_add(struct validation *v, enum check_id id, const char *file, uint64_t line,
		    const char *fmt, ...)
{
	struct check *c = &v->checks[id];
	struct problem *p;
	va_list args;

	if (c->count++ >= PROBLEMS_SHOWN_MAX)
		return;
	p = &c->problems[c->count - 1];
	snprintf(p->file, sizeof(p->file), "%s", file);
	p->line = line;
	va_start(args, fmt);
	vsnprintf(p->text, sizeof(p->text), fmt, args);
	va_end(args);
}

void validation_note(struct validation *v, enum check_id id, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(v->checks[id].note, sizeof(v->checks[id].note), fmt, args);
	va_end(args);
}

void validation_skip(struct validation *v, enum check_id id, const char *why)
{
	v->checks[id].skipped = true;
	snprintf(v->checks[id].note, sizeof(v->checks[id].note), "%s", why);
}
