/*
 * Somebody may have moved a damaged database aside in order to look at it some day, and a backup is
 * kept for a day nobody knows. So the newest of each kind is never removed by the clock.
 */
#include "setup/cron_aside.h"

#include "base/limits.h"
#include "base/when.h"
#include "os/vfs.h"

#define STAMP_LEN 16 /* 20261121T214425Z */
#define NUMBER_MAX 1000000

#define X(name, word) word,
static const char *const words[] = { CRON_ASIDES(X) };
#undef X

static bool cut_front(struct span *text, struct span what)
{
	if (text->len < what.len || memcmp(text->p, what.p, what.len) != 0)
		return false;
	text->p += what.len;
	text->len -= what.len;
	return true;
}

static void cut_sidecar(struct span *text)
{
	static const char *const sidecars[] = { "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < ARRAY_LEN(sidecars); i++) {
		size_t len = strlen(sidecars[i]);

		if (text->len >= len && memcmp(text->p + text->len - len, sidecars[i], len) == 0) {
			text->len -= len;
			return;
		}
	}
}

static bool decode_stamp(struct span *text, int64_t *out_ms)
{
	static const char form[WHEN_TEXT_LEN + 1] = "0000-00-00T00:00:00.000Z";
	char when[WHEN_TEXT_LEN];
	size_t at = 0;

	if (text->len < STAMP_LEN || text->p[STAMP_LEN - 1] != 'Z')
		return false;
	memcpy(when, form, sizeof(when));
	for (size_t i = 0; i < WHEN_TEXT_LEN && at < STAMP_LEN - 1; i++)
		if (form[i] != '-' && form[i] != ':')
			when[i] = text->p[at++];
	if (when_decode((struct span){ when, sizeof(when) }, out_ms) < 0)
		return false;
	text->p += STAMP_LEN;
	text->len -= STAMP_LEN;
	return true;
}

bool cron_aside_decode(struct span name, struct span db, struct cron_aside *out)
{
	struct cron_aside found = { .number = 1 };
	bool known = false;

	if (!db.len || !cut_front(&name, db) || !cut_front(&name, SPAN_LIT(".")))
		return false;
	for (unsigned i = 0; !known && i < CRON_ASIDE_COUNT; i++) {
		known = cut_front(&name, span_of(words[i]));
		found.kind = (enum cron_aside_kind)i;
	}
	if (!known || !cut_front(&name, SPAN_LIT("-")) || !decode_stamp(&name, &found.at_ms))
		return false;
	cut_sidecar(&name);
	if (name.len && (!cut_front(&name, SPAN_LIT("-")) ||
			 span_to_u64(name, NUMBER_MAX, &found.number) < 0 || found.number < 2))
		return false;
	*out = found;
	return true;
}

bool cron_aside_older(const struct cron_aside *a, const struct cron_aside *b)
{
	return a->at_ms < b->at_ms || (a->at_ms == b->at_ms && a->number < b->number);
}

static void find_newest(const struct buf *names, struct span db, struct cron_aside *newest)
{
	for (size_t at = 0; at < names->len; at += strlen(names->p + at) + 1) {
		struct cron_aside found;

		if (cron_aside_decode(span_of(names->p + at), db, &found) &&
		    cron_aside_older(&newest[found.kind], &found))
			newest[found.kind] = found;
	}
}

int cron_aside_remove(int folder_fd, struct span db, int64_t before_ms)
{
	struct cron_aside newest[CRON_ASIDE_COUNT] = { { .number = 0 } };
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	struct vfs disk;
	int removed = 0, rc;

	vfs_real_open(&disk, folder_fd);
	rc = disk.list(disk.ctx, ".", &names);
	find_newest(&names, db, newest);
	for (size_t at = 0; rc == 0 && at < names.len && removed < CRON_REPORTS_PRUNED_MAX;) {
		const char *name = names.p + at;
		struct cron_aside found;

		at += strlen(name) + 1;
		if (cron_aside_decode(span_of(name), db, &found) && found.at_ms < before_ms &&
		    cron_aside_older(&found, &newest[found.kind]) &&
		    disk.remove(disk.ctx, name) == 0)
			removed++;
	}
	vfs_real_close(&disk);
	return rc < 0 ? rc : removed;
}
