/*
 * What is moved aside keeps its parts together: a database and its WAL stay a pair under the new
 * name, so that SQLite opens what was moved like any other. Nothing is replaced on the way: two
 * names for the same second get a number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/when.h"
#include "kb/kb_migrate_impl.h"

static const char *const sidecars[] = { "-wal", "-journal", "-shm" };

static bool is_taken(const struct kb_place *p, const char *aside, const char *suffix)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	struct stat st;

	buf_putf(&name, "%s%s%s", p->name, aside, suffix);
	return fstatat(p->dir_fd, name.p, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

bool kb_sidecars_free(const struct kb_place *p, const char *aside)
{
	for (size_t i = 0; i < ARRAY_LEN(sidecars); i++)
		if (is_taken(p, aside, sidecars[i]))
			return false;
	return true;
}

void kb_aside_name(const struct kb_place *p, const char *word, int64_t now_ms, struct buf *out)
{
	size_t begin = out->len;
	struct when_parts t;

	when_split(now_ms, &t);
	for (unsigned number = 1;; number++) {
		buf_truncate(out, begin);
		buf_putf(out, ".%s-%04u%02u%02uT%02u%02u%02uZ", word, t.year, t.month, t.day,
			 t.hour, t.minute, t.second);
		if (number > 1)
			buf_putf(out, "-%u", number);
		if (!is_taken(p, out->p + begin, "") && kb_sidecars_free(p, out->p + begin))
			return;
	}
}

int kb_move_sidecars(const struct kb_place *p, const char *aside, struct err *e)
{
	int moved = 0;

	for (size_t i = 0; i < ARRAY_LEN(sidecars); i++) {
		CLEANUP(buf_release) struct buf from = BUF_INIT;
		CLEANUP(buf_release) struct buf to = BUF_INIT;

		buf_putf(&from, "%s%s", p->name, sidecars[i]);
		buf_putf(&to, "%s%s%s", p->name, aside, sidecars[i]);
		if (renameat(p->dir_fd, from.p, p->dir_fd, to.p) == 0)
			moved++;
		else if (errno != ENOENT)
			return err_set(e, -SK_EIO,
				       "%s: cannot be moved aside: %s (%s): the database was kept",
				       from.p, strerror(errno), p->dir);
	}
	return moved;
}
