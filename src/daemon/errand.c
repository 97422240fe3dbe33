/*
 * The turn pays for one stat now and then. The pause has some chance in it, so that the daemons
 * of many repositories that began together, as after a reboot, do not all ask at the same moment.
 */
#include "daemon/errand.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"
#include "os/proc.h"

static int64_t pause_ms(const struct errand *r)
{
	uint32_t chance = 0;

	if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) != sizeof(chance))
		chance = 0;
	return r->rule.every_ms +
	       (int64_t)(chance % ((uint64_t)r->rule.every_ms / ERRAND_JITTER + 1));
}

void errand_init(struct errand *r, const struct clock *clock, const char *program,
		 const struct errand_rule *rule)
{
	*r = (struct errand){ .clock = clock, .program = program, .rule = *rule };
	if (r->rule.every_ms > ERRAND_EVERY_MAX_MS)
		r->rule.every_ms = ERRAND_EVERY_MAX_MS;
	r->look_ms = clock_mono_ms(clock) + pause_ms(r);
}

void errand_release(struct errand *r)
{
	r->rule.trigger = NULL;
	if (!r->pid)
		return;
	kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		;
	r->pid = 0;
}

/* Its end is not waited for, not even after the kill: a disk that hangs holds it for long. */
static void look_after(struct errand *r, int64_t now_ms)
{
	if (waitpid(r->pid, NULL, WNOHANG) != 0) {
		r->pid = 0;
	} else if (now_ms >= r->deadline_ms) {
		kill(-r->pid, SIGKILL);
		r->deadline_ms = INT64_MAX;
	}
}

static void start(struct errand *r, int64_t now_ms)
{
	CLEANUP(fd_close) int null_fd = fd_open_at(AT_FDCWD, "/dev/null", O_RDWR, 0);
	char *argv[] = { (char *)"sk", (char *)r->rule.word, NULL };
	enum proc_step failed;
	struct proc_spawn s = { .path = r->program,
				.argv = argv,
				.envp = environ,
				.stdin_fd = null_fd,
				.stdout_fd = null_fd,
				.stderr_fd = null_fd,
				.cgroup_fd = -1,
				.dies_with_parent = true };
	pid_t pid = null_fd < 0 ? null_fd : proc_spawn(&s, &failed);

	if (pid < 0)
		return;
	r->pid = pid;
	r->deadline_ms = now_ms + r->rule.limit_ms;
}

void errand_run(struct errand *r, bool may_start)
{
	int64_t now_ms;
	struct stat st;

	if (!r->rule.trigger)
		return;
	now_ms = clock_mono_ms(r->clock);
	if (r->pid)
		look_after(r, now_ms);
	if (r->pid || now_ms < r->look_ms)
		return;
	r->look_ms = now_ms + pause_ms(r);
	if (may_start && stat(r->rule.trigger, &st) == 0 && S_ISREG(st.st_mode))
		start(r, now_ms);
}

int64_t errand_due(const struct errand *r)
{
	if (!r->rule.trigger)
		return INT64_MAX;
	return r->pid ? r->deadline_ms : r->look_ms;
}
