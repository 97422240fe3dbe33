/*
 * A table of fixed records by the hash of the name, so that a command about one tentacle changes
 * one record in place. Each record carries a checksum that begins with boot and workspace: one of
 * another boot, of another store, or half of one is no record. A reader takes no lock; what it sees
 * of a record that is being written is no record either. Of the files it holds only a checksum of
 * what identifies them: every command reads all records, and nobody asks but whether it is the
 * same.
 *
 * 1. A record names the event up to which it holds. Later events about its tentacle make it
 * worthless.
 * 2. A record that is ahead of the journal proves that the journal was put back: then none is
 * believed, for the numbers will be given out again.
 */
#include "work/looked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "os/fd.h"
#include "os/proc.h"

#define SLOTS_MIN 64
#define ABSENT                 \
	(struct file_identity) \
	{                      \
		.device = 0    \
	}

struct record {
	uint64_t name; /* its hash; 0: a free slot */
	uint64_t seq;
	uint64_t files; /* checksum of what identifies them */
	uint64_t sum;
};

struct looked {
	int dir_fd;
	uint64_t seed;
	struct file_identity began; /* changed_ns 0: nothing can be noted */
	struct record *slots;
	size_t capacity, count;
	size_t *changed; /* slots that the file does not hold yet */
	size_t changed_count, changed_capacity;
	bool anew; /* the file is written as a whole */
	bool ahead;
};

static uint64_t hash_of_name(struct span name)
{
	uint64_t hash = hash64(name.p, name.len, 0);

	return hash ? hash : 1;
}

static uint64_t sum_of(const struct looked *l, const struct record *r)
{
	return hash64(r, offsetof(struct record, sum), l->seed);
}

static uint64_t files_sum(const struct file_identity files[LOOKED_FILES])
{
	return hash64(files, LOOKED_FILES * sizeof(*files), 0);
}

static struct record *slot_of(const struct looked *l, uint64_t hash)
{
	size_t mask = l->capacity - 1, at = hash & mask;

	while (l->slots[at].name && l->slots[at].name != hash)
		at = (at + 1) & mask;
	return &l->slots[at];
}

static void table_begin(struct looked *l, size_t capacity)
{
	mem_free(&l->slots);
	l->slots = mem_zalloc(capacity * sizeof(*l->slots));
	l->capacity = capacity;
	l->count = 0;
}

/* Puts the records where they are looked for. */
static void put_right(struct looked *l, struct record *old, size_t capacity)
{
	table_begin(l, capacity);
	l->anew = true;
	for (size_t i = 0; i < l->capacity; i++) {
		struct record *slot = old[i].name ? slot_of(l, old[i].name) : NULL;

		if (!slot)
			continue;
		l->count += !slot->name;
		*slot = old[i];
	}
}

/* Empties the slots that hold no whole record. Returns how many do, or -1 when one is ahead (2). */
static int64_t keep_whole(const struct looked *l, struct record *all, size_t capacity,
			  uint64_t last_seq)
{
	int64_t count = 0;

	for (size_t i = 0; i < capacity; i++) {
		struct record *r = &all[i];

		if (!r->name)
			continue;
		if (sum_of(l, r) != r->sum)
			*r = (struct record){ 0 };
		else if (r->seq > last_seq)
			return -1;
		else
			count++;
	}
	return count;
}

/* Begins with the records that are whole; the bytes that were read become the table. */
static void take_records(struct looked *l, struct buf *raw, uint64_t last_seq)
{
	size_t capacity = raw->len / sizeof(struct record);
	struct record *old;
	int64_t count;

	if (capacity < SLOTS_MIN || capacity > LOOKED_RECORDS_MAX || capacity & (capacity - 1) ||
	    raw->len % sizeof(struct record))
		return;
	old = (struct record *)(void *)buf_take(raw);
	count = keep_whole(l, old, capacity, last_seq);
	if (count < 0 || 4 * (size_t)count > 3 * capacity) { /* fuller than we make it */
		l->ahead = count < 0;
		mem_free(&old);
		return;
	}
	mem_free(&l->slots);
	l->slots = old;
	l->capacity = capacity;
	l->count = (size_t)count;
	l->anew = false;
	/* One behind a slot that was torn is found at another place from now on. */
	for (size_t i = 0; i < capacity; i++) {
		if (!old[i].name || slot_of(l, old[i].name) == &old[i])
			continue;
		l->slots = NULL;
		put_right(l, old, capacity);
		mem_free(&old);
		return;
	}
}

struct looked *looked_new(int dir_fd, struct span workspace, uint64_t last_seq,
			  const struct file_identity *began)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	struct looked *l = mem_zalloc(sizeof(*l));
	char boot_id[BOOT_ID_LEN + 1];

	*l = (struct looked){ .dir_fd = dir_fd, .began = began ? *began : ABSENT, .anew = true };
	table_begin(l, SLOTS_MIN);
	if (proc_boot_id(boot_id) < 0) {
		l->began = ABSENT; /* nobody could tell the next boot from this one */
		return l;
	}
	l->seed = hash64(workspace.p, workspace.len, hash64(boot_id, strlen(boot_id), 0));
	if (fd_read_file_at(dir_fd, LOOKED_FILE, LOOKED_RECORDS_MAX * sizeof(struct record),
			    &raw) >= 0)
		take_records(l, &raw, last_seq);
	return l;
}

