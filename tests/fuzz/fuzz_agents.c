/*
 * The configuration of agents names programs that are started and variables that they get. Two
 * files, with a form feed between: they are refused with a sentence, or every agent can be started
 * as it says, in words and variables that are words and variables.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/state.h"
#include "work/agents.h"

static int file_of(const uint8_t *data, size_t len, char path[64])
{
	int fd = memfd_create("config", MFD_CLOEXEC);

	INVARIANT(fd >= 0);
	INVARIANT(write(fd, data, len) == (ssize_t)len);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static bool whole(struct span text)
{
	return text.len == 0 || memchr(text.p, '\0', text.len) == NULL;
}

static void check_lists(const struct agent *a)
{
	for (size_t i = 0; i < a->command.count; i++)
		INVARIANT(whole(a->command.v[i]));
	for (size_t i = 0; i < a->model_args.count; i++)
		INVARIANT(whole(a->model_args.v[i]));
	for (size_t i = 0; i < a->env.count; i++) {
		INVARIANT(whole(a->env.v[i]));
		INVARIANT(memchr(a->env.v[i].p, '=', a->env.v[i].len) > (void *)a->env.v[i].p);
		INVARIANT(!span_starts(a->env.v[i], "SK_"));
	}
	for (size_t i = 0; i < a->write_paths.count; i++) {
		INVARIANT(whole(a->write_paths.v[i]));
		INVARIANT(a->write_paths.v[i].p[0] == '/' || a->write_paths.v[i].p[0] == '~');
	}
}

/* What is filled in is one argument, whatever it holds, and no word is lost. */
static void check_words(const struct agent *a, struct span model)
{
	CLEANUP(buf_release) struct buf words = BUF_INIT;
	const struct agent_fill fill = { SPAN_LIT("{prompt} {{\n'\""), SPAN_LIT("/p/f"),
					 SPAN_LIT("/w t"), SPAN_LIT("name"), model };
	enum agent_stdin input;
	struct err e = ERR_INIT;
	size_t count = 0, ends = 0;

	if (agent_words(a, &fill, &words, &count, &input, &e) < 0) {
		INVARIANT(e.text[0]);
		return;
	}
	for (size_t i = 0; i < words.len; i++)
		ends += words.p[i] == '\0';
	INVARIANT(ends == count);
	INVARIANT(count <= a->command.count + a->model_args.count * a->command.count);
}

static void check_agents(const struct agents *all)
{
	INVARIANT(all->count <= AGENTS_MAX);
	INVARIANT(!all->chosen.len || agents_find(all, all->chosen));
	for (size_t i = 0; i < all->count; i++) {
		const struct agent *a = &all->v[i];

		INVARIANT(name_problem(a->name) == NULL);
		INVARIANT(name_problem(a->provider) == NULL);
		INVARIANT(agents_find(all, a->name) == a);
		INVARIANT(a->command.count >= 1 && a->command.count <= AGENT_WORDS_MAX);
		INVARIANT(a->timeout_ms >= 0 && a->timeout_ms <= TIMEOUT_S_MAX * 1000LL);
		INVARIANT(a->max_parallel >= 1 && a->max_parallel <= AGENT_PARALLEL_MAX);
		check_lists(a);
		check_words(a, SPAN_NONE);
		check_words(a, SPAN_LIT("a model"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CLEANUP(agents_release) struct agents all = AGENTS_INIT;
	const uint8_t *cut = len ? memchr(data, '\f', len) : NULL;
	size_t first = cut ? (size_t)(cut - data) : len;
	char user[64], repository[64];
	struct err e = ERR_INIT;
	int user_fd = file_of(data, first, user), repository_fd = -1, rc;

	if (cut)
		repository_fd = file_of(cut + 1, len - first - 1, repository);
	rc = agents_load(user, cut ? repository : NULL, &all, &e);
	INVARIANT((rc < 0) == (e.text[0] != '\0'));
	if (rc == 0)
		check_agents(&all);
	close(user_fd);
	if (cut)
		close(repository_fd);
	return 0;
}
