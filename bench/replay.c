/*
 * How long a start takes: writes a journal of a million lines by really running a plan of tiny
 * tasks through the core, then opens it, and parses the same lines with a general JSON library for
 * comparison. usage: replay DIRECTORY [LINES]   (the directory must exist; its journal is made when
 * it is missing)
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/decide.h"
#include "store/journal.h"
#include "store/record.h"
#include "store/store.h"

#define LINES_PER_TASK 6
#define START_MS 1790000000000LL
#define TASKS_PER_TURN 16

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static _Noreturn void die(const char *what, const struct err *e)
{
	fprintf(stderr, "replay: %s: %s\n", what, e ? e->text : "");
	exit(1);
}

static int no_sync(void *ctx, int handle)
{
	(void)ctx;
	(void)handle;
	return 0;
}

struct run {
	struct state st;
	struct store *store;
	struct events batch;
	struct effects fx;
	int64_t now_ms;
	uint32_t *todo; /* assigned, not yet reported */
	size_t todo_count, todo_capacity;
	struct err e;
};

static void step(struct run *r, struct input in)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;

	if (core_step(&r->st, &in, r->now_ms, &r->batch, &r->fx, &why) < 0)
		die(why.p, NULL);
	for (size_t i = 0; i < r->fx.count; i++) {
		if (r->fx.v[i].kind != FX_ASSIGN)
			continue;
		mem_grow(&r->todo, &r->todo_capacity, r->todo_count + 1, sizeof(*r->todo));
		r->todo[r->todo_count++] = r->fx.v[i].task;
	}
	r->fx.count = 0;
}

static void commit(struct run *r)
{
	if (store_commit(r->store, &r->batch, 1, &r->e) < 0)
		die("commit", &r->e);
	events_reset(&r->batch);
	r->now_ms += 3;
}

static void submit(struct run *r, uint32_t count)
{
	struct submission s = SUBMISSION_INIT;
	struct ws_spec ws = { .name = SPAN_LIT("nightly-build"),
			      .plan = SPAN_LIT("plans/nightly.yaml"),
			      .def = SPAN_LIT("{\"cwd\":\"/home/operator/project\"}") };
	char text[64];

	s.ws = mem_alloc(sizeof(ws));
	*s.ws = ws;
	s.ws_count = 1;
	s.tasks = mem_zalloc(count * sizeof(*s.tasks));
	s.task_count = count;
	for (uint32_t i = 0; i < count; i++) {
		int len = snprintf(text, sizeof(text), "compile-module-%06u", i);

		s.tasks[i].name = arena_copy(&s.text, (struct span){ text, (size_t)len });
		len = snprintf(text, sizeof(text),
			       "{\"argv\":[\"/bin/true\",\"%06u\"],\"retries\":2}", i);
		s.tasks[i].def = arena_copy(&s.text, (struct span){ text, (size_t)len });
		s.tasks[i].selected = true;
	}
	step(r, (struct input){ .kind = IN_SUBMIT, .submission = &s });
	commit(r);
	submission_release(&s);
}

static void report(struct run *r, uint32_t task)
{
	struct span worker = r->st.workers[0].id;
	struct input in = { .kind = IN_STARTED,
			    .worker_id = worker,
			    .task_id = r->st.tasks[task].id,
			    .attempt = r->st.tasks[task].attempt,
			    .incarnation = 1,
			    .pid = 1000 + task };

	step(r, in);
	in.kind = IN_FINISHED;
	in.result.duration_ms = 100 + task % 900;
	in.result.cpu_ms = 50 + task % 300;
	in.result.peak_kb = 2048 + task % 4096;
	step(r, in);
}

/* Runs everything to its end, sixteen tasks a turn. */
static void work(struct run *r)
{
	step(r,
	     (struct input){ .kind = IN_WORKER_SPAWNED, .worker_id = SPAN_LIT("worker-local-1") });
	step(r, (struct input){ .kind = IN_WORKER_REGISTERED,
				.worker_id = SPAN_LIT("worker-local-1"),
				.incarnation = 1,
				.slots = TASKS_PER_TURN,
				.pid = 4242,
				.pid_start = 1 });
	step(r, (struct input){ .kind = IN_SCHEDULE });
	commit(r);
	while (r->todo_count) {
		while (r->todo_count)
			report(r, r->todo[--r->todo_count]);
		step(r, (struct input){ .kind = IN_SCHEDULE });
		commit(r);
	}
}

