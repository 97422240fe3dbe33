/*
 * What can be had, in this order of trust: the journal from its beginning; behind damage, a
 * snapshot that the journal passes through, and what follows it there; a snapshot alone. Whatever
 * is chosen, what is lost by it is counted from the files, never guessed.
 */
#include "store/restore_impl.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

void restore_plan_release(struct restore_plan *p)
{
	state_release(&p->st);
	*p = (struct restore_plan){ .nothing = true };
	state_init(&p->st);
}

static void state_empty(struct state *st)
{
	state_release(st);
	state_init(st);
}

static void say_damage(struct planning *g, const char *text)
{
	g->p->damaged = true;
	snprintf(g->p->damage, sizeof(g->p->damage), "%s", text);
}

/* The fold of this very journal will come to its end: then it need not be read twice. */
static bool reads_to_end(const struct restore_request *r)
{
	return r->source == RESTORE_TRANSITIONS && r->live && r->goal.seq == UINT64_MAX &&
	       r->goal.at_ms == INT64_MAX;
}

/* What the journal is, without folding it. Damage is told in the plan, not an error. */
static int look_at_journal(struct planning *g)
{
	struct err why = ERR_INIT;
	int rc = g->vfs->stat(g->vfs->ctx, JOURNAL_FILE, &g->now.file);

	if (rc == -ENOENT || (rc == 0 && g->now.file.type == S_IFREG && g->now.file.bytes == 0)) {
		say_damage(g, "journal 'transitions.jsonl': is missing or empty");
		return 0;
	}
	if (rc == 0 && g->now.file.type != S_IFREG) {
		say_damage(g, "journal 'transitions.jsonl': is no regular file");
		return 0;
	}
	if (rc == 0)
		rc = journal_base_find(g->vfs, JOURNAL_FILE, NULL, &g->now.base, &why);
	if (rc == -SK_ECORRUPT) {
		say_damage(g, why.text);
		return 0;
	}
	if (rc == 0)
		snprintf(g->workspace, sizeof(g->workspace), "%s", g->now.base.workspace);
	if (rc == 0 && reads_to_end(g->request))
		return 0;
	if (rc == 0)
		rc = journal_salvage(g->vfs, JOURNAL_FILE, g->now.base.from, NULL, NULL,
				     &g->now.end, &why);
	if (rc < 0)
		return err_set(g->e, -SK_EIO, "journal '%s': cannot be read: %s: nothing was done",
			       JOURNAL_FILE, why.text[0] ? why.text : strerror(-rc));
	g->now.there = g->now.end.place.offset > 0;
	g->now.damaged = rc > 0;
	if (rc > 0)
		say_damage(g, why.text);
	else if (!g->now.there)
		say_damage(g, "journal 'transitions.jsonl': does not hold one whole turn");
	return 0;
}

/* Whether the journal, live or closed, has that record with that checksum. 1, 0, or -1 when the
 * file that would tell is not kept. */
static int in_chain(struct planning *g, const struct snapshot_place *place, uint64_t seq)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;
	char path[SEGMENT_PATH_BYTES] = JOURNAL_FILE;
	uint64_t sum;

	if (g->now.there && seq == g->now.base.from.seq)
		return place->sum == g->now.base.from.sum;
	if (!g->now.there || seq < g->now.base.first_seq) {
		segments_list(g->vfs, seq, &closed);
		if (!closed.count || closed.v[0].first > seq)
			return -1;
		segment_path_encode(closed.v[0].first, closed.v[0].last, path);
	}
	return journal_sum_at(g->vfs, path, place->offset, &sum) && sum == place->sum;
}

static void look_at_snapshot(struct planning *g)
{
	struct snapshot_head head = { .last_seq = 0 };
	struct snapshot_place place;
	char why[200];
	int rc = snapshot_glance(g->vfs, SNAPSHOT_FILE, &head, why);

	place = (struct snapshot_place){ head.segment, head.offset, head.sum };
	g->p->snapshot = rc < 0 ? SNAPSHOT_UNREADABLE : (enum snapshot_found)rc;
	g->p->snapshot_seq = head.last_seq;
	g->p->snapshot_bad = g->p->snapshot == SNAPSHOT_UNREADABLE;
	if (g->p->snapshot == SNAPSHOT_GOOD && g->workspace[0])
		g->p->snapshot_bad = strcmp(head.workspace, g->workspace) != 0 ||
				     (head.last_seq <= g->now.end.place.seq &&
				      in_chain(g, &place, head.last_seq) == 0);
	else if (g->p->snapshot == SNAPSHOT_GOOD)
		memcpy(g->workspace, head.workspace, sizeof(g->workspace));
}

