/*
 * handoff.md belongs to agents and people, who append to it at any time, so it is appended to and
 * never rewritten: what somebody adds in the same moment stays. The state knows its length and
 * digest and holds the newest section of ours; with these every difference has one reading:
 *
 *  1. What we knew, and more behind it: somebody appended.
 *  2. What was before our newest section, and nothing or a part of that section behind it: a crash
 *     came between the record and the file, or in the middle of writing, which may also leave
 *     zeros. The rest is appended.
 *  3. What was before our newest section, other words behind it, and ours is not among them:
 *     somebody appended after such a crash. Both stay.
 *  4. Anything else is an edit: taken in as it is.
 */
#include <errno.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/limits.h"
#include "core/handoff.h"
#include "core/tentacle_handoff.h"
#include "work/goal_store_impl.h"
#include "work/park.h"
#include "work/tentacle_dir.h"

static bool has_digest(struct span text, struct span digest)
{
	CLEANUP(buf_release) struct buf hex = BUF_INIT;

	buf_put_hex64(&hex, hash64(text.p, text.len, 0));
	return span_eq((struct span){ hex.p, hex.len }, digest);
}

static struct span head_of(struct span text, size_t len)
{
	return (struct span){ text.p, len };
}

static struct span tail_of(struct span text, size_t from)
{
	return (struct span){ text.p + from, text.len - from };
}

/* Whether the file is what we know. */
static bool known(const struct tentacle *t, struct span text)
{
	return text.len == t->handoff_bytes && (!text.len || has_digest(text, t->handoff_digest));
}

/* Whether it begins with all that was before our newest section; *behind is what follows. */
static bool known_before(const struct tentacle *t, struct span text, struct span *behind)
{
	size_t base = t->handoff_bytes - t->handoff_last.len;

	if (!t->handoff_last.len || text.len < base)
		return false;
	if (!has_digest(head_of(text, base), t->handoff_was))
		return false;
	*behind = tail_of(text, base);
	return true;
}

/* What makes the file whole again where reading 2 fits: it is cut to `keep` bytes, and `more` is
 * appended. */
struct gap {
	size_t keep;
	struct span more;
};

static bool find_gap(const struct tentacle *t, struct span text, struct gap *out)
{
	struct span behind, last = t->handoff_last;
	size_t same = 0;

	if (known(t, text) || !known_before(t, text, &behind) || behind.len > last.len)
		return false;
	while (same < behind.len && behind.p[same] == last.p[same])
		same++;
	for (size_t i = same; i < behind.len; i++)
		if (behind.p[i] && behind.p[i] != last.p[i])
			return false; /* somebody's words; zeros are what a power cut leaves */
	*out = (struct gap){ text.len - behind.len + same, tail_of(last, same) };
	return true;
}

/* The first line of our newest section that is not empty: whoever edited the section left it. */
static struct span first_line(struct span section)
{
	size_t at = 0;

	while (at < section.len && (section.p[at] != '#' || section.p[at + 1] != '#'))
		at++;
	section = tail_of(section, at);
	for (at = 0; at < section.len && section.p[at] != '\n'; at++)
		;
	return head_of(section, at);
}

/* Whoever wrote it believes to have handed the work off. */
static void note_odd_status(struct goal_store *s, const struct tentacle *t, struct span text)
{
	struct span odd = handoff_odd_status(text);

	if (!odd.len)
		return;
	tentacle_path(t->name, HANDOFF_FILE, &s->notices);
	buf_puts(&s->notices, ": ");
	buf_put_quoted(&s->notices, odd, 80);
	buf_puts(&s->notices, " is no status, so it tells none. Try: STATUS: with one of");
	for (unsigned i = HANDOFF_NONE + 1; i < HANDOFF_STATE_COUNT; i++)
		buf_putf(&s->notices, "%s %s", i > HANDOFF_NONE + 1 ? "," : "", handoff_words[i]);
	buf_puts(&s->notices, "\n");
}

static void adopt(struct goal_store *s, const struct tentacle *t, enum handoff_change change,
		  struct span text, struct span fresh, struct span ours)
{
	struct park_judgement judged;
	struct handoff_facts facts;
	bool stopped = false;

	note_odd_status(s, t, change == HANDOFF_EDITED ? text : fresh);
	handoff_read(fresh, goal_arena(&s->turn), &facts);
	if (facts.status == HANDOFF_BLOCKED)
		stopped = park_judge(t, facts.section, facts.quota_reason, facts.retry_hint,
				     s->turn.now_ms, &judged);
	tentacle_adopt_handoff(&s->turn, t->name, change, text, fresh, ours,
			       stopped ? &judged.park : NULL);
}

