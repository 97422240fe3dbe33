/*
 * From the words to a plan, and from the plan to the act: what a dry run shows and what is done are
 * worked out by the same call. What would drop something that is on record needs --yes; what loses
 * nothing is done at once, because then the procedure's own words must be enough.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cmd/state/hand.h"
#include "cmd/state/mend.h"
#include "cmd/state/moment.h"
#include "cmd/state/restore_page.h"
#include "core/state_check.h"
#include "os/fd.h"

struct restoring {
	struct hand *h;
	struct restore_request request;
	struct restore_plan plan;
	struct restore_done done;
	char backup[sizeof(BACKUP_DIR) + BACKUP_NAME_BYTES];
	char *folder; /* of the journal file that was named */
	int folder_fd;
	struct vfs files;
	const char *into;
	struct restore_page page;
	char violation[200];
};

static void restoring_release(struct restoring *r)
{
	restore_plan_release(&r->plan);
	if (r->files.ctx)
		vfs_real_close(&r->files);
	fd_close(&r->folder_fd);
	mem_free(&r->folder);
}

static const char *option(const struct restoring *r, const char *name)
{
	return options_text(r->h->c->options, name);
}

/* --- what is asked for --------------------------------------------------------------------- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A backup by its name, or by any path that leads to it. */
static int read_backup(struct restoring *r, const char *typed, struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const char *name = base_name(typed);
	struct vfs_stat ours;
	struct stat theirs;
	int64_t ms;

	r->request.source = RESTORE_BACKUP;
	if (strcmp(typed, "latest") == 0)
		return 0;
	buf_put_quoted(&shown, span_of(typed), 200);
	if (backup_name_decode(span_of(name), &ms) < 0)
		return err_set(e, -SK_EUSAGE,
			       "backup %s: its name is not in the form "
			       "current_YYYY-MM-DDThh-mm-ss.json: nothing was restored. Try: sk "
			       "state backups",
			       shown.p);
	snprintf(r->backup, sizeof(r->backup), "%s/%s", BACKUP_DIR, name);
	r->request.backup = r->backup;
	if (name == typed || r->h->vfs.stat(r->h->vfs.ctx, r->backup, &ours) < 0 ||
	    strcmp(typed, r->backup) == 0)
		return 0;
	if (stat(typed, &theirs) == 0 && theirs.st_ino == ours.file_id)
		return 0;
	return err_set(e, -SK_EREFUSED,
		       "backup %s: is none of this state's backups: nothing was restored. Try: sk "
		       "state backups",
		       shown.p);
}

static int open_journal(struct restoring *r, const char *typed, struct err *e)
{
	const char *name = base_name(typed);
	struct vfs_stat live, given;
	int rc;

	r->request.source = RESTORE_TRANSITIONS;
	r->request.shown = typed;
	r->request.file = name;
	r->folder = name == typed ? mem_strdup(".")
				  : span_dup((struct span){ typed, (size_t)(name - typed) });
	r->folder_fd = fd_open_dir(r->folder);
	if (r->folder_fd < 0)
		return err_set(e, r->folder_fd == -ENOENT ? -SK_ENOTFOUND : -SK_EIO,
			       "journal '%s': %s: nothing was restored", typed,
			       strerror(-r->folder_fd));
	vfs_real_open(&r->files, r->folder_fd);
	r->request.files = &r->files;
	rc = journal_check_file(&r->files, name, &given, e);
	if (rc == -ENOENT)
		return err_set(e, -SK_ENOTFOUND,
			       "journal '%s': does not exist: nothing was restored. Try: sk state "
			       "restore --from-backup latest",
			       typed);
	if (rc < 0)
		return rc;
	r->request.live = r->h->vfs.stat(r->h->vfs.ctx, JOURNAL_FILE, &live) == 0 &&
			  live.file_id == given.file_id;
	return 0;
}

