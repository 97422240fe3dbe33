/*
 * One slot for each of a few sessions, found by its number: two that meet in one slot push each
 * other out, and lose nothing but this. A lock keeps two deliveries in the same instant apart; it
 * is held for two small reads and writes, so whoever cannot have it at once goes on without.
 */
#include "work/recent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/limits.h"
#include "os/fd.h"

#define TRIES 20
#define TRY_MS 2

struct slot {
	uint64_t who, what;
	int64_t at_ms;
	uint64_t pid; /* that is at it; 0: done */
};

static off_t place_of(uint64_t who)
{
	return (off_t)(who % RECENT_SLOTS * sizeof(struct slot));
}

static bool lock(int fd)
{
	for (unsigned i = 0; i < TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return true;
		(void)poll(NULL, 0, TRY_MS);
	}
	return false;
}

static bool read_slot(int fd, uint64_t who, struct slot *out)
{
	return pread(fd, out, sizeof(*out), place_of(who)) == sizeof(*out) && out->who == who;
}

static bool write_slot(int fd, const struct slot *slot)
{
	return pwrite(fd, slot, sizeof(*slot), place_of(slot->who)) == sizeof(*slot);
}

static bool is_at_it(const struct slot *slot)
{
	return !slot->pid || slot->pid == (uint64_t)getpid() || kill((pid_t)slot->pid, 0) == 0 ||
	       errno == EPERM;
}

bool recent_begin(int dir_fd, uint64_t who, uint64_t what, int64_t now_ms, bool create,
		  struct recent *out)
{
	struct slot now = { who, what, now_ms, (uint64_t)getpid() }, was;
	bool again;

	out->who = who;
	out->fd =
		fd_open_at(dir_fd, RECENT_FILE, O_RDWR | O_NONBLOCK | (create ? O_CREAT : 0), 0600);
	if (out->fd < 0) {
		out->fd = -1;
		return false;
	}
	if (!lock(out->fd)) {
		fd_close(&out->fd);
		return false;
	}
	again = read_slot(out->fd, who, &was) && was.what == what && was.at_ms <= now_ms &&
		now_ms - was.at_ms <= RECENT_MS && is_at_it(&was);
	if (!again)
		(void)write_slot(out->fd, &now);
	flock(out->fd, LOCK_UN);
	if (again)
		fd_close(&out->fd);
	return again;
}

void recent_end(struct recent *r)
{
	struct slot slot;

	if (r->fd >= 0 && lock(r->fd) && read_slot(r->fd, r->who, &slot) &&
	    slot.pid == (uint64_t)getpid()) {
		slot.pid = 0;
		(void)write_slot(r->fd, &slot);
	}
	fd_close(&r->fd);
}
