/*
 * The three indexes differ in nothing but their key. They are rewritten often and the ids must be
 * sorted, so the sorted order of all tasks is kept by the caller and only dealt out here: one pass
 * to count, one to place.
 */
#include "views/documents.h"

#include "views/put.h"

struct index {
	const char *name; /* of the map */
	size_t key_count;
	uint32_t (*key_of)(const struct task *t); /* or NO_ID: stands under no key */
	struct span (*word)(const struct state *st, uint32_t key); /* empty: the key is left out */
};

static uint32_t ws_of(const struct task *t)
{
	return t->ws;
}

static struct span ws_word(const struct state *st, uint32_t key)
{
	return st->ws[key].id;
}

static uint32_t status_of(const struct task *t)
{
	return t->state;
}

static struct span status_word(const struct state *st, uint32_t key)
{
	(void)st;
	return span_of(task_state_word(key));
}

static uint32_t worker_of(const struct task *t)
{
	return t->worker;
}

static struct span worker_word(const struct state *st, uint32_t key)
{
	return st->workers[key].id;
}

static void put_stamp(const struct state *st, struct view_stamp stamp, struct buf *out)
{
	buf_putc(out, '{');
	put_text(out, "schema_version", VIEW_SCHEMA);
	put_time(out, "generated_at", stamp.at_ms);
	put_time(out, "source_timestamp", st->last_at_ms);
	put_u64(out, "source_seq", stamp.seq);
}

static void put_index(struct view_source *src, const struct index *index, struct view_stamp stamp,
		      struct buf *out)
{
	const struct state *st = src->st;
	uint32_t *end = mem_zalloc((index->key_count + 1) * sizeof(*end));
	uint32_t *dealt = mem_alloc(st->task_count * sizeof(*dealt));
	uint32_t at = 0;

	view_source_order(src);
	for (size_t i = 0; i < src->count; i++) {
		uint32_t key = index->key_of(&st->tasks[src->by_id[i]]);

		if (key != NO_ID)
			end[key + 1]++;
	}
	for (size_t i = 0; i < index->key_count; i++)
		end[i + 1] += end[i];
	/* end[i] is where the tasks of key i begin, and moves on to where they end. */
	for (size_t i = 0; i < src->count; i++) {
		uint32_t key = index->key_of(&st->tasks[src->by_id[i]]);

		if (key != NO_ID)
			dealt[end[key]++] = src->by_id[i];
	}
	put_stamp(st, stamp, out);
	put_open(out, index->name, '{');
	for (uint32_t key = 0; key < index->key_count; at = end[key++]) {
		struct span word = index->word(st, key);

		if (!word.len)
			continue;
		put_comma(out);
		buf_putc(out, '\n');
		buf_put_json(out, word);
		buf_puts(out, ":[");
		for (; at < end[key]; at++)
			put_id(out, st->tasks[dealt[at]].id);
		buf_putc(out, ']');
	}
	buf_puts(out, "}}\n");
	mem_free(&end);
	mem_free(&dealt);
}

void index_by_workstream(struct view_source *src, uint32_t ws, struct view_stamp stamp,
			 struct buf *out)
{
	struct index index = { "workstreams", src->st->ws_count, ws_of, ws_word };

	(void)ws;
	put_index(src, &index, stamp, out);
}

void index_by_status(struct view_source *src, uint32_t ws, struct view_stamp stamp, struct buf *out)
{
	struct index index = { "statuses", TASK_STATE_COUNT, status_of, status_word };

	(void)ws;
	put_index(src, &index, stamp, out);
}

void index_by_worker(struct view_source *src, uint32_t ws, struct view_stamp stamp, struct buf *out)
{
	struct index index = { "workers", src->st->worker_count, worker_of, worker_word };

	(void)ws;
	put_index(src, &index, stamp, out);
}
