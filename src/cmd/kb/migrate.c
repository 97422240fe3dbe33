/*
 * The words of the runbook, and what comes of each: a copy, a newer schema, the copy back in its
 * place. A line is printed when what it says is on disk, so that what a killed command has said is
 * true.
 */
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/home.h"
#include "kb/kb_backup.h"
#include "kb/kb_migrate.h"
#include "kb/kb_restore.h"
#include "kb/kb_schema.h"

#define WHO "sk migrate"

/* What was told, kept for the JSON document; text is printed at once. */
struct page {
	struct cmd_ctx *c;
	bool dry_run;
	struct told {
		enum kb_told_what what;
		unsigned version;
		char *text;
	} * v;
	size_t count, capacity;
};

static void page_release(struct page *p)
{
	for (size_t i = 0; i < p->count; i++)
		mem_free(&p->v[i].text);
	mem_free(&p->v);
}

static void print_told(struct out *o, const struct kb_told *told)
{
	switch (told->what) {
	case KB_TOLD_ORPHAN:
		out_putf(o, "Moved aside the log of a database that is gone: %s-*\n", told->text);
		break;
	case KB_TOLD_BACKUP:
		out_putf(o, "Backup, verified: %s\n", told->text);
		break;
	case KB_TOLD_VERSION:
		out_putf(o, "v%u: %s\n", told->version, told->text);
		break;
	case KB_TOLD_MENDED:
		out_putf(o, "mended: %s\n", told->text);
		break;
	}
}

static void hear(void *arg, const struct kb_told *told)
{
	struct page *p = arg;

	if (!p->c->json) {
		print_told(p->c->out, told);
		out_flush(p->c->out);
		return;
	}
	mem_grow(&p->v, &p->capacity, p->count + 1, sizeof(*p->v));
	p->v[p->count++] = (struct told){ told->what, told->version, mem_strdup(told->text) };
}

/* The text of what was told of this kind, or NULL. */
static const char *page_text(const struct page *p, enum kb_told_what what)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->v[i].what == what)
			return p->v[i].text;
	return NULL;
}

static void print_json(struct page *p, const char *path, const struct kb_migrated *done)
{
	struct json j;

	json_open(&j, p->c->out, "migrate");
	json_text(&j, "database", path);
	json_bool(&j, "dry_run", p->dry_run);
	json_bool(&j, "made", done->made);
	json_u64(&j, "from", done->from);
	json_u64(&j, "to", done->to);
	json_text(&j, "backup", page_text(p, KB_TOLD_BACKUP));
	json_text(&j, "orphan", page_text(p, KB_TOLD_ORPHAN));
	json_array(&j, "applied");
	for (size_t i = 0; i < p->count; i++) {
		if (p->v[i].what != KB_TOLD_VERSION)
			continue;
		json_object(&j, NULL);
		json_u64(&j, "version", p->v[i].version);
		json_text(&j, "name", p->v[i].text);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "mended");
	for (size_t i = 0; i < p->count; i++)
		if (p->v[i].what == KB_TOLD_MENDED)
			json_text(&j, NULL, p->v[i].text);
	json_array_end(&j);
	json_close(&j);
}

static void print_end(struct page *p, const struct kb_migrated *done)
{
	const char *would = p->dry_run ? "Would have a" : "A";
	struct out *o = p->c->out;

	if (done->applied)
		out_putf(o, "%spplied %u migration%s (schema %u)\n", would, done->applied,
			 PLURAL(done->applied), done->to);
	else if (done->mended)
		out_putf(o, "%s %u thing%s (schema %u)\n",
			 p->dry_run ? "Would have mended" : "Mended", done->mended,
			 PLURAL(done->mended), done->to);
	else
		out_putf(o, "Schema up to date (%u)\n", done->to);
}