/* --- from a backup ----------------------------------------------------------------------- */

/* A snapshot document that may be the base. */
struct candidate {
	char path[SEGMENT_PATH_BYTES];
	struct snapshot_place place;
	bool anchored; /* the present journal passes through it */
};

static void backup_path(int64_t ms, char out[SEGMENT_PATH_BYTES])
{
	char name[BACKUP_NAME_BYTES];

	backup_name_encode(ms, name);
	snprintf(out, SEGMENT_PATH_BYTES, "%s/%s", BACKUP_DIR, name);
}

/* "; the next older one is ... Try: ...", when there is a readable one of this place. */
static void put_next_older(struct planning *g, const char *than, struct buf *out)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	char path[SEGMENT_PATH_BYTES], why[200];
	struct snapshot_place place;
	bool older = strncmp(than, BACKUP_DIR "/", sizeof(BACKUP_DIR)) != 0;
	struct state st;

	if (backups_list(g->vfs, &all) < 0)
		return;
	for (size_t i = all.count; i-- > 0;) {
		int rc;

		backup_path(all.v[i], path);
		if (strcmp(path, than) == 0)
			older = true;
		else if (!older)
			continue;
		state_init(&st);
		rc = strcmp(path, than) == 0 ? 0 : snapshot_read(g->vfs, path, &st, &place, why);
		if (rc == SNAPSHOT_GOOD &&
		    (!g->workspace[0] || span_is(st.workspace, g->workspace))) {
			buf_putf(out,
				 "; the next older one is at seq %llu. Try: sk state restore "
				 "--from-backup %s",
				 (unsigned long long)st.last_seq, path + sizeof(BACKUP_DIR));
			state_release(&st);
			return;
		}
		state_release(&st);
	}
	buf_puts(out, "; there is no older one. Try: sk state restore --from-transitions FILE");
}

static int unusable(struct planning *g, const char *path, int code, const char *why)
{
	CLEANUP(buf_release) struct buf next = BUF_INIT;

	put_next_older(g, path, &next);
	return err_set(g->e, code, "backup '%s': %s: nothing was done%s", path, why,
		       next.p ? next.p : "");
}

/* Made before the journal was begun anew, and ahead of where that began: a restore gave up what it
 * tells. */
static bool of_dropped_future(const struct planning *g, const struct candidate *c)
{
	return g->now.there && c->place.segment < g->now.base.segment &&
	       g->p->st.last_seq > g->now.base.from.seq;
}

/* Reads the document into the plan's state. Returns 0 or a refusal. */
static int take_candidate(struct planning *g, struct candidate *c)
{
	char why[200];
	int rc = snapshot_read(g->vfs, c->path, &g->p->st, &c->place, why);
	uint64_t sum;

	if (rc == SNAPSHOT_NONE)
		return err_set(g->e, -SK_ENOTFOUND,
			       "backup '%s': does not exist: nothing was done. Try: sk state "
			       "backups",
			       c->path);
	if (rc < 0)
		return unusable(g, c->path, -SK_EIO, strerror(-rc));
	if (rc != SNAPSHOT_GOOD)
		return unusable(g, c->path, -SK_ECORRUPT, why);
	if (g->workspace[0] && !span_is(g->p->st.workspace, g->workspace))
		return unusable(g, c->path, -SK_EREFUSED, "belongs to another workspace");
	c->anchored = g->now.there && c->place.segment == g->now.base.segment &&
		      journal_sum_at(g->vfs, JOURNAL_FILE, c->place.offset, &sum) &&
		      sum == c->place.sum;
	g->p->branch = of_dropped_future(g, c);
	if (!c->anchored && !g->p->branch && in_chain(g, &c->place, g->p->st.last_seq) == 0 &&
	    g->p->st.last_seq <= g->now.end.place.seq)
		return unusable(g, c->path, -SK_EREFUSED, "belongs to another history");
	return 0;
}

