/*
 * From the words of the command line to trees. What kind a file is, is told by its name, and only
 * where the name says nothing by its first character.
 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/plan_json.h"
#include "plan/plan_model.h"
#include "plan/plan_text.h"
#include "plan/plan_yaml.h"

void plan_init(struct plan *p, const struct plan_options *options, struct submission *out)
{
	*p = (struct plan){ .options = options, .out = out };
	p->params_used = mem_zalloc(options->param_count + 1);
}

static void file_release(struct plan_file *f)
{
	node_tree_release(&f->tree);
	buf_release(&f->raw);
	mem_free(&f->folder_tasks);
	mem_free(&f->params);
	rules_release(&f->rules);
	mem_free(&f->tasks);
	map_release(&f->names);
	map_release(&f->folded);
}

void plan_release(struct plan *p)
{
	for (size_t i = 0; i < p->file_count; i++)
		file_release(&p->files[i]);
	mem_free(&p->files);
	mem_free(&p->wants);
	mem_free(&p->wants_at);
	mem_free(&p->declared);
	mem_free(&p->resource_origins);
	mem_free(&p->params_used);
	map_release(&p->resources);
	problems_release(&p->problems);
	arena_release(&p->text);
}

struct plan_file *plan_file_add(struct plan *p, const struct source *source, struct span stem)
{
	struct plan_file *f;

	mem_grow(&p->files, &p->file_capacity, p->file_count + 1, sizeof(*p->files));
	f = &p->files[p->file_count++];
	*f = (struct plan_file){ .source = source, .stem = arena_copy(&p->text, stem) };
	return f;
}

static bool ends_with(struct span text, const char *tail)
{
	size_t len = strlen(tail);

	return text.len > len && memcmp(text.p + text.len - len, tail, len) == 0;
}

/* The file's name without folders and without its last ending. */
static struct span stem_of(struct span path)
{
	static const char *const endings[] = { ".yaml", ".yml", ".json" };
	const char *slash = memrchr(path.p, '/', path.len);
	struct span name = path;

	if (slash)
		name = (struct span){ slash + 1, path.len - (size_t)(slash + 1 - path.p) };
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (ends_with(name, endings[i])) {
			name.len -= strlen(endings[i]);
			break;
		}
	return name;
}

static bool json_inside(struct span path, struct span text)
{
	if (ends_with(path, ".json"))
		return true;
	if (ends_with(path, ".yaml") || ends_with(path, ".yml"))
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!strchr(" \t\r\n", text.p[i]))
			return text.p[i] == '{' || text.p[i] == '[';
	return false;
}

static int file_parse(struct plan *p, struct plan_file *f, const char *path)
{
	struct span text, name = f->source->path;
	int rc = text_read(&p->problems, f->source, path, PLAN_BYTES_MAX, &f->raw);

	text = (struct span){ f->raw.p, f->raw.len };
	if (rc == 0)
		rc = text_check(&p->problems, f->source, text);
	if (rc < 0)
		return rc;
	if (json_inside(name, text))
		rc = json_read(&p->problems, f->source, text, &f->tree);
	else if (text.len > PLAN_YAML_BYTES_MAX)
		rc = problem_add(&p->problems, f->source, (struct place){ 0, 0 },
				 "YAML larger than %d MiB. Try: write a plan of this size as JSON",
				 PLAN_YAML_BYTES_MAX >> 20);
	else
		rc = yaml_read(&p->problems, f->source, text, &f->tree);
	if (rc < 0)
		return rc;
	f->root = f->tree.root;
	if (f->root->kind != NODE_MAP)
		return problem_add(&p->problems, f->source, node_place(f->root),
				   "expected a map at top level, found %s. Try: begin with tasks:",
				   node_kind_words(f->root));
	return 0;
}

void plan_files_read(struct plan *p)
{
	const struct plan_options *o = p->options;

	if (o->file_count == 0 || o->file_count > PLAN_FILES_MAX) {
		problem_add(&p->problems, NULL, (struct place){ 0, 0 },
			    "expected 1..%d plan files. Try: sk run PLAN", PLAN_FILES_MAX);
		return;
	}
	for (size_t i = 0; i < o->file_count; i++) {
		struct span path = span_of(o->files[i]);
		struct plan_file *f;
		struct stat st;

		if (stat(o->files[i], &st) == 0 && S_ISDIR(st.st_mode)) {
			plan_folder_read(p, o->files[i]);
			continue;
		}
		f = plan_file_add(p, problems_source(&p->problems, path), stem_of(path));
		if (access(o->files[i], F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR)) {
			f->broken = plan_missing(p, f->source, path) < 0;
			continue;
		}
		f->broken = file_parse(p, f, o->files[i]) < 0;
	}
}
