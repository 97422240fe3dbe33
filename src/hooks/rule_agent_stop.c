/* An agent has come back: its entry in the dispatch marker goes, so that commits are free again. A
 * marker that somebody changed is not signed anew by taking something out of it. */
#include "hooks/hook.h"
#include "hooks/stop_event.h"
#include "work/marker.h"

static int clear(struct hook *h, const struct stop_event *stop, struct err *e)
{
	struct marker m;
	size_t cleared = 0;
	int rc = marker_open(&m, h->copilot, MARKER_WRITE, "sk hooks run", e);

	if (rc < 0)
		return rc;
	if (m.trust == MARKER_BROKEN)
		rc = err_set(e, -SK_EREFUSED, "%s", marker_trust_text(m.trust));
	else
		cleared = marker_clear_named(&m, stop->ids, stop->id_count, stop->names,
					     stop->name_count);
	if (cleared)
		rc = marker_commit(&m, h->now_ms, e);
	marker_close(&m);
	return rc < 0 ? rc : cleared > 0;
}

int rule_agent_stop(struct hook *h, struct err *e)
{
	struct stop_event stop;
	int rc = 0;

	stop_event_read((struct span){ h->payload.text.p, h->payload.text.len }, &stop);
	if (h->copilot && stop.id_count + stop.name_count)
		rc = clear(h, &stop, e);
	stop_event_release(&stop);
	return rc;
}
