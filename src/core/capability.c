/*
 * What a worker offers and what a task wants of one. Both are short lists in JSON, and few tasks
 * want anything, so they are read where they are compared.
 */
#include "base/scan.h"
#include "core/schedule.h"

bool capability_covers(struct span offered, struct span wanted)
{
	struct span name = wanted, version = SPAN_NONE;
	const char *at = memchr(wanted.p, '>', wanted.len);
	struct scan_text have;
	struct scan s;

	if (at && at + 1 < wanted.p + wanted.len && at[1] == '=') {
		name.len = (size_t)(at - wanted.p);
		version = (struct span){ at + 2, wanted.len - name.len - 2 };
	}
	if (!offered.len)
		return false;
	scan_init(&s, offered);
	scan_array(&s);
	while (scan_item(&s)) {
		const char *mark;
		struct span own, own_version = SPAN_NONE;

		scan_string(&s, &have);
		if (s.error)
			return false;
		own = have.raw;
		mark = memchr(own.p, '@', own.len);
		if (mark) {
			own_version =
				(struct span){ mark + 1, own.len - (size_t)(mark - own.p) - 1 };
			own.len = (size_t)(mark - own.p);
		}
		if (span_eq(own, name) &&
		    (!version.len || version_compare(own_version, version) >= 0))
			return true;
	}
	return false;
}

static uint64_t version_part(struct span *rest)
{
	uint64_t v = 0;

	while (rest->len && *rest->p != '.') {
		if (*rest->p >= '0' && *rest->p <= '9' && v < 1000000000)
			v = v * 10 + (uint64_t)(*rest->p - '0');
		rest->p++, rest->len--;
	}
	if (rest->len)
		rest->p++, rest->len--;
	return v;
}

int version_compare(struct span a, struct span b)
{
	while (a.len || b.len) {
		uint64_t left = version_part(&a), right = version_part(&b);

		if (left != right)
			return left < right ? -1 : 1;
	}
	return 0;
}

struct span capability_wanted(struct span def)
{
	struct task_def d;

	return task_def_decode(def, &d) < 0 ? SPAN_NONE : d.capabilities;
}

struct span capability_missing(struct span offered, struct span def)
{
	struct span all = capability_wanted(def);
	struct scan_text wanted;
	struct scan s;

	if (!all.len)
		return SPAN_NONE;
	scan_init(&s, all);
	scan_array(&s);
	while (scan_item(&s)) {
		scan_string(&s, &wanted);
		if (!s.error && !capability_covers(offered, wanted.raw))
			return wanted.raw;
	}
	return SPAN_NONE;
}
