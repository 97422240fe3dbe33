/* Directories and files of the simulated disk, twice each: as they are, and as a power cut would
 * leave them at least. */
#include "simdisk_tree.h"

#include <sys/stat.h>

struct sim_inode *sim_inode_new(struct simdisk *d, unsigned type)
{
	struct sim_inode *n = mem_zalloc(sizeof(*n));

	n->type = type;
	n->mode = type == S_IFDIR ? 0700 : 0600;
	mem_grow(&d->inodes, &d->inode_capacity, d->inode_count + 1, sizeof(struct sim_inode *));
	d->inodes[d->inode_count++] = n;
	return n;
}

struct sim_inode *sim_entries_find(const struct entries *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->v[i].name, name) == 0)
			return e->v[i].inode;
	return NULL;
}

void sim_entries_set(struct entries *e, const char *name, struct sim_inode *inode)
{
	size_t i = 0;

	while (i < e->count && strcmp(e->v[i].name, name) != 0)
		i++;
	if (!inode) {
		if (i == e->count)
			return;
		mem_free(&e->v[i].name);
		e->v[i] = e->v[--e->count];
		return;
	}
	if (i == e->count) {
		mem_grow(&e->v, &e->capacity, e->count + 1, sizeof(*e->v));
		e->v[e->count++].name = mem_strdup(name);
	}
	e->v[i].inode = inode;
}

static void entries_release(struct entries *e)
{
	for (size_t i = 0; i < e->count; i++)
		mem_free(&e->v[i].name);
	mem_free(&e->v);
	*e = (struct entries){ NULL, 0, 0 };
}

void sim_entries_copy(struct entries *to, const struct entries *from)
{
	entries_release(to);
	for (size_t i = 0; i < from->count; i++)
		sim_entries_set(to, from->v[i].name, from->v[i].inode);
}

static void changes_release(struct sim_inode *n)
{
	for (size_t i = 0; i < n->change_count; i++) {
		mem_free(&n->changes[i].name[0]);
		mem_free(&n->changes[i].name[1]);
	}
	mem_free(&n->changes);
	n->change_count = n->change_capacity = 0;
}

void sim_inode_free(struct sim_inode *n)
{
	buf_release(&n->now);
	buf_release(&n->durable);
	entries_release(&n->entries);
	entries_release(&n->durable_entries);
	changes_release(n);
	mem_free(&n);
}

void sim_change_apply(struct entries *e, const struct change *c)
{
	for (int i = 0; i < 2; i++)
		if (c->name[i])
			sim_entries_set(e, c->name[i], c->inode[i]);
}

/* Changes up to two names of a directory in one step, unsynced. */
void sim_change(struct sim_inode *dir, const char *a, struct sim_inode *to_a, const char *b,
		struct sim_inode *to_b)
{
	struct change *c;

	mem_grow(&dir->changes, &dir->change_capacity, dir->change_count + 1,
		 sizeof(*dir->changes));
	c = &dir->changes[dir->change_count++];
	*c = (struct change){ { mem_strdup(a), b ? mem_strdup(b) : NULL }, { to_a, to_b } };
	sim_change_apply(&dir->entries, c);
}

/* The directory a path leads into and its last name, or NULL. */
struct sim_inode *sim_walk(struct simdisk *d, const char *path, const char **last)
{
	struct sim_inode *dir = d->inodes[0];
	const char *slash;
	char name[256];

	while ((slash = strchr(path, '/'))) {
		memcpy(name, path, (size_t)(slash - path));
		name[slash - path] = '\0';
		dir = sim_entries_find(&dir->entries, name);
		if (!dir || dir->type != S_IFDIR)
			return NULL;
		path = slash + 1;
	}
	*last = path;
	return dir;
}

struct sim_inode *sim_find(struct simdisk *d, const char *path)
{
	const char *last;
	struct sim_inode *dir;

	if (strcmp(path, ".") == 0)
		return d->inodes[0];
	dir = sim_walk(d, path, &last);
	return dir ? sim_entries_find(&dir->entries, last) : NULL;
}

void sim_settle_data(struct sim_inode *n)
{
	buf_truncate(&n->durable, 0);
	buf_put(&n->durable, n->now.p, n->now.len);
}

void sim_settle_names(struct sim_inode *dir)
{
	sim_entries_copy(&dir->durable_entries, &dir->entries);
	changes_release(dir);
}