static int read_goal(struct restoring *r, struct err *e)
{
	r->request.goal = TRAVEL_END;
	if (option(r, "to-seq"))
		r->request.goal.seq = options_number(r->h->c->options, "to-seq", 0);
	if (option(r, "to-time"))
		return moment_option("state restore", "to-time", option(r, "to-time"),
				     r->h->c->now_ms, &r->request.goal.at_ms, e);
	return 0;
}

static int read_request(struct restoring *r, struct err *e)
{
	const char *backup = option(r, "from-backup"), *journal = option(r, "from-transitions");
	bool travels = option(r, "to-seq") || option(r, "to-time");
	int rc;

	r->into = option(r, "into");
	if (!!option(r, "to-seq") + !!option(r, "to-time") > 1 || (backup && (journal || travels)))
		return err_set(e, -SK_EUSAGE,
			       "state restore: these options exclude each other: nothing was "
			       "restored. Try: sk help state restore");
	if (!backup && !journal && !travels)
		return err_set(e, -SK_EUSAGE,
			       "state restore: say from what: nothing was restored. Try: sk state "
			       "restore --from-backup latest --dry-run");
	rc = read_goal(r, e);
	if (rc < 0)
		return rc;
	r->request.source = RESTORE_TRAVEL;
	if (backup)
		return read_backup(r, backup, e);
	return journal ? open_journal(r, journal, e) : 0;
}

/* --- whether it may be --------------------------------------------------------------------- */

static void note_violation(void *ctx, enum state_rule rule, struct span id, const char *what)
{
	struct restoring *r = ctx;

	(void)rule;
	if (r->page.violations++ == 0)
		snprintf(r->violation, sizeof(r->violation), "%.*s %s", SPAN_ARG(id), what);
}

static int permit(struct restoring *r, struct err *e)
{
	CLEANUP(buf_release) struct buf loss = BUF_INIT;

	if (r->h->dry || r->into || r->plan.nothing)
		return 0;
	restore_put_loss(&r->plan, &loss);
	if (r->page.violations && !r->h->confirmed)
		return err_set(e, -SK_ECONFIRM,
			       "state restore: rules are broken in the state behind seq %llu (%s): "
			       "nothing was restored. Try: an older backup (sk state backups), or "
			       "the same with --yes",
			       (unsigned long long)r->page.seq, r->violation);
	if (r->plan.loses && !r->h->confirmed)
		return err_set(e, -SK_ECONFIRM,
			       "state restore: this drops %s: nothing was restored. Try: the same "
			       "with --dry-run to see more, with --into DIR for a copy, or with "
			       "--yes",
			       loss.p ? loss.p : "what is unreadable");
	return r->plan.loses ? hand_no_workers(r->h, e) : 0;
}

/* --- doing it ------------------------------------------------------------------------------ */

static int make_copy(struct restoring *r, struct err *e)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;
	CLEANUP(fd_close) int dir = fd_make_dir_at(AT_FDCWD, r->into);
	struct restore_by by = hand_by(r->h);
	struct vfs target;
	int rc;

	if (dir >= 0)
		dir = fd_open_dir(r->into);
	if (dir < 0)
		return err_set(e, -SK_EIO, "'%s': %s: nothing was copied", r->into, strerror(-dir));
	vfs_real_open(&target, dir);
	rc = target.list(target.ctx, ".", &names);
	if (rc == 0 && names.len)
		rc = err_set(e, -SK_EREFUSED,
			     "'%s': is not empty: nothing was copied. Try: --into a new folder",
			     r->into);
	else if (rc < 0)
		rc = err_set(e, -SK_EIO, "'%s': %s: nothing was copied", r->into, strerror(-rc));
	if (rc == 0)
		rc = restore_copy(&target, &r->plan, &by, &r->done, e);
	vfs_real_close(&target);
	return rc;
}

