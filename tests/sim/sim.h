/*
 * A world in a seed: the real core and the real store on a disk that loses power, fake workers with
 * fake tasks, a jumpy clock, an operator who changes his mind, and faults. One thread, no waiting:
 * the same seed gives the same world, step by step.
 */
#ifndef SK_SIM_H
#define SK_SIM_H

#include <stdio.h>

#include "base/base.h"

/* What goes wrong in a world. Each must happen in a full run: zero is a failure of the run. */
#define SIM_FAULTS(X)                                        \
	X(CHIEF_KILLED, "orchestrator killed")               \
	X(CHIEF_KILLED_IN_CALL, "killed between disk calls") \
	X(POWER_LOSS, "power loss")                          \
	X(TORN_APPEND, "torn append")                        \
	X(ZERO_TAIL, "zeroed tail")                          \
	X(NAMES_LOST, "directory entries lost")              \
	X(DISK_FULL, "disk full")                            \
	X(WRITE_ERROR, "write error")                        \
	X(SYNC_ERROR, "sync error")                          \
	X(RENAME_ERROR, "rename error")                      \
	X(READ_ERROR, "read error")                          \
	X(FLIP_JOURNAL, "bit flip in the journal")           \
	X(FLIP_SNAPSHOT, "bit flip in the snapshot")         \
	X(STALE_SNAPSHOT, "stale snapshot put back")         \
	X(STALE_JOURNAL, "stale journal put back")           \
	X(WORKER_KILLED, "worker killed")                    \
	X(BOTH_KILLED, "both killed")                        \
	X(CUT_OFF, "worker cut off")                         \
	X(DELAYED, "messages delayed")                       \
	X(REPEATED, "message repeated")                      \
	X(OUTBOX_ERROR, "outbox not writable")               \
	X(CLOCK_FORWARD, "clock forward")                    \
	X(CLOCK_BACK, "clock backward")                      \
	X(SUSPEND, "machine suspended")

#define X(name, text) FAULT_##name,
enum sim_fault { SIM_FAULTS(X) SIM_FAULT_COUNT };
#undef X

/* What must be seen at least once in a full run, or the run has not been where it should. */
#define SIM_SIGHTS(X)                                         \
	X(TAIL_DROPPED, "torn tail dropped")                  \
	X(TAIL_KEPT, "unacknowledged turn found whole")       \
	X(SNAPSHOT_USED, "snapshot used")                     \
	X(SNAPSHOT_REBUILT, "unreadable snapshot rebuilt")    \
	X(SNAPSHOT_AHEAD, "snapshot ahead of the journal")    \
	X(DAMAGE_REFUSED, "damage refused")                   \
	X(STRAY_REMOVED, "stray temporary file removed")      \
	X(ROTATED, "journal rotated")                         \
	X(STORE_FAILED, "turn refused by the disk")           \
	X(START_FAILED, "start refused by the disk")          \
	X(UNCLEAN_START, "start after a crash")               \
	X(CLEAN_START, "start after a stop in good order")    \
	X(BURIED, "worker buried")                            \
	X(COLLECTED, "reports of a dead worker collected")    \
	X(SWEPT, "processes of a dead worker ended")          \
	X(ADOPTED, "attempt adopted")                         \
	X(UNKNOWN_SENT_AGAIN, "lost assignment sent again")   \
	X(REJECTED, "worker rejected")                        \
	X(LOCK_TAKEN, "second worker of an id turned away")   \
	X(REPORT_AGAIN, "report repeated after reconnecting") \
	X(STALE_IGNORED, "stale result ignored")              \
	X(RESOURCE_WAIT, "task waits for a resource")         \
	X(EXHAUSTED_RESOURCE, "resource announced exhausted") \
	X(PREFETCHED, "assigned ahead of a free slot")        \
	X(RETRIED, "task retried")                            \
	X(TIMED_OUT, "task timed out")                        \
	X(RULE_FAILED, "before rule failed")                  \
	X(VALIDATION_FAILED, "after rule failed")             \
	X(OUTPUTS, "outputs recorded")                        \
	X(T6, "task failed for good")                         \
	X(T15, "running task reassigned")                     \
	X(T16, "task failed after too many lost workers")     \
	X(T19, "task failed before it started")               \
	X(T20, "waiting task reassigned")                     \
	X(CRITICAL_FAILURE, "critical failure")               \
	X(WS_EXHAUSTED, "workstream exhausted")               \
	X(WS_TIMEOUT, "workstream timed out")                 \
	X(WS_RESUMED, "workstream resumed")                   \
	X(WS_COMPLETED, "workstream completed")               \
	X(ARCHIVED, "run archived")                           \
	X(CANCEL_LIVE, "live task cancelled")                 \
	X(CANCEL_WAITING, "waiting task cancelled")           \
	X(WAIVED, "dependency waived")                        \
	X(UPDATED, "task updated by a changed plan")          \
	X(DROPPED, "task dropped by a changed plan")          \
	X(SUBMIT_REFUSED, "plan refused")                     \
	X(INTERRUPTED, "run interrupted")                     \
	X(DRAINED, "run drained and stopped")                 \
	X(WORKER_SIGNALLED, "worker told to end by a signal") \
	X(WORKER_LEFT, "worker left in good order")           \
	X(WORKER_ASKED, "worker asked to leave")              \
	X(WORKER_FORCED, "worker ended by force")             \
	X(ROLLED_BACK, "workstream rolled back")              \
	X(RULES_ELSEWHERE, "after rules begun a second time") \
	X(QUIET_RUN, "world without faults")                  \
	X(GENTLE_COMPLETED, "harmless plan completed")        \
	X(BLOCKED_AT_END, "task waits behind a failure")