/* An unreadable one is a refusal that names the next: nothing is chosen silently. */
static int newest_backup(struct planning *g, const struct backups *all, struct candidate *c)
{
	for (size_t i = all->count; i-- > 0;) {
		int rc;

		backup_path(all->v[i], c->path);
		rc = take_candidate(g, c);
		if (rc < 0 || !g->p->branch)
			return rc;
		state_empty(&g->p->st);
	}
	*c = (struct candidate){ .path = "" };
	g->p->branch = false;
	return 0;
}

/* current.json where it knows more than the journal, else the newest backup. */
static int choose_candidate(struct planning *g, struct candidate *c)
{
	CLEANUP(backups_release) struct backups all = { NULL, 0, 0 };
	int rc = backups_list(g->vfs, &all);

	if (rc < 0)
		return err_set(g->e, -SK_EIO, "backups in '%s': %s: nothing was done", BACKUP_DIR,
			       strerror(-rc));
	if (g->request->backup) {
		snprintf(c->path, sizeof(c->path), "%s", g->request->backup);
	} else if (g->p->snapshot == SNAPSHOT_GOOD && !g->p->snapshot_bad &&
		   (g->p->damaged || g->p->snapshot_seq > g->now.end.place.seq || !all.count)) {
		snprintf(c->path, sizeof(c->path), "%s", SNAPSHOT_FILE);
	} else {
		return newest_backup(g, &all, c);
	}
	return take_candidate(g, c);
}

static void take_point(struct planning *g, const struct travel_point *pt)
{
	g->p->place = (struct snapshot_place){ pt->segment, pt->place.offset, pt->place.sum };
}

/* The fold of the present journal from its first record, as far as it is good. */
static int take_prefix(struct planning *g)
{
	struct err why = ERR_INIT;
	struct travel_point pt;
	int rc;

	state_empty(&g->p->st);
	rc = travel_file(g->vfs, JOURNAL_FILE, TRAVEL_END, true, &g->p->st, &pt, &why);
	if (rc < 0)
		return err_set(g->e, rc, "%s", why.text);
	if (rc > 0)
		say_damage(g, why.text);
	g->now.damaged = g->now.damaged || rc > 0;
	g->now.end.place = pt.place;
	take_point(g, &pt);
	return 0;
}

/* Behind the candidate, what the journal goes on to tell. */
static int take_tail(struct planning *g, const struct candidate *c)
{
	struct journal_place from = { c->place.offset, g->p->st.last_seq, c->place.sum };
	struct err why = ERR_INIT;
	struct travel_point pt;
	int rc = travel_on(g->vfs, JOURNAL_FILE, from, &g->p->st, &pt, &why);

	if (rc < 0)
		return err_set(g->e, rc, "%s", why.text);
	if (rc > 0)
		say_damage(g, why.text);
	take_point(g, &pt);
	return 0;
}

static int plan_backup(struct planning *g)
{
	struct candidate c = { .anchored = false };
	int rc = choose_candidate(g, &c);

	if (rc < 0)
		return rc;
	if (!c.path[0] && !g->now.there)
		return err_set(g->e, -SK_ENOTFOUND,
			       "backups: there is none, and no journal either: nothing was done. "
			       "Try: sk state restore --from-transitions FILE");
	snprintf(g->p->source, sizeof(g->p->source), "%s", c.path[0] ? c.path : JOURNAL_FILE);
	g->p->source_seq = c.path[0] ? g->p->st.last_seq : g->now.base.from.seq;
	g->p->place = c.place;
	if (c.anchored)
		return take_tail(g, &c);
	if (g->now.there && !g->p->branch && g->p->source_seq <= g->now.end.place.seq)
		return take_prefix(g);
	return 0; /* the document is all there is */
}

/* --- from a journal, and back in time ---------------------------------------------------- */

/* Whether the other file and the present journal tell the same story as far as both go. What cannot
 * be compared, because one of them was rotated, counts as another: then it is asked for. */
