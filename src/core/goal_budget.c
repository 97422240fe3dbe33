/*
 * A limit bites before it is passed: a goal with three iterations opens three and not a fourth, and
 * one whose tokens are all used begins nothing new.
 */
#include "core/goal_budget.h"

#include <errno.h>

#include "base/err.h"
#include "base/limits.h"

#define MINUTE_MS 60000

const char *goal_limit_word(enum goal_limit limit)
{
	static const char *const words[] = {
#define X(name, word, text) word,
		GOAL_LIMITS(X)
#undef X
	};

	return words[limit];
}

const char *goal_limit_text(enum goal_limit limit)
{
	static const char *const texts[] = {
#define X(name, word, text) text,
		GOAL_LIMITS(X)
#undef X
	};

	return texts[limit];
}

void goal_use_read(const struct goal *g, int64_t now_ms, struct goal_use out[GOAL_LIMIT_COUNT])
{
	const struct goal_budget *b = &g->budget;
	uint64_t active_ms = goal_active_ms(g, now_ms);

	memset(out, 0, GOAL_LIMIT_COUNT * sizeof(*out));
	/* Going back gives none of them back: they were opened, and used what they used. */
	out[GOAL_LIMIT_ITERATIONS].used =
		g->iterations.count > g->iteration ? g->iterations.count : g->iteration;
	out[GOAL_LIMIT_ITERATIONS].limit = b->max_iterations;
	out[GOAL_LIMIT_TENTACLES].used = goal_tentacle_count(g);
	out[GOAL_LIMIT_TENTACLES].limit = b->max_tentacles;
	out[GOAL_LIMIT_TIMEOUT].used = active_ms / MINUTE_MS;
	out[GOAL_LIMIT_TIMEOUT].limit = b->timeout_minutes;
	out[GOAL_LIMIT_TOKENS].used = g->spent_tokens;
	out[GOAL_LIMIT_TOKENS].limit = b->max_tokens;
	out[GOAL_LIMIT_COST].used = g->spent_micros;
	out[GOAL_LIMIT_COST].limit = b->max_cost_micros;
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		struct goal_use *u = &out[i];

		u->over = u->limit && u->used > u->limit;
		/* All tentacles may be there already: another iteration can go on with them. */
		u->next = u->limit && (i == GOAL_LIMIT_TENTACLES ? u->over : u->used >= u->limit);
	}
}

bool goal_budget_spent(const struct goal *g, int64_t now_ms, struct buf *words)
{
	struct goal_use use[GOAL_LIMIT_COUNT];
	bool any = false;

	goal_use_read(g, now_ms, use);
	for (int i = 0; i < GOAL_LIMIT_COUNT; i++) {
		if (!use[i].next)
			continue;
		if (words)
			buf_putf(words, "%s%s", any ? "," : "", goal_limit_word(i));
		any = true;
	}
	return any;
}

int cost_decode(struct span text, uint64_t *micros)
{
	const char *point = text.len ? memchr(text.p, '.', text.len) : NULL;
	struct span whole = { text.p, point ? (size_t)(point - text.p) : text.len };
	uint64_t units, part = 0, scale = 100000;

	if (span_to_u64(whole, INTEGER_MAX / 1000000 - 1, &units) < 0)
		return -EINVAL;
	if (point && (whole.len + 1 == text.len || text.len - whole.len - 1 > 6))
		return -EINVAL;
	for (size_t i = whole.len + 1; i < text.len; i++, scale /= 10) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -EINVAL;
		part += (uint64_t)(text.p[i] - '0') * scale;
	}
	*micros = units * 1000000 + part;
	return 0;
}

void buf_put_cost(struct buf *out, uint64_t micros)
{
	size_t shortest;

	buf_putf(out, "%llu.", (unsigned long long)(micros / 1000000));
	shortest = out->len + 2;
	buf_putf(out, "%06llu", (unsigned long long)(micros % 1000000));
	while (out->len > shortest && out->p[out->len - 1] == '0')
		buf_truncate(out, out->len - 1);
}

int goal_budget_check(struct turn *t, const struct goal_budget *b)
{
	const struct {
		const char *key;
		uint64_t value, max;
	} rows[] = {
		{ "max_iterations", b->max_iterations, GOAL_ITERATIONS_MAX },
		{ "max_tentacles", b->max_tentacles, TENTACLES_MAX },
		{ "timeout_minutes", b->timeout_minutes, GOAL_TIMEOUT_MINUTES_MAX },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value > rows[i].max)
			return turn_refuse(t, -SK_EUSAGE,
					   "budget.%s: expected an integer from 1 to %llu, found "
					   "%llu: nothing was changed. Try: sk help tentacle goal "
					   "budget",
					   rows[i].key, (unsigned long long)rows[i].max,
					   (unsigned long long)rows[i].value);
	return 0;
}

int goal_budget_set(struct turn *t, const struct goal *g, const struct goal_budget *budget,
		    const struct goal_words *words)
{
	struct goal next = *g;
	int rc = goal_budget_check(t, budget);

	if (rc < 0)
		return rc;

	if (goal_state_final(g->status))
		return turn_refuse(t, -SK_EREFUSED,
				   "goal \"%.*s\" is %s: nothing was changed. Try: sk tentacle "
				   "goal init --title TEXT",
				   SPAN_ARG(g->title), goal_state_word(g->status));
	next.budget = *budget;
	goal_record(t, &next, EV_GOAL_BUDGET, words);
	return 0;
}

static bool add(uint64_t *sum, uint64_t more)
{
	if (more > INTEGER_MAX || *sum > INTEGER_MAX - more)
		return false;
	*sum += more;
	return true;
}

int goal_spend(struct turn *t, const struct goal *g, struct span tentacle, uint64_t tokens,
	       uint64_t micros, const struct goal_words *words)
{
	const struct tentacle *who = goals_tentacle(&t->st->goals, tentacle);
	struct goal_words named = words ? *words : (struct goal_words){ .attempt = 0 };
	struct goal next = *g;
	struct tentacle t_next;

	if (!add(&next.spent_tokens, tokens) || !add(&next.spent_micros, micros))
		return turn_refuse(t, -SK_EUSAGE,
				   "goal \"%.*s\": with that it would have used more than can be "
				   "counted: nothing was changed",
				   SPAN_ARG(g->title));
	named.name = tentacle;
	goal_record(t, &next, EV_GOAL_SPENT, &named);
	if (!tentacle.len)
		return 0;
	INVARIANT(who);
	t_next = *who;
	add(&t_next.spent_tokens, tokens);
	add(&t_next.spent_micros, micros);
	tentacle_record(t, &t_next, EV_TENTACLE_UPDATED, &named);
	return 0;
}