#define X(name, text) SAW_##name,
enum sim_sight { SIM_SIGHTS(X) SIM_SIGHT_COUNT };
#undef X

/* Mistakes built into a world on purpose, to show that the checks would see them. */
#define SIM_PLANTS(X)                                                                           \
	X(NONE, "none")                                                                         \
	X(ACK_EARLY, "reports acknowledged before the commit")                                  \
	X(ASSIGN_EARLY, "assignments sent before the commit")                                   \
	X(SNAPSHOT_EARLY, "snapshot durable before the journal")                                \
	X(NO_SYNC, "journal not synced")                                                        \
	X(REPORTS_DROPPED, "reports dropped when the connection is lost")                       \
	X(FINISHED_NOT_LISTED, "unacknowledged results missing from the list when registering") \
	X(OUTBOX_NOT_READ, "outbox of a dead worker thrown away")                               \
	X(NO_FENCING, "reports believed whatever attempt they are of")                          \
	X(NO_SWEEP, "processes of a dead worker left running")                                  \
	X(RESOURCES_KEPT, "resources not released")                                             \
	X(UNKNOWN_IGNORED, "assignments that never arrived are not sent again")                 \
	X(TASK_RUN_TWICE, "a worker does not notice a repeated assignment")                     \
	X(WORKER_FORGOTTEN, "dead workers are not buried")                                      \
	X(WALL_CLOCK, "time stands still while the clock was set back")                         \
	X(RULES_FORGOTTEN, "rules whose order was lost are not asked for again")                \
	X(RUN_NOT_NAMED, "reports do not say of which run they are")                            \
	X(LEAVING_REPORTS, "a worker that leaves reports what it is given as killed")           \
	X(LEFT_UNSAVED, "a worker leaves with results that are neither acknowledged nor on disk")

#define X(name, text) PLANT_##name,
enum sim_plant { SIM_PLANTS(X) SIM_PLANT_COUNT };
#undef X

const char *sim_fault_text(unsigned fault);
const char *sim_sight_text(unsigned sight);
const char *sim_plant_text(unsigned plant);

struct sim_result {
	bool failed;
	char text[1400]; /* of the first thing that was wrong */
	uint64_t hash;   /* of everything that happened */
	unsigned steps;
	uint64_t faults[SIM_FAULT_COUNT];
	uint64_t sights[SIM_SIGHT_COUNT];
};

/* Runs the world of this seed from birth to rest. `out` is added to, except hash, steps and text.
 */
void sim_run(uint64_t seed, enum sim_plant plant, FILE *trace, struct sim_result *out);

#endif