static int do_migrate(struct cmd_ctx *c, const char *path, struct err *e)
{
	CLEANUP(page_release)
	struct page page = { .c = c, .dry_run = options_has(c->options, "dry-run") };
	struct kb_migrate how = { .path = path,
				  .who = WHO,
				  .now_ms = c->now_ms,
				  .dry_run = page.dry_run,
				  .no_backup = options_has(c->options, "no-backup"),
				  .tell = hear,
				  .arg = &page };
	struct kb_migrated done;
	int rc = kb_migrate(&how, &done, e);

	if (rc < 0)
		return rc;
	if (!page.dry_run && (done.made || done.applied || done.mended))
		done_elsewhere(c->done, "the database was changed", "migrate --dry-run");
	if (c->json)
		print_json(&page, path, &done);
	else
		print_end(&page, &done);
	return EXIT_DONE;
}

static int do_backup(struct cmd_ctx *c, const char *path, struct err *e)
{
	struct kb_open how = {
		.path = path, .mode = KB_READ, .versions = KB_ANY_VERSION, .who = WHO
	};
	CLEANUP(kb_backup_release) struct kb_backup done = KB_BACKUP_INIT;
	CLEANUP(kb_close) struct kb *kb = NULL;
	struct json j;
	int rc = kb_open(&how, &kb, e);

	if (rc < 0)
		return rc;
	rc = kb_backup_make(kb, options_text(c->options, "backup-path"), c->now_ms,
			    options_has(c->options, "replace"), &done, e);
	if (rc < 0)
		return rc;
	if (c->json) {
		json_open(&j, c->out, "migrate_backup");
		json_text(&j, "database", path);
		json_text(&j, "backup", done.path);
		json_i64(&j, "bytes", done.bytes);
		json_i64(&j, "rows", done.rows);
		json_u64(&j, "tables", done.tables);
		json_u64(&j, "schema", kb_version(kb));
		json_close(&j);
	} else {
		out_putf(c->out, "%s\n", done.path);
	}
	return EXIT_DONE;
}

static void print_replaced(struct cmd_ctx *c, const char *kind, const char *path,
			   const struct kb_replaced *done)
{
	const char *from = options_text(c->options, "restore");
	struct out *o = c->out;
	struct json j;

	if (c->json) {
		json_open(&j, o, kind);
		json_text(&j, "database", path);
		json_text(&j, "from", from);
		json_text(&j, "aside", done->aside);
		json_text(&j, "orphan", done->orphan);
		json_u64(&j, "schema", done->version);
		json_i64(&j, "bytes", done->bytes);
		if (from)
			json_i64(&j, "rows", done->rows);
		json_close(&j);
		return;
	}
	if (done->orphan)
		out_putf(o, "Moved aside the log of a database that is gone: %s-*\n", done->orphan);
	if (done->aside)
		out_putf(o, "Moved aside: %s\n", done->aside);
	if (!from)
		out_putf(o, "Made an empty database: %s (schema %u)\n", path, done->version);
	else
		out_putf(o, "Restored: %s (schema %u, %lld rows)\n", path, done->version,
			 (long long)done->rows);
	if (done->version < KB_SCHEMA_VERSION)
		out_putf(o, "Next: sk migrate %s\n", path);
}

static int do_replace(struct cmd_ctx *c, const char *path, struct err *e)
{
	struct kb_replace how = { .path = path,
				  .who = WHO,
				  .now_ms = c->now_ms,
				  .from = options_text(c->options, "restore"),
				  .even_sound = options_has(c->options, "yes") };
	CLEANUP(kb_replaced_release) struct kb_replaced done = KB_REPLACED_INIT;
	int rc = how.from ? kb_restore(&how, &done, e) : kb_quarantine(&how, &done, e);

	if (rc < 0)
		return rc;
	done_elsewhere(c->done, "the database was replaced", "migrate --dry-run");
	print_replaced(c, how.from ? "migrate_restore" : "migrate_quarantine", path, &done);
	return EXIT_DONE;
}

