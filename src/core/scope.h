/*
 * Which paths of a repository an agent may change. A scope is a list of entries, each in the way of
 * a person who types it:
 *
 *	src/core      the file of that name, or the folder and all below it
 *	src/core/     the folder and all below it
 *	.             everything
 *	src/[a-z]?.c  a pattern: star and ? stay inside of one name, [a-z] and [!a-z] are one ASCII
 *	              character, a backslash takes the next character as it is
 *	src - ** - x  (with slashes for the dashes) two stars alone stand for any number of folders
 *
 * A pattern means the whole path: a star behind src/ is what lies directly in src. With a slash at
 * its end it means the folders that fit and all below them. Names are compared byte by byte,
 * capital letters count, and a dot at the beginning of a name is nothing special. What lies in
 * .git, .octogent or .state is in no scope.
 */
#ifndef SK_SCOPE_H
#define SK_SCOPE_H

#include "base/buf.h"
#include "base/str.h"

struct scope_entry {
	size_t at, len; /* of its text, without the slash at the end */
	bool pattern;   /* has a character that is special */
	bool folder;    /* written with a slash at its end */
};

struct scope {
	struct scope_entry *v;
	size_t count, capacity;
	struct buf text;
};

#define SCOPE_INIT                   \
	{                            \
		NULL, 0, 0, BUF_INIT \
	}

void scope_release(struct scope *s);

/*
 * Appends a path in its one form: no "./", no doubled slash, none at the end; the root is the empty
 * text. Returns NULL, or what is wrong with it as the end of a sentence: it is empty or too long,
 * is absolute, climbs with "..", or holds a byte that no path can. *out stays as it was then.
 */
const char *scope_path(struct span path, struct buf *out);

/* Adds an entry. Returns NULL, or what is wrong with it as the end of a sentence; nothing is added
 * then. */
const char *scope_add(struct scope *s, struct span entry);

/* Adds all entries of a text, separated by commas, with blanks around them allowed. What was added
 * before one that is wrong stays; *wrong is that one. */
const char *scope_add_list(struct scope *s, struct span list, struct span *wrong);

/*
 * Whether the path, relative to the repository's root and in any form, lies inside. A path that
 * scope_path refuses lies outside. A scope without entries holds nothing.
 */
bool scope_has(const struct scope *s, struct span path);

/*
 * Whether no path can lie in both: told from the beginnings of their entries that hold no special
 * character, so scopes that are apart only by a pattern behind that are not. A scope without
 * entries is one for everything here.
 */
bool scope_apart(const struct scope *a, const struct scope *b);

/* The text of an entry, as it was understood. */
struct span scope_entry_text(const struct scope *s, size_t index);

#endif
