/*
 * The time of the last writing, and not that of the last change: a snapshot gets a second name as a
 * backup and loses its first one later, both of which change the inode and not one of its bytes.
 */
#include "store/known.h"

#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"

void known_files_release(struct known_files *k)
{
	for (size_t i = 0; i < k->count; i++)
		mem_free(&k->v[i].path);
	mem_free(&k->v);
	map_release(&k->by_path);
	buf_release(&k->learned);
	*k = (struct known_files)KNOWN_FILES_INIT;
}

bool known_file_is(const struct known_file *f, const struct vfs_stat *now)
{
	return now->type == S_IFREG && now->file_id == f->file_id && now->bytes == f->bytes &&
	       now->modified_ns == f->modified_ns;
}

/* Whoever has so many files begins anew: then they are read, which is slow and never wrong. */
static struct known_file *place_of(struct known_files *k, const char *path)
{
	struct span key = span_of(path);
	uint32_t at;

	if (key.len > KNOWN_PATH_BYTES_MAX)
		return NULL;
	at = map_find(&k->by_path, key);
	if (at != MAP_NONE)
		return &k->v[at];
	if (k->count == KNOWN_FILES_MAX)
		known_files_release(k);
	mem_grow(&k->v, &k->capacity, k->count + 1, sizeof(*k->v));
	k->v[k->count] = (struct known_file){ .path = mem_strdup(path) };
	map_put(&k->by_path, span_of(k->v[k->count].path), (uint32_t)k->count);
	return &k->v[k->count++];
}

static void put(struct known_files *k, const char *path, const struct vfs_stat *st, int64_t at_ms)
{
	struct known_file *f = place_of(k, path);

	if (!f)
		return;
	f->file_id = st->file_id;
	f->bytes = st->bytes;
	f->modified_ns = st->modified_ns;
	f->at_ms = at_ms;
}

void known_files_note(struct known_files *k, const struct vfs *vfs, const char *path, int64_t at_ms)
{
	struct vfs_stat st = { .bytes = -1 }; /* no file is like that */

	if (!k)
		return;
	if (vfs->stat(vfs->ctx, path, &st) < 0)
		st.bytes = -1;
	put(k, path, &st, at_ms);
}

const struct known_file *known_files_find(const struct known_files *k, const struct vfs *vfs,
					  const char *path)
{
	uint32_t at = k ? map_find(&k->by_path, span_of(path)) : MAP_NONE;
	struct vfs_stat now;

	if (at == MAP_NONE || vfs->stat(vfs->ctx, path, &now) < 0)
		return NULL;
	return known_file_is(&k->v[at], &now) ? &k->v[at] : NULL;
}

void known_files_learn(struct known_files *k, const char *path, const struct vfs_stat *before,
		       int64_t at_ms)
{
	put(k, path, before, at_ms);
	buf_put_u64(&k->learned, before->file_id);
	buf_putc(&k->learned, ' ');
	buf_put_u64(&k->learned, (uint64_t)before->bytes);
	buf_putc(&k->learned, ' ');
	buf_put_u64(&k->learned, (uint64_t)before->modified_ns);
	buf_putc(&k->learned, ' ');
	buf_put_u64(&k->learned, (uint64_t)at_ms);
	buf_putc(&k->learned, ' ');
	buf_puts(&k->learned, path);
	buf_putc(&k->learned, '\n');
}

/* The next word of the line, taken off it. */
static bool take_number(struct span *line, uint64_t *out)
{
	const char *end = line->len ? memchr(line->p, ' ', line->len) : NULL;
	size_t len = end ? (size_t)(end - line->p) : 0;

	if (!len || span_to_u64((struct span){ line->p, len }, INT64_MAX, out) < 0)
		return false;
	line->p += len + 1;
	line->len -= len + 1;
	return true;
}

static void decode_line(struct known_files *k, struct span line)
{
	uint64_t file_id, bytes, modified_ns, at_ms;
	char path[KNOWN_PATH_BYTES_MAX + 1];
	struct vfs_stat st;

	if (!take_number(&line, &file_id) || !take_number(&line, &bytes) ||
	    !take_number(&line, &modified_ns) || !take_number(&line, &at_ms) || !line.len ||
	    line.len > KNOWN_PATH_BYTES_MAX)
		return;
	memcpy(path, line.p, line.len);
	path[line.len] = '\0';
	st = (struct vfs_stat){ .bytes = (int64_t)bytes,
				.file_id = file_id,
				.modified_ns = (int64_t)modified_ns };
	put(k, path, &st, (int64_t)at_ms);
}

void known_files_decode(struct known_files *k, struct span learned)
{
	while (learned.len) {
		const char *end = memchr(learned.p, '\n', learned.len);
		size_t len = end ? (size_t)(end - learned.p) : 0;

		if (!end)
			return;
		decode_line(k, (struct span){ learned.p, len });
		learned.p += len + 1;
		learned.len -= len + 1;
	}
}
