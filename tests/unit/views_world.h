/* A state made by the core and a disk to keep views of it on, for the tests of views. */
#ifndef SK_VIEWS_WORLD_H
#define SK_VIEWS_WORLD_H

#include "core_world.h"

#include "../crash/simdisk.h"
#include "views/checkpoint.h"
#include "views/view.h"

struct views_world {
	struct world w;
	struct simdisk disk;
	struct view_source src;
};

/* b needs a, d needs b and c; c holds a resource while it runs. a is completed, c runs. */
static inline void views_world_init(struct views_world *v)
{
	static const struct resource_spec lock = { .name = { "repo", 4 }, .limit = 1 };
	static const struct row rows[] = {
		{ "ci", "d", "b c", NULL, false },
		{ "ci", "b", "a", NULL, false },
		{ "ci", "a", NULL, NULL, false },
		{ "ci", "c", NULL, "{\"run\":\"true\",\"resources\":{\"repo\":1}}", false },
	};

	world_init(&v->w);
	simdisk_init(&v->disk);
	v->w.resources = &lock;
	v->w.resource_count = 1;
	assert_int_equal(world_submit(&v->w, rows, ARRAY_LEN(rows), 0), 0);
	world_worker(&v->w, "local", 2, "[]");
	world_schedule(&v->w);
	world_started(&v->w, "a");
	world_started(&v->w, "c");
	world_finished(&v->w, "a", OUTCOME_EXIT, 0);
	view_source_init(&v->src, &v->w.st);
}

static inline void views_world_release(struct views_world *v)
{
	view_source_release(&v->src);
	simdisk_release(&v->disk);
	world_release(&v->w);
}

/* To the end of the workstream: completed, or failed by its last task. */
static UNUSED void views_world_end(struct views_world *v, bool well)
{
	world_finished(&v->w, "c", OUTCOME_EXIT, 0);
	world_schedule(&v->w);
	world_started(&v->w, "b");
	world_finished(&v->w, "b", OUTCOME_EXIT, 0);
	world_schedule(&v->w);
	world_started(&v->w, "d");
	world_finished(&v->w, "d", OUTCOME_EXIT, well ? 0 : 3);
	expect_ws(&v->w, "ci", well ? WS_COMPLETED : WS_FAILED);
}

static inline struct span file_of(struct views_world *v, const char *path)
{
	const struct buf *b = simdisk_file(&v->disk, path);

	return b ? (struct span){ b->p, b->len } : SPAN_NONE;
}

static inline void expect_holds(struct views_world *v, const char *path, const char *words)
{
	struct span text = file_of(v, path);

	if (!text.len || !memmem(text.p, text.len, words, strlen(words)))
		fail_msg("%s: expected %s in: %.*s", path, words, SPAN_ARG(text));
}

static inline size_t names_in(const struct vfs *vfs, const char *path)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	size_t count = 0;

	if (vfs->list(vfs->ctx, path, &names) < 0)
		return 0;
	for (size_t at = 0; at < names.len; at += strlen(names.p + at) + 1)
		count++;
	return count;
}

#endif
