/*
 * A process group is not a tree: a hostile task leaves nearly all of its processes behind a kill of
 * its group. A cgroup leaf for each slot holds them all, is told empty by one read, and is reused,
 * so that a task pays neither mkdir nor rmdir. Where cgroups may not be written, tree_sweep.c does
 * the same by looking.
 *
 * The worker itself stays outside of its cgroups: killing one never kills the worker.
 */
#include "worker/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/proc.h"
#include "os/proc_sweep.h"
#include "worker/tree_impl.h"

static void leaf_name(const struct tree *t, unsigned slot, char out[40])
{
	snprintf(out, 40, "s%u.%u", slot, t->slots[slot].generation);
}

/* Whether a process born in a leaf of ours lives: tried once, for what kernels and sandboxes make
 * of it. */
static bool birth_works(struct tree *t)
{
	char *const argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "exit 42" }, NULL };
	CLEANUP(fd_close) int null_fd = fd_open_at(AT_FDCWD, "/dev/null", O_RDWR, 0);
	CLEANUP(fd_close) int leaf_fd = cgroup_make(t->group_fd, "probe");
	struct proc_spawn s = { .path = "/bin/sh",
				.argv = argv,
				.envp = argv + 3,
				.stdin_fd = null_fd,
				.stdout_fd = null_fd,
				.stderr_fd = null_fd,
				.cgroup_fd = leaf_fd };
	enum proc_step step;
	int status = 0;
	pid_t pid;

	if (null_fd < 3 || leaf_fd < 0)
		return false;
	pid = proc_spawn(&s, &step);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	cgroup_remove(t->group_fd, "probe");
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 42;
}

/*
 * Removes what dead workers left empty. A worker locks its cgroup's directory as long as it lives;
 * one that is not locked is nobody's. One with processes in it is left to the sweep of the state
 * folder it belongs to.
 */
static void remove_empty_of_the_dead(struct tree *t)
{
	int fd = fd_open_at(t->parent_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;

	if (!d)
		fd_close(&fd);
	while (d && (entry = readdir(d))) {
		CLEANUP(fd_close) int group_fd = -1;

		if (strncmp(entry->d_name, GROUP_PREFIX, strlen(GROUP_PREFIX)) != 0)
			continue;
		group_fd = fd_open_at(t->parent_fd, entry->d_name, O_RDONLY | O_DIRECTORY, 0);
		if (group_fd >= 0 && flock(group_fd, LOCK_EX | LOCK_NB) == 0)
			cgroup_remove(t->parent_fd, entry->d_name);
	}
	if (d)
		closedir(d);
}

/* Makes and locks the worker's cgroup. It may be taken for a dead one's between the two; then there
 * is another try. */
static bool make_group(struct tree *t, const char *name)
{
	for (int i = 0; i < 3; i++) {
		CLEANUP(fd_close) int kill_fd = -1;

		fd_close(&t->group_fd);
		t->group_fd = cgroup_make(t->parent_fd, name);
		if (t->group_fd < 0)
			continue;
		flock(t->group_fd, LOCK_EX | LOCK_NB);
		kill_fd = fd_open_at(t->group_fd, "cgroup.kill", O_WRONLY, 0);
		if (kill_fd >= 0)
			return true;
	}
	return false;
}

/*
 * At a birth into a cgroup the kernel asks whether we may write to the file cgroup.procs, there and
 * in the cgroup above both. It makes an inode for the question and throws it away behind it, unless
 * somebody has the file open: so we have, and read nothing from it. That halves what a cgroup
 * costs.
 */
static int hold_procs(int dir_fd)
{
	return fd_open_at(dir_fd, "cgroup.procs", O_RDONLY, 0);
}

static void open_group(struct tree *t)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;

	if (cgroup_own_dir(&t->group_dir) < 0)
		return;
	t->parent_fd = fd_open_dir(t->group_dir.p);
	buf_putf(&name, GROUP_PREFIX "%s", t->nonce);
	if (t->parent_fd >= 0)
		remove_empty_of_the_dead(t);
	if (t->parent_fd < 0 || !make_group(t, name.p) || !birth_works(t)) {
		tree_degrade(t);
		return;
	}
	t->procs_fd = hold_procs(t->parent_fd);
	buf_putf(&t->group_dir, "/%s", name.p);
}

