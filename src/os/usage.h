/* What a process and the machine use just now, for metrics. What cannot be learned is -1. */
#ifndef SK_USAGE_H
#define SK_USAGE_H

#include "base/base.h"

struct usage {
	int64_t rss_kb, cpu_ms, open_fds; /* of the process */
	int64_t load1_thousandths; /* of the machine: tasks that want to run, over a minute */
	int64_t disk_free_bytes;   /* for this user, where the directory is */
};

#define USAGE_UNKNOWN              \
	{                          \
		-1, -1, -1, -1, -1 \
	}

/* `pid` 0 and `dir_fd` -1 leave what they would tell unknown. */
void usage_read(uint64_t pid, int dir_fd, struct usage *out);

#endif
