/*
 * Which member a key means. Documents of ours have their members in the order of the table, so the
 * search begins behind the member before and ends at once; people write them in any order.
 */
#include "core/doc_impl.h"

const struct doc_member *doc_member_find(const struct doc_type *type, size_t next, struct span key)
{
	for (size_t tries = 0; key.len && tries < type->count; tries++, next++) {
		const struct doc_member *m =
			&type->members[next < type->count ? next : next - type->count];

		if (m->kind != DOC_REST && m->key[0] == key.p[0] && span_is(key, m->key))
			return m;
	}
	return NULL;
}

const struct doc_member *doc_member_rest(const struct doc_type *type)
{
	for (size_t i = 0; i < type->count; i++)
		if (type->members[i].kind == DOC_REST)
			return &type->members[i];
	return NULL;
}

bool doc_key_view(const struct doc_type *type, struct span key)
{
	for (const char *const *view = type->views; view && *view; view++)
		if (span_is(key, *view))
			return true;
	return false;
}
