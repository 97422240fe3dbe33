/* Orchestrator and worker stand on one floor and do not know each other; here is who knows both. */
#include "cmd/task/remains.h"

#include "worker/identity.h"
#include "worker/outbox.h"

const struct orchestrator_remains worker_remains = { outbox_read, outbox_discard, worker_sweep,
						     worker_left };