static bool same_story(const struct planning *g, const struct travel_point *pt)
{
	const struct restore_request *r = g->request;
	const struct journal_place *end = &g->now.end.place;
	uint64_t sum;

	if (pt->place.seq >= end->seq)
		return journal_sum_at(r->files, r->file, end->offset, &sum) && sum == end->sum;
	return journal_sum_at(g->vfs, JOURNAL_FILE, pt->place.offset, &sum) && sum == pt->place.sum;
}

static int plan_transitions(struct planning *g)
{
	const struct restore_request *r = g->request;
	struct err why = ERR_INIT;
	struct travel_point pt;
	int rc = travel_file(r->files, r->file, r->goal, true, &g->p->st, &pt, &why);

	if (rc == -ENOENT)
		return err_set(g->e, -SK_ENOTFOUND,
			       "journal '%s': does not exist: nothing was done", r->shown);
	if (rc < 0)
		return err_set(g->e, rc, "%s", why.text);
	if (pt.place.seq == 0)
		return err_set(g->e, -SK_ECORRUPT,
			       "journal '%s': does not hold one whole turn: nothing was done",
			       r->shown);
	if (g->workspace[0] && !span_is(g->p->st.workspace, g->workspace))
		return err_set(g->e, -SK_EREFUSED,
			       "journal '%s': belongs to workspace %.*s, this is %s: nothing was "
			       "done",
			       r->shown, SPAN_ARG(g->p->st.workspace), g->workspace);
	g->p->branch = !r->live && g->now.there && !same_story(g, &pt);
	if (reads_to_end(r)) {
		g->now.there = true;
		g->now.end.place = pt.place;
		g->now.end.torn = pt.torn;
		g->now.damaged = rc > 0;
	}
	if (rc > 0 && r->live)
		say_damage(g, why.text);
	else if (rc > 0)
		snprintf(g->p->source_damage, sizeof(g->p->source_damage), "%s", why.text);
	snprintf(g->p->source, sizeof(g->p->source), "%.90s", r->shown);
	g->p->source_seq = pt.base.seq;
	take_point(g, &pt);
	g->p->history = r->files;
	snprintf(g->p->history_path, sizeof(g->p->history_path), "%s", r->file);
	g->p->history_first = pt.base.seq + 1;
	g->p->history_last = pt.place.seq;
	g->p->history_bytes = pt.place.offset;
	return 0;
}

static int plan_travel(struct planning *g)
{
	struct travel_point pt;
	int rc = travel_to(g->vfs, g->request->goal, &g->p->st, &pt, g->e);

	if (rc == -ENOENT)
		return err_set(g->e, -SK_ENOTFOUND,
			       "journal '%s': is missing or empty: nothing was done. Try: sk state "
			       "restore --from-backup latest --dry-run",
			       JOURNAL_FILE);
	if (rc < 0)
		return rc;
	snprintf(g->p->source, sizeof(g->p->source), "%s", pt.path);
	g->p->source_seq = pt.base.seq;
	take_point(g, &pt);
	g->p->history = g->vfs;
	snprintf(g->p->history_path, sizeof(g->p->history_path), "%s", pt.path);
	g->p->history_first = pt.base.seq + 1;
	g->p->history_last = pt.place.seq;
	g->p->history_bytes = pt.place.offset;
	return 0;
}

int restore_plan_make(const struct vfs *vfs, const struct restore_request *request,
		      struct restore_plan *out, struct err *e)
{
	struct planning g = { .vfs = vfs, .request = request, .p = out, .e = e };
	int rc;

	*out = (struct restore_plan){ .nothing = false };
	state_init(&out->st);
	rc = look_at_journal(&g);
	if (rc == 0 && !reads_to_end(request))
		look_at_snapshot(&g);
	if (rc == 0)
		rc = request->source == RESTORE_BACKUP        ? plan_backup(&g)
		     : request->source == RESTORE_TRANSITIONS ? plan_transitions(&g)
							      : plan_travel(&g);
	if (rc == 0 && reads_to_end(request))
		look_at_snapshot(&g); /* by now it is known how far the journal goes */
	if (rc == 0)
		rc = restore_conclude(&g);
	if (rc < 0)
		restore_plan_release(out);
	return rc;
}
