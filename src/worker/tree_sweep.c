/*
 * Without cgroups the kernel still tells one thing for sure: whoever loses its parent becomes a
 * child of the nearest subreaper, which is the worker. So everything a finished task left behind
 * hangs below the worker's own children, and a child that is no main process is a leftover of some
 * task. One read of the children file finds that out for the common case of none.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/fd.h"
#include "os/proc.h"
#include "os/proc_sweep.h"
#include "worker/tree_impl.h"

#define CHILDREN_BYTES 8192
#define POLL_MS 2
#define DECIDE_AFTER_US \
	20000 /* a stranger is looked at twice, this far apart, before it is judged */

static bool is_main(const struct tree *t, uint64_t pid)
{
	for (unsigned i = 0; i < t->slot_count; i++)
		if (t->slots[i].busy && !t->slots[i].main_gone && t->slots[i].main == pid)
			return true;
	return false;
}

bool tree_only_mains(struct tree *t)
{
	off_t offset = 0;
	uint64_t pid = 0;
	ssize_t n;

	if (t->children_fd < 0)
		return false;
	buf_reserve(&t->children, CHILDREN_BYTES);
	while ((n = pread(t->children_fd, t->children.p, CHILDREN_BYTES, offset)) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			char c = t->children.p[i];

			if (c >= '0' && c <= '9') {
				pid = pid * 10 + (uint64_t)(c - '0');
				continue;
			}
			if (pid && !is_main(t, pid))
				return false;
			pid = 0;
		}
		offset += n;
	}
	return n == 0;
}

/* The entry of a stranger, made when it is new. Valid until the next call. */
static const struct tree_unknown *remember(struct tree *t, const struct proc_row *row)
{
	for (size_t i = 0; i < t->unknown_count; i++)
		if (t->unknown[i].pid == row->pid && t->unknown[i].start == row->start)
			return &t->unknown[i];
	mem_grow(&t->unknown, &t->unknown_capacity, t->unknown_count + 1, sizeof(*t->unknown));
	t->unknown[t->unknown_count] = (struct tree_unknown){ row->pid, row->start, t->ordinal,
							      clock_mono_us(&clock_real), false };
	return &t->unknown[t->unknown_count++];
}

static void forget_gone(struct tree *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->unknown_count; i++) {
		struct proc_row row;

		if (proc_row_read(t->unknown[i].pid, &row) == 0 && row.start == t->unknown[i].start)
			t->unknown[kept++] = t->unknown[i];
	}
	t->unknown_count = kept;
}

enum belonging { BELONGS_NOT, BELONGS_HERE, BELONGS_UNDECIDED };

/* What a process without tag and session belongs to. */
static enum belonging judge_stranger(struct tree *t, unsigned slot, const struct proc_row *row)
{
	const struct tree_unknown *u = remember(t, row);

	if (u->abandoned)
		return BELONGS_NOT;
	if (clock_mono_us(&clock_real) - u->first_us < DECIDE_AFTER_US)
		return BELONGS_UNDECIDED;
	for (unsigned i = 0; i < t->slot_count; i++)
		if (i != slot && t->slots[i].busy && t->slots[i].ordinal <= u->ordinal)
			return BELONGS_NOT; /* it may be that one's; the last of them takes it along
					     */
	return BELONGS_HERE;
}

/*
 * Whether a child of the worker that is no main process belongs to the slot. Its environment is
 * read once: while it executes a program or exits it shows none, and may show one a moment later.
 */
static enum belonging judge(struct tree *t, unsigned slot, const struct proc_row *row)
{
	CLEANUP(buf_release) struct buf value = BUF_INIT;
	bool tagged = proc_env_read(row->pid, TREE_TAG_NAME, &value) == 1;

	if (tagged && proc_word_starts(&value, t->slots[slot].tag))
		return BELONGS_HERE;
	for (unsigned i = 0; i < t->slot_count; i++) {
		const struct tree_slot *s = &t->slots[i];

		if (s->busy && s->main == row->session)
			return i == slot ? BELONGS_HERE : BELONGS_NOT;
		if (i != slot && s->busy && tagged && proc_word_starts(&value, s->tag))
			return BELONGS_NOT;
	}
	return judge_stranger(t, slot, row);
}