static int carry_out(struct restoring *r, struct err *e)
{
	struct restore_by by = hand_by(r->h);
	int rc = r->into ? make_copy(r, e) : restore_apply(&r->h->vfs, &r->plan, &by, &r->done, e);

	if (rc < 0)
		return rc;
	r->page.done = &r->done;
	if (!r->into) {
		r->h->seq = r->done.seq;
		event_range_add(&r->h->c->done->tasks, r->done.seq, r->done.seq);
		r->h->at_ms = r->done.at_ms;
	}
	if (!r->into && r->plan.swaps)
		mend_views(r->h);
	return 0;
}

static int plan_and_act(struct restoring *r, struct err *e)
{
	int rc = read_request(r, e);

	if (rc == 0 && !r->into)
		rc = hand_lock(r->h, e);
	if (rc == 0)
		rc = restore_plan_make(&r->h->vfs, &r->request, &r->plan, e);
	if (rc < 0)
		return rc;
	r->page = (struct restore_page){ .plan = &r->plan,
					 .into = r->into,
					 .seq = r->plan.st.last_seq,
					 .at_ms = r->plan.st.last_at_ms,
					 .violation = r->violation };
	state_check(&r->plan.st, note_violation, r);
	rc = permit(r, e);
	if (rc == 0 && !r->h->dry)
		rc = carry_out(r, e);
	if (rc < 0)
		return rc;
	restore_put_summary(&r->page, &r->h->did);
	restore_page_print(r->h->c, &r->page);
	return EXIT_DONE;
}

static int restore(struct hand *h, struct err *e)
{
	CLEANUP(restoring_release)
	struct restoring r = { .h = h, .folder_fd = -1, .plan = { .nothing = false } };

	state_init(&r.plan.st);
	return plan_and_act(&r, e);
}

static int state_restore_run(struct cmd_ctx *c, struct err *e)
{
	return hand_run(c, "nothing was restored", restore, e);
}

static const struct option_row state_restore_options[] = {
	{ .name = "from-backup",
	  .kind = OPTION_TEXT,
	  .value = "latest|FILE",
	  .summary = "from a backup, and what the journal tells behind it",
	  .completes = ARG_FILE },
	{ .name = "from-transitions",
	  .kind = OPTION_TEXT,
	  .value = "FILE",
	  .summary = "from a journal file alone, as far as it is good",
	  .completes = ARG_FILE },
	{ .name = "to-seq",
	  .kind = OPTION_NUMBER,
	  .value = "N",
	  .summary = "as it was behind this record",
	  .min = 1 },
	{ .name = "to-time",
	  .kind = OPTION_TEXT,
	  .value = "TIME",
	  .summary = "as it was then: 2026-11-21T08:43:00Z, or 10m for ten minutes ago" },
	{ .name = "into",
	  .kind = OPTION_TEXT,
	  .value = "DIR",
	  .summary = "make a copy in a new folder and leave this state alone",
	  .completes = ARG_DIRECTORY },
	HAND_OPTIONS,
	{ .name = NULL },
};

const struct cmd cmd_state_restore = {
	.path = "state restore",
	.alias = "restore_state",
	.summary = "put the state back from a backup or the journal",
	.usage = "--from-backup latest|FILE | --from-transitions FILE | --to-seq N | --to-time "
		 "TIME [--into DIR]",
	.about = "From a backup nothing is lost as long as the journal behind it is good: it is "
		 "replayed. Every file that is taken out of use is kept, with corrupt or replaced "
		 "and the time in its name. What would drop something that is on record needs "
		 "--yes; --dry-run shows it. A moment between the records of one turn means the "
		 "turn before. No orchestrator may be at work, except with --into, which only "
		 "reads. Tasks that were running then are found lost or alive by the next start.",
	.example = "sk state restore --from-backup latest\nsk state restore --from-transitions "
		   ".state/transitions.jsonl\nsk state restore --to-time 10m --into /tmp/earlier",
	.options = state_restore_options,
	.needs = NEED_STATE,
	.run = state_restore_run,
};
