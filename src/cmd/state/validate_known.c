/*
 * A large journal takes a second to read, and beside a live orchestrator nearly all of that second
 * goes into bytes that it has read or written itself. It is the only writer; whether somebody else
 * wrote all the same, the file system tells: the orchestrator looks at its files before and behind
 * each of its own writings, and a difference sticks. What is claimed in each line is what was done,
 * and by whom.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/when.h"
#include "cmd/print.h"
#include "cmd/state/validate.h"
#include "store/known.h"
#include "store/segments.h"
#include "store/snapshot.h"
#include "store/store.h"

static void put_time(char out[32], int64_t ms)
{
	CLEANUP(buf_release) struct buf when = BUF_INIT;

	buf_put_when(&when, ms);
	snprintf(out, 32, "%s UTC", when.p);
}

/* The file is the one that the orchestrator writes to, and nothing is wrong with it as a file. */
static bool check_file(struct validation *v, const struct store_knowledge *k)
{
	struct err e = ERR_INIT;
	struct vfs_stat st;

	if (journal_check_file(v->vfs, JOURNAL_FILE, &st, &e) < 0 || st.file_id != k->file_id ||
	    (uint64_t)st.bytes < k->bytes || st.links > 1)
		return false;
	validation_note(v, CHECK_JOURNAL_FILE,
			"%s, %llu bytes, mode %04o; nobody else has written to it", JOURNAL_FILE,
			(unsigned long long)k->bytes, st.mode & 0777);
	return true;
}

/* What stood in front of the snapshot's place when the orchestrator started behind a rotation. */
static bool read_front(struct validation *v, const struct store_knowledge *k)
{
	struct journal_base base;
	struct journal_end end;
	struct err e = ERR_INIT;

	if (!k->checked_seq)
		return true;
	return journal_base_find(v->vfs, JOURNAL_FILE, NULL, &base, &e) == 0 && base.first_seq &&
	       journal_read(v->vfs, JOURNAL_FILE, base.from, k->checked_bytes, NULL, NULL, &end,
			    &e) == 0 &&
	       end.place.seq == k->checked_seq && !end.torn;
}

static void note_lines(struct validation *v, const struct store_knowledge *k)
{
	unsigned long long first = k->first_seq, last = k->last_seq, fold = k->folded_seq + 1;
	char when[32];

	put_time(when, k->opened_ms);
	validation_note(v, CHECK_JOURNAL_LINES,
			"%llu records, read at %s or written since by the orchestrator; --full "
			"reads them again",
			last - first + 1, when);
	validation_note(v, CHECK_JOURNAL_SEQUENCE, "seq %llu..%llu, likewise", first, last);
	fold = fold < first ? first : fold;
	validation_note(v, CHECK_JOURNAL_TIMES,
			"no time goes back behind seq %llu, where the orchestrator began to write; "
			"--full compares all",
			(unsigned long long)k->opened_seq);
	validation_note(v, CHECK_TRANSITIONS,
			"from seq %llu on every record may follow those before it, as the "
			"orchestrator found; --full looks at all",
			fold);
}

static bool check_snapshot(struct validation *v)
{
	const struct known_file *known = known_files_find(v->files, v->vfs, SNAPSHOT_FILE);
	char when[32];

	if (!known)
		return false;
	put_time(when, known->at_ms);
	validation_note(v, CHECK_SNAPSHOT,
			"%s, as the orchestrator wrote it at %s; --full compares it with the "
			"journal",
			SNAPSHOT_FILE, when);
	return true;
}

bool validate_known(struct validation *v, const struct state *st, struct store *store)
{
	struct store_knowledge k;

	store_know(store, &k);
	v->files = store_known(store);
	v->journal_bytes = k.bytes;
	if (!k.untouched || !check_file(v, &k) || !check_snapshot(v) || !read_front(v, &k) ||
	    !validate_closed(v, k.first_seq))
		return false;
	note_lines(v, &k);
	v->st = *st;
	v->lent = v->known = true;
	return true;
}
