/*
 * Each file is read whole for its checksum, but taken apart only at its head: a list of a hundred
 * backups must not take a hundred restores.
 */
#include <errno.h>
#include <stdio.h>

#include "base/limits.h"
#include "base/when.h"
#include "cmd/cmd.h"
#include "cmd/fit.h"
#include "cmd/next.h"
#include "cmd/view.h"
#include "os/fd.h"
#include "store/segments.h"
#include "store/snapshot.h"

/* name, word in JSON, what people read */
#define VERDICTS(X)                                                            \
	X(VALID, "valid", "valid")                                             \
	X(UNREADABLE, "unreadable", "cannot be used")                          \
	X(FOREIGN, "other_workspace", "belongs to another workspace")          \
	X(DROPPED, "dropped_future", "of a future that a restore has dropped") \
	X(AHEAD, "ahead", "knows more than the journal")

#define X(name, word, text) BACKUP_##name,
enum verdict { VERDICTS(X) };
#undef X

struct backup_row {
	char name[BACKUP_NAME_BYTES];
	int64_t at_ms;
	struct snapshot_head head;
	enum verdict verdict;
	char why[200];
};

struct backups_page {
	struct cmd_ctx *c;
	struct vfs vfs;
	bool journal; /* its first record could be read */
	struct journal_base base;
	struct backup_row *rows; /* newest first */
	size_t count;
	size_t valid, older; /* older: not listed */
};

static const char *verdict_word(enum verdict verdict)
{
#define X(name, word, text) word,
	static const char *const words[] = { VERDICTS(X) };
#undef X
	return words[verdict];
}

static const char *verdict_text(enum verdict verdict)
{
#define X(name, word, text) text,
	static const char *const texts[] = { VERDICTS(X) };
#undef X
	return texts[verdict];
}

static enum verdict judge(const struct backups_page *p, const struct backup_row *row)
{
	if (!p->journal)
		return BACKUP_VALID;
	if (p->base.workspace[0] && strcmp(p->base.workspace, row->head.workspace) != 0)
		return BACKUP_FOREIGN;
	if (row->head.segment < p->base.segment && row->head.last_seq > p->base.from.seq)
		return BACKUP_DROPPED;
	return row->head.segment > p->base.segment ? BACKUP_AHEAD : BACKUP_VALID;
}

static void look_at(struct backups_page *p, int64_t ms, struct backup_row *row)
{
	char path[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES];
	int rc;

	backup_name_encode(ms, row->name);
	row->at_ms = ms;
	snprintf(path, sizeof(path), "%s/%s", BACKUP_DIR, row->name);
	rc = snapshot_glance(&p->vfs, path, &row->head, row->why);
	if (rc < 0)
		snprintf(row->why, sizeof(row->why), "%s", strerror(-rc));
	row->verdict = rc == SNAPSHOT_GOOD ? judge(p, row) : BACKUP_UNREADABLE;
	p->valid += row->verdict == BACKUP_VALID;
}

static void put_age(int64_t ms, struct buf *out)
{
	if (ms < 0) {
		buf_puts(out, "in the future");
		return;
	}
	buf_put_duration(out, ms / 1000 * 1000);
	buf_puts(out, " ago");
}

static void print_text(const struct backups_page *p, const struct buf *next)
{
	CLEANUP(table_release) struct table t = TABLE_INIT(5);
	struct out *out = p->c->out;

	for (size_t i = 0; i < p->count; i++) {
		CLEANUP(buf_release) struct buf age = BUF_INIT;
		const struct backup_row *row = &p->rows[i];
		bool good = row->verdict == BACKUP_VALID;

		put_age(p->c->now_ms - row->at_ms, &age);
		table_cell(&t, STYLE_PLAIN, "%s", row->name);
		table_cell(&t, STYLE_DIM, "%s", age.p);
		if (row->verdict == BACKUP_UNREADABLE)
			table_cell(&t, STYLE_PLAIN, "seq ?");
		else
			table_cell(&t, STYLE_PLAIN, "seq %llu",
				   (unsigned long long)row->head.last_seq);
		table_cell(&t, STYLE_DIM, "%llu KB",
			   (unsigned long long)(row->head.bytes + 1023) / 1024);
		table_cell(&t, good ? STYLE_GOOD : STYLE_WARN, "%s%s%s", verdict_text(row->verdict),
			   row->why[0] ? ": " : "", row->why);
	}
	if (p->count)
		fit_table(&t, out, 0);
	else
		out_puts(out,
			 "No backups yet: the first is made when the state is a minute old.\n");
	if (p->older)
		out_putf(out, "%zu older ones are not listed.\n", p->older);
	out_next(out, next);
}

