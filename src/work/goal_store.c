/*
 * A command is the one writer for a moment: it takes the kernel lock, replays, looks at what people
 * changed in the files, decides, commits, writes the files, and goes. Who only reads takes no lock
 * and does the same without writing anything: an edit that nobody has recorded yet is shown as it
 * will be.
 *
 *  1. Files are written behind the commit that they show, never before.
 *  2. A file that differs from what we wrote is somebody's edit: it is recorded or refused before
 *     anything else is decided, and never written over.
 *  3. There is no snapshot file: the journal begins anew with the whole state when it has grown, so
 *     opening stays short.
 */
#include "work/goal_store_impl.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "core/goal_session.h"
#include "os/fd.h"
#include "os/lock.h"
#include "os/proc.h"
#include "store/journal.h"
#include "work/breadcrumb.h"
#include "work/owner.h"
#include "work/settled.h"

static int take_lock(struct goal_store *s, const char *command, struct err *e)
{
	struct lock_holder holder = { .command = "" };
	int64_t patience_ms =
		s->flags & GOALS_HURRY ? HOOK_LOCK_PATIENCE_MS : GOALS_LOCK_PATIENCE_MS;
	int rc = lock_take_within(s->fd, GOALS_LOCK_NAME, command, patience_ms, &s->lock, &holder);
	CLEANUP(buf_release) struct buf waited = BUF_INIT;

	file_identify(s->vfs, GOALS_LOCK_NAME, &s->began);
	if (rc == -SK_EBUSY) {
		buf_put_duration(&waited, patience_ms);
		return err_set(e, rc,
			       "%s: lock held by pid %llu (%s) for more than %s: nothing was "
			       "changed. Try: the same again when it has ended",
			       s->dir, (unsigned long long)holder.who.pid,
			       holder.command[0] ? holder.command : "sk", waited.p);
	}
	if (rc == -ELOOP)
		return err_set(e, -SK_EREFUSED,
			       "%s/%s: is a symbolic link; refused: nothing was changed", s->dir,
			       GOALS_LOCK_NAME);
	if (rc < 0)
		return err_set(e, -SK_EIO, "%s/%s: cannot be locked: %s: nothing was changed",
			       s->dir, GOALS_LOCK_NAME, strerror(-rc));
	return 0;
}

static int open_folder(struct goal_store *s, const struct paths *where, struct err *e)
{
	CLEANUP(buf_release) struct buf why = BUF_INIT;
	/* Who writes into one that is there begins it as well, when only people did so far. */
	bool create = s->flags & GOALS_WRITE &&
		      (s->flags & GOALS_CREATE || access(where->state_dir, F_OK) == 0);

	s->fd = paths_open(where, create, &why);
	if (s->fd == -ENOENT && !why.len)
		return -ENOENT;
	if (s->fd < 0)
		return err_set(e, s->fd == -EPERM ? -SK_EREFUSED : -SK_EIO, "%s", why.p);
	vfs_real_open(&s->own, s->fd);
	s->vfs = &s->own;
	return 0;
}

static bool there(const struct goal_store *s, const char *path)
{
	struct vfs_stat st;

	return s->vfs->stat(s->vfs->ctx, path, &st) == 0;
}

/* Whoever reads it has to hear which of the two stores it is, and what brings this one back. */
static int damaged(const struct goal_store *s, const struct err *why, struct err *e)
{
	return err_set(e, -SK_ECORRUPT,
		       "%s: %.*s. Try: sk tentacle goal repair --from files --dry-run", s->dir,
		       SPAN_ARG(span_before(span_of(why->text), ". Try: ")));
}