unsigned tree_collect(struct tree *t, unsigned slot)
{
	const struct tree_slot *s = &t->slots[slot];
	unsigned count = 0;

	t->undecided = 0;
	if (proc_table_read(&t->table) < 0)
		return s->main_gone ? 0 : 1;
	forget_gone(t);
	for (size_t i = 0; i < t->table.count; i++) {
		struct proc_row *row = &t->table.v[i];
		enum belonging b;

		if (row->parent != t->self)
			continue;
		if (is_main(t, row->pid))
			b = row->pid == s->main ? BELONGS_HERE : BELONGS_NOT;
		else if (row->state == 'Z')
			b = BELONGS_UNDECIDED; /* what it forked may be younger than our list; look
						  again once it is reaped */
		else
			b = judge(t, slot, row);
		row->marked = b == BELONGS_HERE;
		t->undecided += b == BELONGS_UNDECIDED;
	}
	proc_table_mark_descendants(&t->table);
	for (size_t i = 0; i < t->table.count; i++) {
		struct proc_row *row = &t->table.v[i];

		if (row->state == 'Z' || row->state == 'X' || row->pid == t->self)
			row->marked = false;
		count += row->marked;
	}
	return count +
	       t->undecided; /* those are not touched yet, but the slot is not over either */
}

void tree_abandon(struct tree *t, unsigned slot)
{
	tree_collect(t, slot);
	for (size_t i = 0; i < t->table.count; i++)
		if (t->table.v[i].marked) {
			remember(t, &t->table.v[i]);
			for (size_t k = 0; k < t->unknown_count; k++)
				t->unknown[k].abandoned |= t->unknown[k].pid == t->table.v[i].pid;
		}
}

struct collecting {
	struct tree *t;
	unsigned slot;
};

static int collect(void *ctx, struct proc_table *table)
{
	struct collecting *c = ctx;

	INVARIANT(table == &c->t->table);
	return (int)tree_collect(c->t, c->slot);
}

void tree_freeze_and_kill(struct tree *t, unsigned slot)
{
	struct collecting c = { t, slot };

	(void)proc_sweep(&t->table, collect, &c);
}

/* All processes with this nonce in their tag, the caller excepted, marked in *table. Returns their
 * number. */
static int find_tagged(void *ctx, struct proc_table *table)
{
	const char *word = ctx;
	int count = 0, rc = proc_table_read(table);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < table->count; i++) {
		struct proc_row *row = &table->v[i];

		row->marked = row->state != 'Z' && row->state != 'X' &&
			      row->pid != (uint64_t)getpid() &&
			      proc_env_word_starts(row->pid, TREE_TAG_NAME, word) == 1;
		count += row->marked;
	}
	return count;
}

/* Kills the cgroup of the dead worker. Only a directory that bears the nonce in its name is
 * touched. */
static int kill_group(const char *nonce, const char *dir, int64_t until_ms)
{
	CLEANUP(buf_release) struct buf parent = BUF_INIT, name = BUF_INIT;
	CLEANUP(pid_list_release) struct pid_list pids = PID_LIST_INIT;
	CLEANUP(fd_close) int parent_fd = -1, group_fd = -1;
	const char *slash = strrchr(dir, '/');

	buf_putf(&name, GROUP_PREFIX "%s", nonce);
	if (!slash || strcmp(slash + 1, name.p) != 0 || strlen(nonce) != NONCE_LEN)
		return 0;
	buf_put(&parent, dir, (size_t)(slash - dir));
	parent_fd = fd_open_dir(parent.p);
	if (parent_fd >= 0)
		group_fd = fd_open_at(parent_fd, name.p, O_RDONLY | O_DIRECTORY, 0);
	if (group_fd < 0)
		return 0;
	cgroup_pids(group_fd, &pids);
	cgroup_kill(group_fd);
	while (cgroup_remove(parent_fd, name.p) == -EBUSY && clock_mono_ms(&clock_real) < until_ms)
		poll(NULL, 0, POLL_MS);
	return (int)pids.count;
}

int tree_sweep_worker(const char *nonce, const char *group_dir, int wait_ms)
{
	CLEANUP(proc_table_release) struct proc_table table = PROC_TABLE_INIT;
	CLEANUP(buf_release) struct buf word = BUF_INIT;
	int64_t until_ms = clock_mono_ms(&clock_real) + wait_ms;
	int count = 0, rc;

	if (strlen(nonce) != NONCE_LEN)
		return -EINVAL;
	if (group_dir && group_dir[0])
		count = kill_group(nonce, group_dir, until_ms);
	buf_putf(&word, "%s/", nonce);
	rc = proc_sweep_all(&table, find_tagged, word.p, wait_ms);
	return rc < 0 ? rc : count + rc;
}
