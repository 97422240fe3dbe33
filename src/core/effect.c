/* A plain growing list: effects are few and live for one turn. */
#include "core/effect.h"

void effects_release(struct effects *fx)
{
	mem_free(&fx->v);
	*fx = (struct effects)EFFECTS_INIT;
}

void effects_add(struct effects *fx, struct effect e)
{
	mem_grow(&fx->v, &fx->capacity, fx->count + 1, sizeof(*fx->v));
	fx->v[fx->count++] = e;
}