void tree_widen(struct tree *t, unsigned slots)
{
	size_t capacity = t->slot_count;

	mem_grow(&t->slots, &capacity, slots, sizeof(*t->slots));
	for (unsigned i = t->slot_count; i < slots; i++)
		t->slots[i] = (struct tree_slot){ .dir_fd = -1, .events_fd = -1, .procs_fd = -1 };
	t->slot_count = slots;
}

void tree_open(struct tree *t, const char *nonce, unsigned slots, bool use_cgroup)
{
	char path[64];

	*t = (struct tree){
		.parent_fd = -1, .group_fd = -1, .procs_fd = -1, .self = (uint64_t)getpid()
	};
	snprintf(t->nonce, sizeof(t->nonce), "%s", nonce);
	tree_widen(t, slots);
	if (use_cgroup)
		open_group(t);
	snprintf(path, sizeof(path), "/proc/self/task/%llu/children", (unsigned long long)t->self);
	t->children_fd = fd_open_at(AT_FDCWD, path, O_RDONLY, 0);
}

static void close_leaf(struct tree_slot *s)
{
	fd_close(&s->dir_fd);
	fd_close(&s->events_fd);
	fd_close(&s->procs_fd);
}

void tree_degrade(struct tree *t)
{
	char name[80];

	for (unsigned i = 0; i < t->slot_count; i++)
		close_leaf(&t->slots[i]);
	if (t->group_fd >= 0) {
		snprintf(name, sizeof(name), GROUP_PREFIX "%s", t->nonce);
		cgroup_remove(t->parent_fd,
			      name); /* what still lives there is found by the sweep */
	}
	fd_close(&t->procs_fd);
	fd_close(&t->group_fd);
	fd_close(&t->parent_fd);
	buf_release(&t->group_dir);
}

void tree_close(struct tree *t)
{
	tree_degrade(t);
	fd_close(&t->children_fd);
	mem_free(&t->slots);
	mem_free(&t->unknown);
	proc_table_release(&t->table);
	buf_release(&t->children);
	t->slot_count = 0;
}

const char *tree_kill_mode(const struct tree *t)
{
	return t->group_fd >= 0 ? "cgroup" : "subreaper";
}

/* Opens the slot's leaf; false when it cannot be had. */
static bool open_leaf(struct tree *t, unsigned slot)
{
	struct tree_slot *s = &t->slots[slot];
	char name[40];

	if (t->group_fd < 0)
		return false;
	leaf_name(t, slot, name);
	if (s->dir_fd < 0)
		s->dir_fd = cgroup_make(t->group_fd, name);
	if (s->dir_fd >= 0 && s->events_fd < 0)
		s->events_fd = fd_open_at(s->dir_fd, "cgroup.events", O_RDONLY, 0);
	if (s->events_fd >= 0 && s->procs_fd < 0 && slot < CACHED_SLOTS)
		s->procs_fd = hold_procs(s->dir_fd);
	return s->events_fd >= 0;
}

int tree_birth_cgroup(struct tree *t, unsigned slot)
{
	if (t->group_fd < 0)
		return -1;
	if (!open_leaf(t, slot))
		tree_degrade(t);
	return t->slots[slot].dir_fd;
}

void tree_born(struct tree *t, unsigned slot, pid_t main, const char *tag)
{
	struct tree_slot *s = &t->slots[slot];

	INVARIANT(!s->busy);
	s->busy = true;
	s->main_gone = false;
	s->main = (uint64_t)main;
	s->ordinal = ++t->ordinal;
	snprintf(s->tag, sizeof(s->tag), "%s", tag);
	if (slot >= CACHED_SLOTS)
		close_leaf(s);
}

void tree_unborn(struct tree *t, unsigned slot)
{
	if (slot >= CACHED_SLOTS)
		close_leaf(&t->slots[slot]);
}

