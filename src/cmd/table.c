/* cmd_list.h expanded: once to declarations, once to the array. Nothing else knows how many
 * commands there are. */
#include "cmd/cmd.h"

#include "base/str.h"

#define CMD(name) extern const struct cmd cmd_##name;
#include "cmd/cmd_list.h"
#undef CMD

#define GROUP "tentacle " /* of the commands on goals */

const struct cmd *const cmd_table[] = {
#define CMD(name) &cmd_##name,
#include "cmd/cmd_list.h"
#undef CMD
};

const size_t cmd_count = ARRAY_LEN(cmd_table);

/* Half a hundred rows are too many for one look. A section ends where the next one begins, so a new
 * row falls under the heading it is written beneath. */
static const struct {
	const struct cmd *first;
	const char *heading;
} sections[] = {
	/* clang-format off */
	{ &cmd_run, "Run" },
	{ &cmd_status, "Look" },
	{ &cmd_recommend, "Mend" },
	{ &cmd_tentacle_goal_init, "Goals" },
	{ &cmd_tentacle_create, "Tentacles" },
	{ &cmd_state_show, "State" },
	{ &cmd_classify, "Agents" },
	{ &cmd_learn, "Knowledge" },
	{ &cmd_cron_add, "Maintenance" },
	{ &cmd_daemon, "Serve" },
	{ &cmd_help, "Other" },
	/* clang-format on */
};

const char *cmd_heading(const struct cmd *cmd)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (sections[i].first == cmd)
			return sections[i].heading;
	return NULL;
}

bool cmd_shown(const struct cmd *cmd)
{
	return strncmp(cmd->path, "__", 2) != 0;
}

/* How many words of `words` the path (up to a | or its end) takes when it is their prefix, else 0.
 * "goal ..." is short for "tentacle goal ...". */
static size_t path_fits(const char *path, char *const *words, size_t count)
{
	size_t used = 0;

	if (count && strcmp(words[0], "goal") == 0 && strncmp(path, GROUP, strlen(GROUP)) == 0)
		path += strlen(GROUP);
	while (*path && *path != '|') {
		size_t len = strcspn(path, " |");

		if (used == count || strlen(words[used]) != len ||
		    memcmp(words[used], path, len) != 0)
			return 0;
		used++;
		path += len + (path[len] == ' ');
	}
	return used;
}

/* The same for the other names of a row. */
static size_t alias_fits(const char *alias, char *const *words, size_t count)
{
	while (alias) {
		size_t fits = path_fits(alias, words, count);

		if (fits)
			return fits;
		alias = strchr(alias, '|');
		alias = alias ? alias + 1 : NULL;
	}
	return 0;
}

const struct cmd *cmd_find(char *const *words, size_t count, size_t *used)
{
	const struct cmd *best = NULL;

	*used = 0;
	for (size_t i = 0; i < cmd_count; i++) {
		size_t fits = path_fits(cmd_table[i]->path, words, count);

		if (fits == 0)
			fits = alias_fits(cmd_table[i]->alias, words, count);
		if (fits > *used) {
			*used = fits;
			best = cmd_table[i];
		}
	}
	return best;
}

const struct cmd *cmd_nearest(const char *word)
{
	const struct cmd *near = NULL;
	unsigned best = 3;

	for (size_t i = 0; i < cmd_count; i++) {
		unsigned distance;

		if (!cmd_shown(cmd_table[i]))
			continue;
		distance = word_distance(span_of(word), span_of(cmd_table[i]->path), best);
		if (distance < best) {
			best = distance;
			near = cmd_table[i];
		}
	}
	return near;
}