/* Reads the journal; one is made when there is none and something to begin with. */
static int open_journal(struct goal_store *s, struct err *e)
{
	struct store_report report;
	struct err why = ERR_INIT;
	char workspace[NONCE_LEN + 1] = "0000000000000000";
	bool create = s->flags & GOALS_WRITE &&
		      (s->flags & GOALS_CREATE || there(s, GOAL_FILE) || there(s, TENTACLES_DIR));
	unsigned flags = create ? 0 : STORE_EXISTING;
	int rc = create ? proc_nonce(workspace) : 0;

	if (rc < 0)
		return err_set(e, -SK_EIO, "no random numbers: %s: nothing was done",
			       strerror(-rc));
	workspace[16] = '\0';
	if (!(s->flags & GOALS_WRITE))
		flags = STORE_READ_ONLY;
	else if (s->fd >= 0 && settled_known(s->fd, s->vfs, JOURNAL_FILE))
		flags |= STORE_SETTLED;
	rc = goal_files_claims(s, e);
	if (rc < 0)
		return rc;
	rc = store_open(s->vfs, flags, workspace, s->now_ms, &s->st, &s->store, &report, &why);
	if (rc == -SK_ECORRUPT)
		return damaged(s, &why, e);
	if (rc < 0 && why.code)
		return err_set(e, rc, "%s", why.text);
	if (rc == 0 && report.torn_bytes)
		buf_putf(&s->notices,
			 "%s/" JOURNAL_FILE
			 ": its last record was torn (line %llu, %llu bytes): it "
			 "was put aside as torn-*.jsonl beside it, and what it told did not "
			 "happen\n",
			 s->dir, (unsigned long long)report.torn_line,
			 (unsigned long long)report.torn_bytes);
	if (rc == -ENOENT && !(s->flags & GOALS_WRITE) && there(s, GOAL_FILE))
		return 0; /* a goal.json without a journal: shown as it would be taken over */
	return rc;
}

static void begin_turn(struct goal_store *s)
{
	events_reset(&s->batch);
	buf_truncate(&s->why, 0);
	s->turn = (struct turn){ .st = &s->st, .batch = &s->batch, .fx = &s->fx, .why = &s->why };
	s->turn.now_ms = s->now_ms > s->st.last_at_ms ? s->now_ms : s->st.last_at_ms;
}

static struct goal_store *store_new(unsigned flags, const char *dir, const char *root,
				    int64_t now_ms)
{
	struct goal_store *s = mem_zalloc(sizeof(*s));

	s->fd = -1;
	s->lock = (struct lock)LOCK_INIT;
	s->flags = flags;
	s->now_ms = now_ms;
	s->dir = mem_strdup(dir);
	s->root = mem_strdup(root);
	s->batch = (struct events)EVENTS_INIT;
	s->fx = (struct effects)EFFECTS_INIT;
	state_init(&s->st);
	return s;
}

enum ended { ENDED_NONE, ENDED_STALE, ENDED_NOW };

/* A session that ended while somebody held the store. */
static enum ended ended_look(struct goal_store *s)
{
	CLEANUP(arena_release) struct arena arena = ARENA_INIT;
	const struct goal_words words = { .operator_name = SPAN_LIT("hook"),
					  .reason = SPAN_LIT("session-end") };
	struct breadcrumb c;
	const struct goal *g;

	if (!breadcrumb_pending(s->vfs, &arena, &c))
		return ENDED_NONE;
	g = goals_find(&s->st.goals, c.goal_id);
	if (!g || !goal_session_still_ended(g, c.paused_ms))
		return ENDED_STALE;
	return goal_session_pause(&s->turn, g, ON_SESSION_END, c.session, c.pause_reason, &words) >
			       0
		       ? ENDED_NOW
		       : ENDED_STALE;
}

/* What people changed comes first, in a turn of its own, and who is gone; and a file that a power
 * cut left behind is brought up to date before another version follows. */
int goal_store_begin(struct goal_store *s, struct err *e)
{
	enum ended ended = ENDED_NONE;
	int rc = open_journal(s, e);

	if (rc < 0)
		return rc;
	s->written_seq = s->st.last_seq;
	looked_free(s->looked);
	s->looked = NULL;
	if (s->fd >= 0)
		s->looked = looked_new(s->fd, s->st.workspace, s->st.last_seq,
				       s->flags & GOALS_WRITE ? &s->began : NULL);
	begin_turn(s);
	rc = goal_files_look(s, e);
	if (rc == 0) {
		owners_look(s);
		ended = ended_look(s);
	}
	if (rc == 0 && s->flags & GOALS_WRITE)
		rc = goal_store_commit(s, e);
	/* Only behind the commit; what a kill leaves here is found to be done by the next one. */
	if (rc == 0 && s->flags & GOALS_WRITE && ended == ENDED_NOW)
		(void)breadcrumb_pending_done(s->vfs);
	if (rc == 0 && s->flags & GOALS_WRITE && ended == ENDED_STALE)
		(void)breadcrumb_pending_drop(s->vfs);
	return rc;
}

/* Whether somebody wrote to the journal since it looked so. */
static bool journal_moved(const struct goal_store *s, const struct vfs_stat *before)
{
	struct vfs_stat now = { .bytes = -1 };

	(void)s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &now);
	return now.bytes != before->bytes || now.file_id != before->file_id ||
	       now.changed_ns != before->changed_ns;
}