/* Options that mean nothing together are a mistake, and nothing is done. */
static int check_options(const struct options *o, struct err *e)
{
	bool backup = options_has(o, "backup-only"), quarantine = options_has(o, "quarantine");
	bool restore = options_text(o, "restore");

	if (options_has(o, "yes") && !quarantine)
		return err_set(e, -SK_EUSAGE,
			       "migrate: --yes is for --quarantine: nothing was done. Try: sk help "
			       "migrate");
	if (options_text(o, "backup-path") && !backup)
		return err_set(e, -SK_EUSAGE,
			       "migrate: --backup-path is for --backup-only: nothing was done. "
			       "Try: sk migrate --backup-only --backup-path FILE");
	if (options_has(o, "replace") && !backup)
		return err_set(e, -SK_EUSAGE,
			       "migrate: --replace is for --backup-only: nothing was done. Try: sk "
			       "help migrate");
	if (backup + restore + quarantine > 1 ||
	    ((backup || restore || quarantine) &&
	     (options_has(o, "dry-run") || options_has(o, "no-backup"))))
		return err_set(e, -SK_EUSAGE,
			       "migrate: these options exclude each other: nothing was done. Try: "
			       "sk help migrate");
	return 0;
}

static int migrate_run(struct cmd_ctx *c, struct err *e)
{
	const struct options *o = c->options;
	bool backup = options_has(o, "backup-only");
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	int rc = check_options(o, e);

	if (rc == 0)
		rc = cmd_database(o->arg_count ? o->args[0] : NULL,
				  !backup && !options_has(o, "dry-run"), &path, e);
	if (rc < 0)
		return rc;
	if (backup)
		return do_backup(c, path.p, e);
	if (options_text(o, "restore") || options_has(o, "quarantine"))
		return do_replace(c, path.p, e);
	return do_migrate(c, path.p, e);
}

static const struct option_row migrate_options[] = {
	{ .name = "backup-only",
	  .kind = OPTION_FLAG,
	  .summary = "make a verified copy and change nothing" },
	{ .name = "backup-path",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .summary = "where the copy goes (else beside the database, with the time in its name)",
	  .completes = ARG_FILE },
	{ .name = "replace",
	  .kind = OPTION_FLAG,
	  .summary = "overwrite a copy that has this name, once the new one is whole" },
	{ .name = "restore",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .summary = "put a copy of this backup in its place; what is there is moved aside",
	  .completes = ARG_FILE },
	{ .name = "quarantine",
	  .kind = OPTION_FLAG,
	  .summary = "move a damaged database aside and begin with an empty one" },
	{ .name = "yes",
	  .kind = OPTION_FLAG,
	  .summary = "with --quarantine: also when nothing is wrong with it" },
	{ .name = "dry-run",
	  .kind = OPTION_FLAG,
	  .summary = "do it on a copy in memory and say what would be done" },
	{ .name = "no-backup",
	  .kind = OPTION_FLAG,
	  .summary = "make no copy before the schema is changed" },
	{ .name = NULL },
};

const struct cmd cmd_migrate = {
	.path = "migrate",
	.summary = "bring the knowledge database up to date, back it up, restore it",
	.usage = "[DB]",
	.about =
		"DB is else $SK_DB_PATH, else ~/.copilot/session-state/knowledge.db. One that is "
		"not there is made.\n"
		"Each version is applied in a transaction of its own and proved by looking at the "
		"tables; a kill leaves a whole number of them, and the same command goes on. "
		"Before "
		"anything is changed a verified copy is made beside the database. A database that "
		"is "
		"newer than this program, or damaged, is left untouched.\n"
		"--restore checks the backup, copies it and only then moves what is there to a "
		"name "
		"that ends in .replaced and the time; --quarantine does the same with .corrupt and "
		"an empty database. Nothing is removed. Both refuse while another process has the "
		"database open.\n"
		"While somebody else is writing, the command ends with code 6 and names them. The "
		"files -wal and -shm belong to the database: what was committed last is in them, "
		"and "
		"they are never removed.",
	.example = "sk migrate --backup-only --backup-path /tmp/knowledge.db.backup\n"
		   "sk migrate\n"
		   "sk migrate --dry-run\n"
		   "sk migrate --restore /tmp/knowledge.db.backup",
	.options = migrate_options,
	.args = ARG_FILE,
	.args_max = 1,
	.alias = "migrate.py",
	.run = migrate_run,
};
