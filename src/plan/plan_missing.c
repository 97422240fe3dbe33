/*
 * A plan that is not there is mostly a slip in its name or the wrong folder. Who typed it is told
 * what there is; a folder is read once, and only so far as its names fit into a sentence.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "plan/plan_model.h"

#define ENTRIES_READ_MAX 1000 /* of the folder: a larger one is no place where plans are kept */
#define FOLDER_BYTES_MAX 4096

/* Plan files of one folder, with the folder in front of them as it was typed. */
struct found {
	struct span v[ENTRIES_READ_MAX];
	size_t count;
};

/* JSON is not counted: most of it is no plan. */
static bool plan_like(const char *name)
{
	const char *ending = strrchr(name, '.');

	return ending && ending > name && name[0] != '.' &&
	       (strcmp(ending, ".yaml") == 0 || strcmp(ending, ".yml") == 0);
}

static int by_name(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

static struct span found_name(const void *ctx, size_t index)
{
	return ((const struct found *)ctx)->v[index];
}

static void look_around(struct plan *p, struct span lead, struct found *out)
{
	char folder[FOLDER_BYTES_MAX];
	struct dirent *entry;
	DIR *dir;

	if (lead.len >= sizeof(folder))
		return;
	memcpy(folder, lead.p, lead.len);
	folder[lead.len] = '\0';
	dir = opendir(lead.len ? folder : ".");
	for (size_t i = 0; dir && i < ENTRIES_READ_MAX && (entry = readdir(dir)) != NULL; i++) {
		CLEANUP(buf_release) struct buf path = BUF_INIT;

		if (entry->d_type != DT_REG && entry->d_type != DT_LNK &&
		    entry->d_type != DT_UNKNOWN)
			continue;
		if (!plan_like(entry->d_name))
			continue;
		buf_put(&path, lead.p, lead.len);
		buf_puts(&path, entry->d_name);
		out->v[out->count++] = arena_copy(&p->text, (struct span){ path.p, path.len });
	}
	if (dir)
		closedir(dir);
	qsort(out->v, out->count, sizeof(out->v[0]), by_name);
}

/* The plan that is meant when only its ending was left out, or NULL. */
static const struct span *without_ending(const struct found *found, struct span path)
{
	for (size_t i = 0; i < found->count; i++)
		if (found->v[i].len > path.len && memcmp(found->v[i].p, path.p, path.len) == 0 &&
		    found->v[i].p[path.len] == '.')
			return &found->v[i];
	return NULL;
}

int plan_missing(struct plan *p, const struct source *source, struct span path)
{
	struct reading r = { &p->problems, NULL, NULL, &p->text };
	const char *slash = memrchr(path.p, '/', path.len);
	struct span lead = { path.p, slash ? (size_t)(slash + 1 - path.p) : 0 };
	CLEANUP(mem_free) struct found *found = mem_zalloc(sizeof(*found));
	const struct span *meant;
	const char *near;

	look_around(p, lead, found);
	meant = without_ending(found, path);
	if (meant)
		return problem_add_code(&p->problems, -SK_EUSAGE, source,
					"no such file; did you mean %s?",
					problem_quote(&p->problems, *meant));
	near = value_suggest(&r, path, &(struct words){ found_name, found, found->count });
	if (near[0] == ';')
		return problem_add_code(&p->problems, -SK_EUSAGE, source, "no such file%s", near);
	if (near[0])
		return problem_add_code(&p->problems, -SK_EUSAGE, source,
					"no such file%s, or sk help run, which shows a plan", near);
	return problem_add_code(&p->problems, -SK_EUSAGE, source,
				"no such file%s. Try: sk help run, which shows a plan",
				lead.len ? "" : ", and no plan in this folder");
}
