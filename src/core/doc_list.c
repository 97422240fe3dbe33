/* Drafts share their lists with what they were copied from, so every change here works on a copy:
 * no element that somebody else sees is ever written. The arena gives the memory back at its end.
 */
#include "core/doc_impl.h"

void doc_clear_member(const struct doc_member *m, void *at)
{
	switch (m->kind) {
	case DOC_TEXT:
	case DOC_REST:
		*(struct span *)at = SPAN_NONE;
		break;
	case DOC_WORD:
		*(uint8_t *)at = 0;
		break;
	case DOC_U64:
		*(uint64_t *)at = 0;
		break;
	case DOC_I64:
		*(int64_t *)at = DOC_NO_NUMBER;
		break;
	case DOC_TIME:
		*(int64_t *)at = 0;
		break;
	case DOC_BOOL:
		*(bool *)at = m->flags & DOC_TRUE;
		break;
	case DOC_OBJECT:
		doc_clear(m->of, at);
		break;
	default:
		*(struct texts *)at = (struct texts){ NULL, 0 };
	}
}

static void *grow(struct arena *arena, void *v, size_t count, size_t more, size_t bytes)
{
	char *fresh = arena_alloc(arena, (count + more) * bytes);

	if (count)
		memcpy(fresh, v, count * bytes);
	return fresh;
}

void *doc_list_add(const struct doc_type *of, struct arena *arena, struct doc_list *list)
{
	char *element;

	list->v = grow(arena, list->v, list->count, 1, of->bytes);
	element = (char *)list->v + list->count++ * of->bytes;
	doc_clear(of, element);
	return element;
}

void *doc_list_own(const struct doc_type *of, struct arena *arena, struct doc_list *list)
{
	list->v = grow(arena, list->v, list->count, 0, of->bytes);
	return list->v;
}

void doc_list_remove(const struct doc_type *of, struct arena *arena, struct doc_list *list,
		     size_t at)
{
	char *v = doc_list_own(of, arena, list);

	INVARIANT(at < list->count);
	list->count--;
	memmove(v + at * of->bytes, v + (at + 1) * of->bytes, (list->count - at) * of->bytes);
}

void doc_clear(const struct doc_type *type, void *doc)
{
	memset(doc, 0, type->bytes);
	for (size_t i = 0; i < type->count; i++) {
		const struct doc_member *m = &type->members[i];

		/* Zero is not nothing for these, or for parts of them. */
		if (m->kind == DOC_I64 || m->kind == DOC_BOOL || m->kind == DOC_OBJECT)
			doc_clear_member(m, doc_at(m, doc));
	}
}

bool texts_have(const struct texts *t, struct span text)
{
	for (size_t i = 0; i < t->count; i++)
		if (span_eq(t->v[i], text))
			return true;
	return false;
}

void texts_add(struct arena *arena, struct texts *t, struct span text)
{
	if (texts_have(t, text))
		return;
	t->v = grow(arena, t->v, t->count, 1, sizeof(*t->v));
	t->v[t->count++] = arena_copy(arena, text);
}

void texts_remove(struct arena *arena, struct texts *t, struct span text)
{
	for (size_t i = 0; i < t->count; i++) {
		if (!span_eq(t->v[i], text))
			continue;
		t->v = grow(arena, t->v, t->count, 0, sizeof(*t->v));
		t->count--;
		memmove(t->v + i, t->v + i + 1, (t->count - i) * sizeof(*t->v));
		return;
	}
}