static void take_in(struct goal_store *s, const struct tentacle *t, struct span text)
{
	struct span last = t->handoff_last, behind;

	if (text.len > t->handoff_bytes &&
	    (!t->handoff_bytes || has_digest(head_of(text, t->handoff_bytes), t->handoff_digest))) {
		adopt(s, t, HANDOFF_APPENDED, text, tail_of(text, t->handoff_bytes), SPAN_NONE);
		return;
	}
	if (!known_before(t, text, &behind)) {
		adopt(s, t, HANDOFF_EDITED, text, SPAN_NONE, SPAN_NONE);
		return;
	}
	if (span_contains(behind, last))
		adopt(s, t, HANDOFF_APPENDED, text, behind, SPAN_NONE);
	else if (span_contains(behind, first_line(last)) || text.len + last.len > HANDOFF_BYTES_MAX)
		adopt(s, t, HANDOFF_EDITED, text, SPAN_NONE, SPAN_NONE);
	else
		adopt(s, t, HANDOFF_APPENDED, text, behind, last);
}

static int append(const struct vfs *vfs, const char *path, size_t len, const struct gap *gap)
{
	int handle = vfs->open_append(vfs->ctx, path, true), rc = 0;

	if (handle < 0)
		return handle;
	if (gap->keep < len && vfs->size(vfs->ctx, handle) == (int64_t)len)
		rc = vfs->truncate(vfs->ctx, handle, gap->keep);
	if (rc == 0)
		rc = vfs->append(vfs->ctx, handle, gap->more.p, gap->more.len);
	if (rc == 0)
		rc = vfs->sync(vfs->ctx, handle);
	vfs->close(vfs->ctx, handle);
	return rc;
}

/* Makes the file's name durable, and that of each folder on the way: older sections are nowhere
 * else. A kill may have kept an earlier command from doing so, so every one does. */
static int settle_name(const struct vfs *vfs, struct span name)
{
	CLEANUP(buf_release) struct buf folder = BUF_INIT;
	int rc;

	buf_putf(&folder, TENTACLES_DIR "/%.*s", SPAN_ARG(name));
	rc = vfs->sync_dir(vfs->ctx, folder.p);
	if (rc == 0)
		rc = vfs->sync_dir(vfs->ctx, TENTACLES_DIR);
	return rc == 0 ? vfs->sync_dir(vfs->ctx, ".") : rc;
}

bool handoff_file_write(struct goal_store *s, const struct tentacle *t, struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct seen_file *seen;
	struct gap gap;
	int rc;

	tentacle_path(t->name, HANDOFF_FILE, &path);
	seen = seen_add(s, path.p);
	if (problem_about(s, path.p))
		return false;
	if (!find_gap(t, (struct span){ seen->file.text.p, seen->file.text.len }, &gap))
		return true;
	rc = append(s->vfs, path.p, seen->file.text.len, &gap);
	if (rc == 0)
		rc = settle_name(s->vfs, t->name);
	if (rc < 0) {
		err_set(e, -SK_EIO,
			"cannot append to %s: %s; the hand-off is recorded, and the next command "
			"writes it",
			path.p, strerror(-rc));
		return false;
	}
	if (gap.keep < seen->file.text.len)
		buf_truncate(&seen->file.text, gap.keep);
	buf_put(&seen->file.text, gap.more.p, gap.more.len);
	seen->file.found = DOC_FILE_OURS;
	return false;
}

void handoff_file_look(struct goal_store *s, const struct tentacle *t)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	struct err problem = ERR_INIT;
	struct seen_file *seen;
	struct span text;
	struct gap gap;

	tentacle_path(t->name, HANDOFF_FILE, &path);
	seen = seen_add(s, path.p);
	if (doc_file_read(s->vfs, path.p, HANDOFF_BYTES_MAX, &seen->file, &problem) < 0) {
		problem_note(s, path.p, t->name, true, false, problem.text);
		return;
	}
	text = (struct span){ seen->file.text.p, seen->file.text.len };
	if (known(t, text))
		return;
	if (find_gap(t, text, &gap)) {
		if (s->flags & GOALS_WRITE) /* it is recorded: the file may follow at once */
			handoff_file_write(s, t, &problem);
		return;
	}
	if (!text_plain(text)) {
		snprintf(problem.text, sizeof(problem.text), "%s: is not UTF-8 text", path.p);
		problem_note(s, path.p, t->name, true, false, problem.text);
		return;
	}
	take_in(s, t, text);
}

int tentacle_handoff_text(const struct goal_store *s, const struct tentacle *t, struct buf *out,
			  struct err *e)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	const struct seen_file *seen;
	struct gap gap;

	tentacle_path(t->name, HANDOFF_FILE, &path);
	seen = seen_find(s, path.p);
	if (!seen)
		return 0;
	if (find_gap(t, (struct span){ seen->file.text.p, seen->file.text.len }, &gap))
		return err_set(e, -SK_EIO,
			       "%s: the newest recorded section cannot be appended: nothing was "
			       "recorded. Try: make room, and the same again",
			       path.p);
	buf_put(out, seen->file.text.p, seen->file.text.len);
	return 0;
}