void looked_free(struct looked *l)
{
	if (!l)
		return;
	mem_free(&l->slots);
	mem_free(&l->changed);
	mem_free(&l);
}

bool looked_ahead(const struct looked *l)
{
	return l->ahead;
}

void file_identify(const struct vfs *vfs, const char *path, struct file_identity *out)
{
	struct vfs_stat st;

	*out = ABSENT;
	if (vfs->stat(vfs->ctx, path, &st) < 0)
		return;
	*out = (struct file_identity){ .device = st.device,
				       .file_id = st.file_id,
				       .bytes = st.bytes,
				       .modified_ns = st.modified_ns,
				       .changed_ns = st.changed_ns };
}

static const struct record *record_find(const struct looked *l, struct span name,
					uint64_t changed_seq)
{
	const struct record *r = slot_of(l, hash_of_name(name));

	return r->name && r->seq && r->seq >= changed_seq ? r : NULL; /* (1) */
}

bool looked_noted(const struct looked *l, struct span name, uint64_t changed_seq)
{
	return record_find(l, name, changed_seq) != NULL;
}

bool looked_same(const struct looked *l, struct span name, uint64_t changed_seq,
		 const struct file_identity now[LOOKED_FILES])
{
	const struct record *r = record_find(l, name, changed_seq);

	return r && r->files == files_sum(now);
}

/* Whether a later change of the file would show in its identity. */
static bool settled_before(const struct looked *l, const struct file_identity *was)
{
	static const struct file_identity absent;

	if (memcmp(was, &absent, sizeof(absent)) == 0)
		return true;
	return was->device == l->began.device && was->changed_ns > 0 &&
	       was->changed_ns < l->began.changed_ns;
}

static void grow(struct looked *l)
{
	struct record *old = l->slots;
	size_t capacity = l->capacity;

	l->slots = NULL;
	l->anew = true;
	l->changed_count = 0;
	if (2 * capacity > LOOKED_RECORDS_MAX) { /* names of the past fill it up */
		table_begin(l, SLOTS_MIN);
		mem_free(&old);
		return;
	}
	table_begin(l, 2 * capacity);
	for (size_t i = 0; i < capacity; i++) {
		if (!old[i].name || !old[i].seq)
			continue;
		*slot_of(l, old[i].name) = old[i];
		l->count++;
	}
	mem_free(&old);
}

static void change(struct looked *l, struct record *r)
{
	r->sum = sum_of(l, r);
	if (l->anew)
		return;
	mem_grow(&l->changed, &l->changed_capacity, l->changed_count + 1, sizeof(*l->changed));
	l->changed[l->changed_count++] = (size_t)(r - l->slots);
}

void looked_put(struct looked *l, struct span name, uint64_t seq,
		const struct file_identity was[LOOKED_FILES])
{
	uint64_t files = files_sum(was);
	struct record *r;

	for (size_t i = 0; i < LOOKED_FILES; i++)
		if (!settled_before(l, &was[i]))
			return;
	if (4 * (l->count + 1) > 3 * l->capacity)
		grow(l);
	r = slot_of(l, hash_of_name(name));
	if (r->name && r->seq >= seq && r->files == files)
		return;
	l->count += !r->name;
	r->name = hash_of_name(name);
	r->seq = seq;
	r->files = files;
	change(l, r);
}

void looked_prune(struct looked *l, struct span name, uint64_t changed_seq)
{
	struct record *r = slot_of(l, hash_of_name(name));

	if (!r->name || !r->seq || r->seq >= changed_seq)
		return;
	r->seq = 0;
	change(l, r);
}

void looked_save(struct looked *l)
{
	size_t bytes = l->capacity * sizeof(struct record);
	CLEANUP(fd_close) int fd = -1;

	if (!l->began.changed_ns || (l->anew ? !l->count : !l->changed_count))
		return;
	fd = fd_open_at(l->dir_fd, LOOKED_FILE, O_WRONLY | O_CREAT | O_NONBLOCK, 0600);
	if (fd < 0)
		return;
	if (l->anew) {
		/* Cut first: a record of before must not stand at a place where nobody looks. */
		if (ftruncate(fd, 0) < 0 || pwrite(fd, l->slots, bytes, 0) != (ssize_t)bytes)
			return;
		l->anew = false;
	}
	for (size_t i = 0; i < l->changed_count; i++) {
		const struct record *r = &l->slots[l->changed[i]];
		off_t at = (off_t)(l->changed[i] * sizeof(*r));

		if (pwrite(fd, r, sizeof(*r), at) != sizeof(*r))
			return;
	}
	l->changed_count = 0;
}
