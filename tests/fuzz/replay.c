/*
 * Runs a fuzzer without a fuzzing engine: over its corpus, over every prefix of it, and over
 * damaged copies. So every build tries every parser of foreign bytes, and what a long fuzzing run
 * once found stays found. Speaks TAP.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/buf.h"
#include "fuzz/fuzz.h"

#define SEED_BYTES_MAX 65536
#define PREFIXES_MAX 2048

/* The input lies in an allocation of exactly its size, so that reading past it does not go unseen.
 */
static void try_bytes(const char *p, size_t len)
{
	uint8_t *exact = mem_alloc(len);

	if (len)
		memcpy(exact, p, len);
	LLVMFuzzerTestOneInput(exact, len);
	mem_free(&exact);
}

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void try_damaged(const struct buf *original, uint64_t *seed)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	unsigned count = 1 + (unsigned)(next_random(seed) % 4);

	buf_put(&b, original->p, original->len);
	while (count-- && b.len) {
		size_t at = next_random(seed) % b.len;

		switch (next_random(seed) % 5) {
		case 0:
			b.p[at] = (char)next_random(seed);
			break;
		case 1:
			b.p[at] = (char)(b.p[at] ^ 1 << next_random(seed) % 8);
			break;
		case 2: /* lose a few bytes */
			memmove(b.p + at, b.p + at + 1, b.len - at);
			b.len--;
			break;
		case 3: /* bytes from elsewhere in the same input */
			b.p[at] = original->p[next_random(seed) % original->len];
			break;
		default:
			buf_truncate(&b, at);
		}
	}
	try_bytes(b.p, b.len);
}

static void replay_file(const char *directory, const char *name, unsigned damages)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT, b = BUF_INIT;
	uint64_t seed = 88172645463325252ULL;
	ssize_t got;
	int fd;

	buf_putf(&path, "%s/%s", directory, name);
	fd = open(path.p, O_RDONLY | O_CLOEXEC);
	buf_reserve(&b, SEED_BYTES_MAX);
	got = fd < 0 ? -1 : read(fd, b.p, SEED_BYTES_MAX);
	if (fd >= 0)
		close(fd);
	if (got < 0) {
		printf("not ok - %s cannot be read: %s\n", path.p, strerror(errno));
		exit(1);
	}
	b.len = (size_t)got;
	try_bytes(b.p, b.len);
	for (size_t len = 0; len < b.len && len < PREFIXES_MAX; len++)
		try_bytes(b.p, len);
	for (unsigned i = 0; i < damages; i++)
		try_damaged(&b, &seed);
	printf("ok - %s\n", name);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	const char *tier = getenv("SK_TIER");
	unsigned damages = tier && strcmp(tier, "full") == 0 ? 100000 : 2000;
	struct dirent **entries;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS-DIR\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	count = scandir(argv[1], &entries, visible, alphasort);
	if (count <= 0) {
		printf("1..1\nnot ok - the corpus %s is empty or cannot be read\n", argv[1]);
		return 1;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		replay_file(argv[1], entries[i]->d_name, damages);
		mem_free(&entries[i]);
	}
	mem_free(&entries);
	return 0;
}
