/* The same queue where people look for it who work with tentacles. */
#include "cmd/goal/retry_queue.h"

const struct cmd cmd_tentacle_retry_queue = {
	.path = "tentacle retry-queue",
	.summary = "list, release and hold parked tentacles",
	.usage = RETRY_QUEUE_USAGE,
	.about = RETRY_QUEUE_ABOUT,
	.example = "sk tentacle retry-queue list",
	.options = retry_queue_options,
	.needs = NEED_GOALS,
	.args = ARG_WORDS,
	.args_then = ARG_TENTACLE,
	.arg_words = RETRY_QUEUE_WORDS,
	.args_min = 1,
	.args_max = 2,
	.run = retry_queue,
};
