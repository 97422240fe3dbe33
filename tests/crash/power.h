/* A store that is used while the power fails, and what must be true of it afterwards. Shared by the
 * crash tests. */
#ifndef SK_POWER_H
#define SK_POWER_H

#include "simdisk.h"

#include "store/store.h"

/* A program that uses a store. Each turn sets three limits to the turn's number, so a torn turn
 * would show. */
struct user {
	const struct vfs *vfs;
	struct state st;
	struct store *store;
	struct store_report report;
	struct err e;
	int64_t now_ms;
	uint64_t acked;     /* turns that were acknowledged */
	uint64_t attempted; /* turns that were begun */
};

void user_init(struct user *u, const struct vfs *vfs);
void user_release(struct user *u);

/* All return 0 or the store's negative code, with the sentence in u->e. */
int user_open(struct user *u, unsigned flags);
void user_close(struct user *u);
int user_turn(struct user *u);
int user_snapshot(struct user *u);
int user_rotate(struct user *u);

/* The number of the last turn in the state; UINT64_MAX when the three limits differ. */
uint64_t user_turns(const struct user *u);

/* A disk with a store of three turns, a torn fourth, 102 old backups, an abandoned temporary file.
 */
void base_disk(struct simdisk *d);

/* From an empty disk: create, commit, snapshot, rotate, close, open again. Stops at the first
 * failure. */
void script_from_nothing(struct user *u);
/* On base_disk: repair, commit, snapshot with backup and pruning, rotate. */
void script_repair(struct user *u);

struct promise {
	uint64_t acked, attempted; /* turns */
	bool base;                 /* the disk began as base_disk */
};

/*
 * Whether something is wrong with the disk after power came back, with a sentence in *text. Uses
 * the store: opens it, takes a turn, reads everything again.
 */
bool disk_problem(struct simdisk *d, struct promise promise, char text[ERR_TEXT_MAX]);

#endif
