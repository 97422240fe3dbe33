/*
 * Driving a goal: waves of agents, what they hand off, the proof, the decision. One step at a time,
 * each from what is recorded: so the loop may be killed at any moment and begun again.
 */
#ifndef SK_GOAL_LOOP_H
#define SK_GOAL_LOOP_H

#include "cmd/goal/agent_order.h"
#include "cmd/goal/agent_eyes.h"

struct goal_loop {
	struct cmd_ctx *c;
	struct agents agents;
	struct agent_eyes eyes;
	struct goal_actor actor;
	struct goal_words words;
	char *goal_id;
	uint64_t concurrency, iterations_max, iterations; /* max 0 = no limit of its own */
	int64_t poll_ms, patience_ms;                     /* patience: without anybody at work */
	int64_t pause_ms;      /* before an agent that failed begins again; grows */
	int64_t begun_ms;      /* when the loop was */
	int64_t criterion_ms;  /* 0 = each criterion's own */
	bool orders, releases; /* starts agents; lets parked work go when its time has come */
	bool merges, here;     /* merges what was handed off; agents work in the main checkout */
	int interrupted;       /* the signal, after which nothing new is started */
	unsigned calls; /* 1 = agents go to their end, 2 = they are ended, 3 = we go at once */
	/* What the last look found. At work are agents that are watched over here; by hand is what
	   somebody took up, or was given the prompt for. */
	size_t at_work, by_hand, ready, parked, open;
	bool looked;      /* at least once: what is at work since was begun here */
	bool unrecorded;  /* something was handed off well and is not completed yet */
	bool unmerged;    /* something was handed off well and is not merged yet */
	bool due, over;   /* something parked may go now; the budget is used up */
	int64_t due_ms;   /* when parked work is due, 0 = nobody knows */
	int64_t again_ms; /* when one that failed may begin again, 0 = none waits */
	uint64_t seq;     /* of the newest event then */
	int64_t quiet_ms; /* monotonic: since when nobody is at work and nothing was recorded */
	unsigned handed;  /* times in a row that a task went to a new orchestrator */
	struct buf agents_at_work, hands; /* their names, a NUL behind each */
	struct buf trouble;               /* what needs a person, one line each */
	struct buf blocked;               /* why something that is ready was not started */
	struct buf stuck, stuck_why;      /* what could not be merged: names, and a line each */
	struct buf last;                  /* the last line, with its advice */
	struct told *told;                /* what was said of each tentacle last */
	size_t told_count, told_capacity;
};

void goal_loop_release(struct goal_loop *l);

/* Drives it to an end. Returns the exit code, with the last word of it on stderr and, where JSON is
 * wanted, one document on stdout; or a negative code. */
int goal_loop_run(struct goal_loop *l, struct err *e);

#endif
