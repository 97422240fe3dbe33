/*
 * A supervised agent is lost when the process that watched over it is gone: that one records every
 * other end. One that was only dispatched is not judged here, for its task may still be waiting.
 */
#include "work/owner.h"

#include "work/goal_store_impl.h"

int owner_self(struct tentacle_owner *out, struct owner_texts *texts, struct span nonce)
{
	int rc = proc_self(&texts->who);

	if (rc < 0)
		return rc;
	*out = (struct tentacle_owner){ .pid = texts->who.pid,
					.pid_start = texts->who.start,
					.boot_id = span_of(texts->who.boot_id),
					.nonce = nonce };
	return 0;
}

enum owner_life owner_life(const struct tentacle_owner *o)
{
	struct proc_identity who = { .pid = o->pid, .start = o->pid_start };
	int rc;

	if (!o->pid || !o->pid_start || o->boot_id.len != BOOT_ID_LEN)
		return OWNER_UNKNOWN;
	memcpy(who.boot_id, o->boot_id.p, BOOT_ID_LEN);
	rc = proc_alive(&who);
	return rc < 0 ? OWNER_UNKNOWN : rc ? OWNER_ALIVE : OWNER_DEAD;
}

const char *owner_life_word(enum owner_life life)
{
	static const char *const words[] = { "unknown", "alive", "dead" };

	return words[life];
}

/* It has said how the work stands; only its own last record is missing. */
static void forget_owner(struct turn *t, const struct tentacle *which,
			 const struct goal_words *words)
{
	struct tentacle next = *which;

	next.owner = (struct tentacle_owner){ .pid = 0 };
	tentacle_record(t, &next, EV_TENTACLE_UPDATED, words);
}

static bool gone(const struct tentacle *which)
{
	return which->status != TENTACLE_DISPATCHED && which->status != TENTACLE_LOST &&
	       owner_life(&which->owner) == OWNER_DEAD;
}

void owners_look(struct goal_store *s)
{
	const struct goal_words words = {
		.reason = SPAN_LIT("the process that watched over its agent is gone")
	};
	const struct goals *all = &s->st.goals;

	for (size_t i = 0; i < all->tentacle_count; i++) {
		struct tentacle next;

		if (!gone(&all->tentacles[i]))
			continue;
		/* The agent may have left its hand-off. */
		if (tentacle_look(s, all->tentacles[i].name, NULL) < 0 || !gone(&all->tentacles[i]))
			continue;
		if (all->tentacles[i].status != TENTACLE_RUNNING) {
			forget_owner(&s->turn, &all->tentacles[i], &words);
			continue;
		}
		next = all->tentacles[i];
		next.ended_ms = s->turn.now_ms;
		(void)tentacle_move(&s->turn, &next, ON_OWNER_LOST, &words);
	}
}