static void generate(const struct vfs *disk, uint32_t lines)
{
	struct run r = { .now_ms = START_MS };
	struct store_report found;
	struct vfs vfs = *disk;
	double from = seconds();

	vfs.sync = no_sync; /* it is not the disk that is measured here */
	state_init(&r.st);
	if (store_open(&vfs, 0, "0123456789abcdef", r.now_ms, &r.st, &r.store, &found, &r.e) < 0)
		die("open", &r.e);
	submit(&r, lines / LINES_PER_TASK);
	work(&r);
	printf("written     %8.3f s  (decide, apply, encode, write; no sync)\n", seconds() - from);
	store_close(r.store);
	state_release(&r.st);
	events_release(&r.batch);
	effects_release(&r.fx);
	mem_free(&r.todo);
}

static double replay(const struct vfs *vfs, uint64_t *records)
{
	struct store_report found;
	struct err e = ERR_INIT;
	struct store *store;
	struct state st;
	double from = seconds();

	state_init(&st);
	if (store_open(vfs, STORE_READ_ONLY, "", START_MS, &st, &store, &found, &e) < 0)
		die("replay", &e);
	from = seconds() - from;
	*records = found.records_replayed;
	store_close(store);
	state_release(&st);
	return from;
}

static double read_only(const struct vfs *vfs)
{
	struct journal_end end;
	struct err e = ERR_INIT;
	double from = seconds();

	if (journal_read(vfs, JOURNAL_FILE, (struct journal_place){ 0, 0, 0 }, JOURNAL_NO_LIMIT,
			 NULL, NULL, &end, &e) < 0)
		die("read", &e);
	return seconds() - from;
}

/* The same lines through a general library, which checks no sum and applies nothing. */
static double parse_with_jansson(const struct buf *raw)
{
	double from = seconds();
	const char *p = raw->p, *end = raw->p + raw->len, *eol;

	for (; p < end; p = eol + 1) {
		json_t *root;

		eol = memchr(p, '\n', (size_t)(end - p));
		root = json_loadb(p, (size_t)(eol - p), 0, NULL);
		if (!root)
			die("jansson", NULL);
		json_decref(root);
	}
	return seconds() - from;
}

static int collect(void *ctx, const struct event *ev, struct span line, char why[200])
{
	struct buf *out = ctx;
	struct record_turn turn = { 1, 1 };
	uint64_t sum = 0;

	(void)line;
	(void)why;
	if (out->len > 64 * 1024 * 1024)
		buf_truncate(out, 0);
	record_encode(out, ev, turn, &sum);
	return 0;
}

static double encode_all(const struct vfs *vfs)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct journal_end end;
	struct err e = ERR_INIT;
	double from = seconds();

	journal_read(vfs, JOURNAL_FILE, (struct journal_place){ 0, 0, 0 }, JOURNAL_NO_LIMIT,
		     collect, &out, &end, &e);
	return seconds() - from;
}

int main(int argc, char **argv)
{
	CLEANUP(buf_release) struct buf raw = BUF_INIT;
	double best = 1e9, read = 1e9, jansson, encode;
	uint64_t records = 0;
	struct vfs_stat st;
	struct vfs vfs;
	int fd;

	if (argc < 2)
		die("usage: replay DIRECTORY [LINES]", NULL);
	fd = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		die("cannot open the directory", NULL);
	vfs_real_open(&vfs, fd);
	if (vfs.stat(vfs.ctx, JOURNAL_FILE, &st) < 0)
		generate(&vfs, argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000);
	for (int round = 0; round < 3; round++) {
		double took = replay(&vfs, &records), only = read_only(&vfs);

		best = took < best ? took : best;
		read = only < read ? only : read;
	}
	encode = encode_all(&vfs) - read;
	if (vfs_read_all(&vfs, JOURNAL_FILE, SNAPSHOT_BYTES_MAX, &raw) < 0)
		die("cannot read", NULL);
	jansson = parse_with_jansson(&raw);
	printf("records     %8llu    %.1f bytes each\n", (unsigned long long)records,
	       (double)raw.len / (double)records);
	printf("replay      %8.3f s  %6.0f ns a record\n", best, best / (double)records * 1e9);
	printf("  reading   %8.3f s  %6.0f ns a record (checksum and decoding, without apply)\n",
	       read, read / (double)records * 1e9);
	printf("encoding    %8.3f s  %6.0f ns a record\n", encode, encode / (double)records * 1e9);
	printf("jansson     %8.3f s  parsing alone, %.1f times the replay\n", jansson,
	       jansson / best);
	vfs_real_close(&vfs);
	close(fd);
	return 0;
}