static void print_json(const struct backups_page *p, const struct buf *next)
{
	struct json j;

	json_open(&j, p->c->out, "backups");
	json_array(&j, "backups");
	for (size_t i = 0; i < p->count; i++) {
		const struct backup_row *row = &p->rows[i];
		bool readable = row->verdict != BACKUP_UNREADABLE;

		json_object(&j, NULL);
		json_text(&j, "name", row->name);
		json_time(&j, "at", row->at_ms);
		json_i64(&j, "age_ms", p->c->now_ms - row->at_ms);
		json_u64(&j, "bytes", row->head.bytes);
		json_text(&j, "verdict", verdict_word(row->verdict));
		json_bool(&j, "valid", row->verdict == BACKUP_VALID);
		json_text(&j, "problem", row->why[0] ? row->why : NULL);
		if (readable) {
			json_u64(&j, "last_seq", row->head.last_seq);
			json_u64(&j, "segment", row->head.segment);
			json_text(&j, "workspace", row->head.workspace);
		}
		json_object_end(&j);
	}
	json_array_end(&j);
	json_u64(&j, "valid", p->valid);
	json_u64(&j, "not_listed", p->older);
	json_next(&j, next);
	json_close(&j);
}

static int show(struct backups_page *p, struct err *e)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	CLEANUP(buf_release) struct buf next = BUF_INIT;
	int rc = backups_list(&p->vfs, &all);

	if (rc < 0)
		return err_set(e, -SK_EIO, "backups in '%s': %s: nothing was shown", BACKUP_DIR,
			       strerror(-rc));
	p->journal = journal_base_find(&p->vfs, JOURNAL_FILE, NULL, &p->base, NULL) == 0 &&
		     p->base.first_seq;
	p->older = all.count > BACKUPS_LISTED_MAX ? all.count - BACKUPS_LISTED_MAX : 0;
	p->rows = mem_zalloc((all.count + 1) * sizeof(*p->rows));
	for (size_t i = all.count; i-- > 0 && p->count < BACKUPS_LISTED_MAX;)
		look_at(p, all.v[i], &p->rows[p->count++]);
	for (size_t i = 0; i < p->count; i++) {
		if (p->rows[i].verdict != BACKUP_VALID)
			continue;
		next_add(&next, "sk state restore --from-backup %s --dry-run", p->rows[i].name);
		break;
	}
	if (p->c->json)
		print_json(p, &next);
	else
		print_text(p, &next);
	mem_free(&p->rows);
	return EXIT_DONE;
}

static int state_backups_run(struct cmd_ctx *c, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	CLEANUP(fd_close) int dir = paths_open(c->paths, false, &why);
	struct backups_page p = { .c = c };
	int rc;

	if (dir == -ENOENT)
		return view_missing(c->paths, e);
	if (dir < 0)
		return view_paths_problem(dir, &why, e);
	vfs_real_open(&p.vfs, dir);
	rc = show(&p, e);
	vfs_real_close(&p.vfs);
	return rc;
}

const struct cmd cmd_state_backups = {
	.path = "state backups",
	.summary = "list the backups of the state, newest first",
	.usage = "",
	.about = "Each with its age, its last record and whether it can be used. A backup is made "
		 "at most once a minute, and the last hundred are kept. The "
		 "checksum of each is computed; nothing is changed. What stands in a backup is "
		 "compared with: sk state diff BACKUP current.",
	.example = "sk state backups\nsk state backups --format json",
	.needs = NEED_STATE,
	.run = state_backups_run,
};
