/*
 * The order matters: the lock first, so that there is one worker of an id; then the leftovers of a
 * predecessor that was killed; then the identity, before any task can run that a later sweep would
 * have to find.
 */
#include "worker/worker_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/when.h"
#include "os/fd.h"
#include "worker/identity.h"

#define SWEEP_WAIT_MS 5000

void worker_say(struct worker_run *w, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf line = BUF_INIT, text = BUF_INIT;
	char when[WHEN_TEXT_LEN];
	va_list args;

	when_encode(clock_wall_ms(w->clock), when);
	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	buf_putf(&line, "%.*s ", WHEN_TEXT_LEN, when);
	buf_put_visible(&line, (struct span){ text.p, text.len });
	buf_putc(&line, '\n');
	if (w->log_fd >= 0)
		(void)!write(w->log_fd, line.p, line.len); /* nowhere left to complain to */
}

static int say_no(struct worker_run *w, struct err *e, int rc, const char *what)
{
	return err_set(e, rc, "worker '%s': %s (%s): %s: it was not started", w->o->worker_id, what,
		       w->o->state_dir, strerror(-rc));
}

static int open_folder(struct worker_run *w, const char *name, int *out)
{
	int rc = fd_make_dir_at(w->state_fd, name);

	if (rc == 0)
		rc = *out = fd_open_at(w->state_fd, name, O_RDONLY | O_DIRECTORY, 0);
	return rc < 0 ? rc : 0;
}

static int open_folders(struct worker_run *w, struct err *e)
{
	CLEANUP(buf_release) struct buf log = BUF_INIT;
	int rc;

	w->state_dir = realpath(w->o->state_dir, NULL);
	if (!w->state_dir)
		return say_no(w, e, -errno, "cannot find the state folder");
	w->state_fd = fd_open_dir(w->state_dir);
	if (w->state_fd < 0)
		return say_no(w, e, w->state_fd, "cannot open the state folder");
	rc = open_folder(w, "workers", &w->workers_fd);
	if (rc == 0)
		rc = open_folder(w, "logs", &w->log_folder.fd);
	if (rc == 0)
		rc = open_folder(w, "outputs", &w->outputs_fd);
	if (rc < 0)
		return say_no(w, e, rc, "cannot open the folders workers, logs and outputs");
	buf_putf(&log, "worker_%s.log", w->o->worker_id);
	w->log_fd = fd_open_at(w->log_folder.fd, log.p, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK,
			       0600);
	w->log_folder.own_fds = fd_open_dir("/proc/self/fd");
	w->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (w->log_fd < 0 || w->null_fd < 0)
		return say_no(w, e, w->log_fd < 0 ? w->log_fd : -errno, "cannot open its log");
	return 0;
}

static int take_lock(struct worker_run *w, struct err *e)
{
	CLEANUP(buf_release) struct buf name = BUF_INIT;
	struct lock_holder holder;
	int rc;

	buf_putf(&name, "%s.lock", w->o->worker_id);
	rc = lock_take(w->workers_fd, name.p, "sk worker", &w->lock, &holder);
	if (rc == -SK_EBUSY)
		return err_set(e, rc,
			       "worker '%s': a worker of this id lives (pid %llu): no second one "
			       "was started",
			       w->o->worker_id, (unsigned long long)holder.who.pid);
	return rc < 0 ? say_no(w, e, rc, "cannot take its lock") : 0;
}

static int write_identity(struct worker_run *w, bool left)
{
	struct worker_identity id = { .who = w->who,
				      .incarnation = w->incarnation,
				      .left = left,
				      .left_before = w->left_before };

	memcpy(id.nonce, w->nonce, sizeof(id.nonce));
	snprintf(id.capabilities, sizeof(id.capabilities), "%s",
		 w->o->capabilities && strlen(w->o->capabilities) < sizeof(id.capabilities)
			 ? w->o->capabilities
			 : "[]");
	if (w->tree.group_dir.len < sizeof(id.group_dir) && w->tree.group_dir.p)
		memcpy(id.group_dir, w->tree.group_dir.p, w->tree.group_dir.len + 1);
	return worker_identity_write(w->workers_fd, w->o->worker_id, &id);
}

static int become_someone(struct worker_run *w, struct err *e)
{
	struct worker_identity old = { .incarnation = 0 };
	int rc = worker_identity_read(w->workers_fd, w->o->worker_id, &old), swept;

	if (rc < 0)
		return say_no(w, e, rc, "cannot read its identity file");
	swept = worker_sweep(w->workers_fd, w->o->worker_id, SWEEP_WAIT_MS);
	if (swept != 0)
		worker_say(w, "ended %d processes of the incarnation before", swept);
	w->left_before = old.left ? old.incarnation : 0;
	w->incarnation = w->o->incarnation ? w->o->incarnation : old.incarnation + 1;
	if (!w->o->incarnation && w->incarnation < w->o->incarnation_min)
		w->incarnation = w->o->incarnation_min;
	rc = proc_self(&w->who);
	if (rc == 0)
		rc = proc_nonce(w->nonce);
	if (rc < 0)
		return say_no(w, e, rc, "cannot tell who it is");
	tree_open(&w->tree, w->nonce, w->o->slots, !w->o->no_cgroup);
	rc = write_identity(w, false);
	return rc < 0 ? say_no(w, e, rc, "cannot write its identity file") : 0;
}

/* A session of its own, parent of all orphans, children reaped, nothing inherited by tasks, output
 * to the log. */
