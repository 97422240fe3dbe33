/* What a restore costs is counted from the files, never worked out from numbers that somebody else
 * wrote down. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "store/restore_impl.h"

/* Records of closed files that lie beyond what is kept. */
static void count_closed(struct planning *g, uint64_t kept, struct journal_rest *rest)
{
	CLEANUP(segments_release) struct segments closed = SEGMENTS_INIT;

	segments_list(g->vfs, kept + 1, &closed);
	for (size_t i = 0; i < closed.count; i++) {
		uint64_t first = closed.v[i].first > kept ? closed.v[i].first : kept + 1;

		if (rest->records == 0 || first < rest->first_seq)
			rest->first_seq = first;
		if (closed.v[i].last > rest->last_seq)
			rest->last_seq = closed.v[i].last;
		rest->records += closed.v[i].last - first + 1;
	}
}

static int count_loss(struct planning *g)
{
	struct restore_loss *loss = &g->p->loss;
	struct journal_place from = g->now.base.from;
	uint64_t kept = g->p->branch ? from.seq : g->p->st.last_seq, known;
	/* An unfinished last turn was promised to nobody. */
	uint64_t limit = g->now.end.torn ? g->now.end.place.offset : JOURNAL_NO_LIMIT;
	int rc = 0;

	if (g->now.end.place.seq <= kept)
		from = g->now.end.place;
	if (g->now.file.type == S_IFREG && g->now.file.bytes > 0)
		rc = journal_count_rest(g->vfs, JOURNAL_FILE, from, limit, kept, &loss->rest, g->e);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (g->p->swaps)
		count_closed(g, kept, &loss->rest);
	known = loss->rest.records && loss->rest.last_seq > kept ? loss->rest.last_seq : kept;
	if (g->p->snapshot == SNAPSHOT_GOOD && !g->p->snapshot_bad && g->p->snapshot_seq > known)
		loss->missing = g->p->snapshot_seq - known;
	g->p->loses = loss->rest.records || loss->missing ||
		      (g->p->damaged && g->now.there && loss->rest.unreadable &&
		       kept == g->now.end.place.seq);
	return 0;
}

/* The front of the present journal goes to the archive when the file itself is given up. */
static void keep_history(struct planning *g)
{
	struct restore_plan *p = g->p;

	if (p->history)
		return;
	if (!g->now.there) {
		p->loss.gap_first = 1;
		p->loss.gap_last = p->st.last_seq;
		return;
	}
	if (p->branch) { /* the present journal tells another story, and is kept as it is */
		p->loss.gap_first = g->now.base.from.seq + 1;
		p->loss.gap_last = p->st.last_seq;
		return;
	}
	p->history = g->vfs;
	snprintf(p->history_path, sizeof(p->history_path), "%s", JOURNAL_FILE);
	p->history_first = g->now.base.first_seq;
	p->history_last = g->now.end.place.seq;
	p->history_bytes = g->now.end.place.offset;
	if (p->history_last < p->st.last_seq) {
		p->loss.gap_first = p->history_last + 1;
		p->loss.gap_last = p->st.last_seq;
	}
}

int restore_conclude(struct planning *g)
{
	struct restore_plan *p = g->p;
	bool own = g->request->source == RESTORE_BACKUP || g->request->live;
	bool whole = g->now.there && !p->damaged && p->st.last_seq == g->now.end.place.seq;
	int rc;

	p->swaps = !(whole && (own || g->request->source == RESTORE_TRAVEL));
	p->nothing = !p->swaps && g->request->source == RESTORE_TRAVEL;
	p->segment = (g->now.there ? g->now.base.segment : p->place.segment) + 1;
	if (p->segment <= p->place.segment)
		p->segment = p->place.segment + 1;
	if (p->swaps)
		keep_history(g);
	else
		p->history = NULL;
	rc = count_loss(g);
	if (rc == 0 && p->snapshot == SNAPSHOT_GOOD && !p->snapshot_bad &&
	    p->snapshot_seq > p->st.last_seq && !p->branch && g->request->source != RESTORE_TRAVEL)
		p->snapshot_bad = p->snapshot_seq > g->now.end.place.seq;
	return rc;
}
