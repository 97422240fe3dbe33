/*
 * Chance, and the record of what happened. Everything that is drawn comes from one stream, so a
 * world is its seed; everything that happens is written into one hash, so two worlds that differ
 * anywhere have different hashes.
 */
#include <stdarg.h>
#include <string.h>

#include "base/hash.h"
#include "world.h"

static const char *const fault_texts[] = {
#define X(name, text) text,
	SIM_FAULTS(X)
#undef X
};

static const char *const sight_texts[] = {
#define X(name, text) text,
	SIM_SIGHTS(X)
#undef X
};

static const char *const plant_texts[] = {
#define X(name, text) text,
	SIM_PLANTS(X)
#undef X
};

const char *sim_fault_text(unsigned fault)
{
	return fault_texts[fault];
}

const char *sim_sight_text(unsigned sight)
{
	return sight_texts[sight];
}

const char *sim_plant_text(unsigned plant)
{
	return plant_texts[plant];
}

uint64_t draw(struct world *w)
{
	uint64_t z = w->chance += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

unsigned below(struct world *w, unsigned limit)
{
	return (unsigned)(draw(w) % limit);
}

bool one_in(struct world *w, unsigned n)
{
	return below(w, n) == 0;
}

int64_t wall_ms(const struct world *w)
{
	return w->mono_ms + w->offset_ms;
}

void note(struct world *w, const char *fmt, ...)
{
	va_list args;

	buf_truncate(&w->line, 0);
	va_start(args, fmt);
	buf_putfv(&w->line, fmt, args);
	va_end(args);
	w->out->hash = hash64(w->line.p, w->line.len, w->out->hash);
	if (w->trace)
		fprintf(w->trace, "%8lld  %s\n", (long long)w->mono_ms, w->line.p);
}

void saw(struct world *w, enum sim_sight sight)
{
	w->out->sights[sight]++;
}

void fault_fired(struct world *w, enum sim_fault fault)
{
	w->out->faults[fault]++;
	note(w, "fault: %s", fault_texts[fault]);
}

void wrong(struct world *w, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	va_list args;

	if (w->out->failed)
		return;
	va_start(args, fmt);
	buf_putfv(&text, fmt, args);
	va_end(args);
	w->out->failed = true;
	snprintf(w->out->text, sizeof(w->out->text), "%s", text.p);
	note(w, "WRONG: %s", w->out->text);
}

bool fault_on(const struct world *w, enum sim_fault fault)
{
	return !w->quiet && (w->faults_on & 1U << fault);
}
