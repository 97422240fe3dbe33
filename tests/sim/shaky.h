/*
 * The disk as the simulated orchestrator sees it: the simulated disk below, and one thing that goes
 * wrong at a chosen call. Beneath it a program can be killed without the machine losing power.
 */
#ifndef SK_SHAKY_H
#define SK_SHAKY_H

#include "../crash/simdisk.h"

enum shaky_kind {
	SHAKY_NEVER,
	SHAKY_KILL,   /* the program dies: the call happened, in part or not at all */
	SHAKY_POWER,  /* so does the machine */
	SHAKY_FULL,   /* an append finds no space left, having written a part */
	SHAKY_WRITE,  /* an append fails with -EIO, having written a part */
	SHAKY_SYNC,   /* a sync fails; the bytes may be gone from memory as well */
	SHAKY_RENAME, /* a rename, link or removal fails */
	SHAKY_READ,   /* a read fails */
};

struct shaky {
	struct vfs vfs;
	struct simdisk *disk;
	const struct vfs *inner; /* the disk's own calls, or those of a driver that cheats */
	enum shaky_kind kind;
	unsigned after;  /* calls of that kind that go well before it happens */
	unsigned chance; /* decides what is left of the call: any number */
	bool fired;      /* it happened */
	bool torn;       /* and left a part of an append */
	bool dead;       /* the program is: every call fails */
	bool reserve;    /* there is room for the reserve file; it only costs time */
};

void shaky_init(struct shaky *s, struct simdisk *disk, const struct vfs *inner);

/* What goes wrong next, and when. */
void shaky_arm(struct shaky *s, enum shaky_kind kind, unsigned after, unsigned chance);

/* A new program runs on the same machine. */
void shaky_revive(struct shaky *s);

#endif