/*
 * Who only looks takes no lock, so others may commit between its look at the journal and that at
 * the files, which are then ahead of what it knows: nothing is missing, it has to look again.
 * Returns whether it has.
 */
static bool overtaken(const struct goal_store *s, int rc, const struct vfs_stat *before, int tries)
{
	return rc == -SK_ECORRUPT && !(s->flags & GOALS_WRITE) && tries < GOALS_LOOKS_MAX &&
	       journal_moved(s, before);
}

int goal_store_open_on(const struct vfs *vfs, unsigned flags, int64_t now_ms,
		       struct goal_store **out, struct err *e)
{
	struct goal_store *s = store_new(flags, ".octogent", ".", now_ms);
	int rc;

	s->vfs = vfs;
	rc = goal_store_begin(s, e);
	if (rc < 0) {
		goal_store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int goal_store_begin_mending(const struct paths *where, const char *command, int64_t now_ms,
			     struct goal_store **out, struct err *e)
{
	struct goal_store *s = store_new(GOALS_WRITE, where->state_dir, where->root, now_ms);
	int rc = open_folder(s, where, e);

	if (rc == 0)
		rc = take_lock(s, command, e);
	if (rc < 0) {
		goal_store_close(s);
		return rc;
	}
	*out = s;
	return 0;
}

int goal_store_open(const struct paths *where, unsigned flags, const char *command, int64_t now_ms,
		    struct goal_store **out, struct err *e)
{
	for (int tries = 1;; tries++) {
		struct goal_store *s = store_new(flags, where->state_dir, where->root, now_ms);
		struct vfs_stat before = { .bytes = -1 };
		int rc = open_folder(s, where, e);
		bool again;

		if (rc == 0 && flags & GOALS_WRITE)
			rc = take_lock(s, command, e);
		if (rc == 0) {
			(void)s->vfs->stat(s->vfs->ctx, JOURNAL_FILE, &before);
			rc = goal_store_begin(s, e);
		}
		if (rc == 0) {
			*out = s;
			return 0;
		}
		again = overtaken(s, rc, &before, tries);
		goal_store_close(s);
		if (!again)
			return rc;
		err_clear(e);
	}
}

void goal_store_count(struct goal_store *s, struct event_range *out)
{
	s->counted = out;
	if (!out || !s->opening.count)
		return;
	event_range_add(out, s->opening.first, s->opening.last);
	s->opening = (struct event_range){ .count = 0 };
}

void goal_store_close(struct goal_store *s)
{
	if (!s)
		return;
	goal_files_release(s);
	store_close(s->store);
	state_release(&s->st);
	events_release(&s->batch);
	effects_release(&s->fx);
	buf_release(&s->why);
	buf_release(&s->notices);
	if (s->own.ctx)
		vfs_real_close(&s->own);
	lock_release(&s->lock);
	fd_close(&s->fd);
	mem_free(&s->dir);
	mem_free(&s->root);
	mem_free(&s);
}

const struct state *goal_store_state(const struct goal_store *s)
{
	return &s->st;
}

const struct goals *goal_store_goals(const struct goal_store *s)
{
	return &s->st.goals;
}

const struct vfs *goal_store_vfs(const struct goal_store *s)
{
	return s->vfs;
}

const char *goal_store_dir(const struct goal_store *s)
{
	return s->dir;
}

const char *goal_store_root(const struct goal_store *s)
{
	return s->root;
}

struct turn *goal_store_turn(struct goal_store *s)
{
	return &s->turn;
}

int goal_store_refused(struct goal_store *s, int rc, struct err *e)
{
	return err_set(e, rc, "%s", s->why.len ? s->why.p : "refused: nothing was changed");
}

void goal_store_notices(struct goal_store *s, struct buf *out)
{
	if (s->flags & GOALS_WRITE)
		buf_put(out, s->notices.p, s->notices.len);
	buf_truncate(&s->notices, 0);
}

size_t goal_store_problems(const struct goal_store *s, const struct goal_file_problem **out)
{
	*out = s->problems;
	return s->problem_count;
}

static int subject_problem(const struct goal_store *s, bool tentacle, struct span subject,
			   struct err *e)
{
	for (size_t i = 0; i < s->problem_count; i++) {
		const struct goal_file_problem *p = &s->problems[i];

		if (p->gone && span_is(subject, p->subject))
			return err_set(e, -SK_EREFUSED,
				       "%s: nothing was done. Try: sk tentacle goal repair "
				       "--tentacle %s, which makes it again, or sk tentacle delete "
				       "%s --yes",
				       p->text, p->subject, p->subject);
		if (p->tentacle == tentacle && span_is(subject, p->subject))
			return err_set(e, p->stale ? -SK_EBUSY : -SK_EUSAGE,
				       "%s. Try: sk tentacle goal repair%s%s", p->text,
				       tentacle ? " --tentacle " : "", tentacle ? p->subject : "");
	}
	return 0;
}

int goal_store_goal(const struct goal_store *s, const char *id, const struct goal **out,
		    struct err *e)
{
	const struct goals *all = &s->st.goals;
	const struct goal *found = id ? goals_find(all, span_of(id)) : goals_chosen(all);

	if (!found && subject_problem(s, false, SPAN_LIT(""), e) < 0)
		return e ? e->code : -SK_EUSAGE;
	if (!found && id)
		return err_set(e, -SK_ENOTFOUND,
			       "goal \"%s\": there is none of that id in %s: nothing was changed. "
			       "Try: sk tentacle goal list",
			       id, s->dir);
	if (!found)
		return err_set(e, -SK_ENOTFOUND,
			       "there is no goal in %s: nothing was changed. Try: sk tentacle goal "
			       "init --title TEXT",
			       s->dir);
	*out = found;
	return subject_problem(s, false, found->id, e);
}

static struct span nearest_tentacle(const struct goals *all, struct span name)
{
	struct span near = SPAN_NONE;
	unsigned best = 4;

	for (size_t i = 0; i < all->tentacle_count; i++) {
		unsigned distance = word_distance(name, all->tentacles[i].name, best);

		if (distance < best) {
			best = distance;
			near = all->tentacles[i].name;
		}
	}
	return near;
}

/* Reads its files, and records what was found in them. */
static int look_at_tentacle(struct goal_store *s, struct span name, struct err *e)
{
	bool fresh = !s->batch.count;
	struct err problem = ERR_INIT;

	int rc = tentacle_look(s, name, e);

	if (rc < 0 || !(s->flags & GOALS_WRITE) || !fresh)
		return rc;
	if (s->batch.count)
		return goal_store_commit(s, e);
	tentacle_files_write(s, &problem);
	return problem.code ? err_set(e, problem.code, "%s", problem.text) : 0;
}

int goal_store_tentacle(struct goal_store *s, const char *name, const struct tentacle **out,
			struct err *e)
{
	CLEANUP(buf_release) struct buf shown = BUF_INIT;
	const struct tentacle *found;
	struct span near;
	int rc = look_at_tentacle(s, span_of(name), e);

	if (rc < 0)
		return rc;
	found = goals_tentacle(&s->st.goals, span_of(name));
	if (found) {
		*out = found;
		return subject_problem(s, true, found->name, e);
	}
	if (subject_problem(s, true, span_of(name), e) < 0)
		return e ? e->code : -SK_EUSAGE;
	buf_put_quoted(&shown, span_of(name), 80);
	near = nearest_tentacle(&s->st.goals, span_of(name));
	if (near.len)
		return err_set(e, -SK_ENOTFOUND,
			       "tentacle %s: there is none of that name: nothing was changed. Did "
			       "you mean %.*s? Try: sk tentacle list",
			       shown.p, SPAN_ARG(near));
	return err_set(e, -SK_ENOTFOUND,
		       "tentacle %s: there is none of that name: nothing was changed. Try: sk "
		       "tentacle create %s",
		       shown.p, name);
}

int goal_store_commit(struct goal_store *s, struct err *e)
{
	int rc;

	INVARIANT(s->flags & GOALS_WRITE);
	if (s->batch.count) {
		rc = store_commit(s->store, &s->batch, 0, e);
		if (rc < 0)
			return rc;
		event_range_add_batch(s->counted ? s->counted : &s->opening, &s->batch);
	}
	rc = goal_files_write(s, e);
	if (rc == 0 && store_bytes_beyond(s->store, GOALS_SEGMENT_BYTES)) {
		tentacle_files_prune(s);
		rc = store_rotate(s->store, &s->st, s->turn.now_ms, e);
	}
	if (s->looked)
		looked_save(s->looked);
	if (s->fd >= 0 && s->batch.count && store_usable(s->store))
		settled_note(s->fd, s->vfs, JOURNAL_FILE);
	begin_turn(s);
	return rc;
}
