/* What can be done about dead workers: the floor of workers, handed to the one of orchestrators. */
#ifndef SK_REMAINS_H
#define SK_REMAINS_H

#include "daemon/orchestrator.h"

extern const struct orchestrator_remains worker_remains;

#endif