static int detach(struct worker_run *w, struct err *e)
{
	setsid(); /* fails only when it leads a session already */
	prctl(PR_SET_NAME,
	      "sk worker"); /* it was started as /proc/self/exe, which tells nobody anything */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return say_no(w, e, -errno, "cannot become the reaper of its tasks");
	signal(SIGCHLD, SIG_DFL); /* if it were ignored, exit codes would be lost */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	proc_ignored(&w->ignored);
	if (!w->o->incarnation) /* a person started it, who should read why it leaves */
		w->terminal_fd = fcntl(2, F_DUPFD_CLOEXEC, 3);
	if (dup2(w->null_fd, 0) < 0 || dup2(w->log_fd, 1) < 0 || dup2(w->log_fd, 2) < 0)
		return say_no(w, e, -errno, "cannot redirect its output");
	syscall(SYS_close_range, 3, ~0U,
		CLOSE_RANGE_CLOEXEC); /* before Linux 5.11: what was inherited stays open */
	return 0;
}

static int watch(struct worker_run *w, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(w->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int open_events(struct worker_run *w, struct err *e)
{
	sigset_t set;
	int rc;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	w->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->signal_fd < 0 || w->epoll_fd < 0)
		return say_no(w, e, -errno, "cannot wait for events");
	rc = watch(w, w->signal_fd);
	/* Without a watch it looks once a second instead. */
	if (rc == 0 && w->watch_fd >= 0 &&
	    inotify_add_watch(w->watch_fd, w->state_dir, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) >= 0)
		rc = watch(w, w->watch_fd);
	return rc < 0 ? say_no(w, e, rc, "cannot wait for events") : 0;
}

/* Descriptors 0 to 2 must be taken, or a file opened next would become somebody's standard output.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd >= 0)
		close(fd);
}

int worker_setup(struct worker_run *w, const struct worker_options *o, struct err *e)
{
	int rc;

	*w = (struct worker_run){ .o = o,
				  .clock = o->clock ? o->clock : &clock_real,
				  .lock = LOCK_INIT };
	w->state_fd = w->workers_fd = w->log_folder.fd = w->log_folder.own_fds = w->outputs_fd =
		w->log_fd = w->null_fd = -1;
	w->terminal_fd = w->epoll_fd = w->signal_fd = w->watch_fd = w->link.fd = w->link.outbox.fd =
		-1;
	w->programs = (struct program_finder)PROGRAM_FINDER_INIT;
	w->tree.parent_fd = w->tree.group_fd = w->tree.procs_fd = w->tree.children_fd = -1;
	for (size_t i = 0; i < ARRAY_LEN(w->logs); i++)
		w->logs[i] = (struct task_log)TASK_LOG_INIT;
	w->waiting.end = &w->waiting.first;
	w->validations.end = &w->validations.first;
	w->begun_since = PREFETCH_MAX; /* careful, until it is known better */
	w->grace_ms = KILL_GRACE_MS;
	w->heartbeat_ms = HEARTBEAT_MS;
	if (name_problem(span_of(o->worker_id)))
		return err_set(e, -SK_EUSAGE, "worker '%s': its id %s: it was not started",
			       o->worker_id, name_problem(span_of(o->worker_id)));
	if (o->slots < 1 || o->slots > SLOTS_MAX)
		return err_set(e, -SK_EUSAGE,
			       "worker '%s': %u slots are not between 1 and %d: it was not started",
			       o->worker_id, o->slots, SLOTS_MAX);
	w->slots = mem_zalloc(o->slots * sizeof(*w->slots));
	w->slot_count = w->slots_wanted = o->slots;
	fill_standard_descriptors();
	rc = open_folders(w, e);
	if (rc == 0)
		rc = take_lock(w, e);
	if (rc == 0)
		rc = detach(w, e);
	if (rc == 0)
		rc = become_someone(w, e);
	if (rc == 0)
		rc = link_open(&w->link, w->state_fd, w->workers_fd, o->worker_id, e);
	if (rc == 0)
		rc = open_events(w, e);
	if (rc == 0)
		env_base(&w->base, environ);
	w->heartbeat_us = w->retry_us = w->stop_by_us = INT64_MAX;
	return rc;
}

void worker_set_slots(struct worker_run *w, unsigned slots)
{
	size_t capacity = w->slot_count;

	w->slots_wanted = slots;
	if (slots <= w->slot_count)
		return;
	mem_grow(&w->slots, &capacity, slots, sizeof(*w->slots));
	memset(w->slots + w->slot_count, 0, (slots - w->slot_count) * sizeof(*w->slots));
	w->slot_count = slots;
	tree_widen(&w->tree, slots);
}

void worker_teardown(struct worker_run *w)
{
	if (w->nonce[0]) {
		tree_close(&w->tree);
		write_identity(w, true);
	}
	if (w->link.outbox.dir_fd > 0)
		link_close(&w->link);
	attempt_free(w->spare);
	command_release(&w->command);
	program_finder_release(&w->programs);
	for (size_t i = 0; i < ARRAY_LEN(w->logs); i++)
		task_log_release(&w->logs[i]);
	env_release(&w->env);
	env_release(&w->base);
	mem_free(&w->slots);
	if (w->terminal_fd >= 0)
		dup2(w->terminal_fd, 2);
	fd_close(&w->terminal_fd);
	fd_close(&w->epoll_fd);
	fd_close(&w->signal_fd);
	fd_close(&w->watch_fd);
	fd_close(&w->outputs_fd);
	fd_close(&w->log_folder.fd);
	fd_close(&w->log_folder.own_fds);
	fd_close(&w->null_fd);
	fd_close(&w->log_fd);
	lock_release(&w->lock); /* last: from here on another may be who we were */
	fd_close(&w->workers_fd);
	fd_close(&w->state_fd);
	mem_free(&w->state_dir);
}