void tree_main_gone(struct tree *t, unsigned slot)
{
	t->slots[slot].main_gone = true;
}

static void leaf_pids(struct tree *t, unsigned slot, struct pid_list *out)
{
	if (open_leaf(t, slot))
		cgroup_pids(t->slots[slot].dir_fd, out);
}

unsigned tree_left(struct tree *t, unsigned slot)
{
	CLEANUP(pid_list_release) struct pid_list pids = PID_LIST_INIT;
	struct tree_slot *s = &t->slots[slot];
	unsigned count = 0;

	t->undecided = 0;
	if (t->group_fd < 0)
		return s->main_gone && tree_only_mains(t) ? 0 : tree_collect(t, slot);
	if (open_leaf(t, slot) && cgroup_populated(s->events_fd) != 0) {
		struct proc_row row;

		leaf_pids(t, slot, &pids);
		for (size_t i = 0; i < pids.count; i++)
			count += proc_row_read(pids.v[i], &row) == 0 && row.state != 'Z' &&
				 row.state != 'X';
	}
	if (slot >= CACHED_SLOTS)
		close_leaf(s);
	return count;
}

/* Whether the process is in the slot's cgroup now: a pid read a moment ago may be somebody else's
 * already. */
static bool in_leaf(struct tree *t, unsigned slot, uint64_t pid)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, want = BUF_INIT;
	char path[40], name[40];

	snprintf(path, sizeof(path), "/proc/%llu/cgroup", (unsigned long long)pid);
	leaf_name(t, slot, name);
	buf_putf(&want, "/" GROUP_PREFIX "%s/%s", t->nonce, name);
	return fd_read_proc(path, 65536, &text) == 0 && text.p && strstr(text.p, want.p);
}

unsigned tree_signal(struct tree *t, unsigned slot, int signal_number)
{
	CLEANUP(pid_list_release) struct pid_list pids = PID_LIST_INIT;
	struct proc_row row;
	unsigned count = 0;

	if (t->group_fd < 0) {
		tree_collect(t, slot);
		for (size_t i = 0; i < t->table.count; i++)
			if (t->table.v[i].marked) {
				(void)proc_row_signal(&t->table.v[i], signal_number);
				(void)proc_row_signal(&t->table.v[i], SIGCONT);
				count++;
			}
		return count;
	}
	leaf_pids(t, slot, &pids);
	for (size_t i = 0; i < pids.count; i++)
		if (proc_row_read(pids.v[i], &row) == 0 && in_leaf(t, slot, row.pid)) {
			(void)proc_row_signal(&row, signal_number);
			(void)proc_row_signal(&row, SIGCONT);
			count++;
		}
	if (slot >= CACHED_SLOTS)
		close_leaf(&t->slots[slot]);
	return count;
}

void tree_kill(struct tree *t, unsigned slot)
{
	if (t->group_fd < 0) {
		tree_freeze_and_kill(t, slot);
		return;
	}
	t->slots[slot].killed = true;
	if (open_leaf(t, slot))
		cgroup_kill(t->slots[slot].dir_fd);
	if (slot >= CACHED_SLOTS)
		close_leaf(&t->slots[slot]);
}

/*
 * A cgroup that has been killed once is not used again: the kernel remembers a count of kills,
 * compares it with that of the parent's cgroup at a birth with CLONE_INTO_CGROUP, and kills the
 * newborn when they differ (seen with Linux 6.18).
 */
static void renew_leaf(struct tree *t, unsigned slot)
{
	struct tree_slot *s = &t->slots[slot];
	char name[40];

	leaf_name(t, slot, name);
	close_leaf(s);
	if (t->group_fd >= 0)
		cgroup_remove(t->group_fd,
			      name); /* fails when something was given up in it; it stays then */
	s->generation++;
	s->killed = false;
}

void tree_over(struct tree *t, unsigned slot, bool abandoned)
{
	struct tree_slot *s = &t->slots[slot];

	if (abandoned && t->group_fd < 0)
		tree_abandon(t, slot);
	if (abandoned || s->killed)
		renew_leaf(t, slot);
	s->busy = false;
	s->main = 0;
}
