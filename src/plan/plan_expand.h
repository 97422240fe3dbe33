/*
 * One declared task -> several: matrix: (every combination of its axes) and foreach: (one a item).
 * A task without either stands for itself.
 */
#ifndef SK_PLAN_EXPAND_H
#define SK_PLAN_EXPAND_H

#include "plan/plan_value.h"

/* `count` instances; instance i has the values rows[i * axis_count ..]. */
struct expansion {
	bool grouped;  /* there is a matrix or a foreach */
	bool numbered; /* foreach: instances are called after their place */
	uint32_t axis_count;
	struct span axes[MATRIX_AXES_MAX];       /* "os", ...; "item" for foreach */
	struct span references[MATRIX_AXES_MAX]; /* "matrix.os", ...; "item" */
	struct span variables[MATRIX_AXES_MAX];  /* "SK_MATRIX_OS", ...; "SK_ITEM" */
	struct span *rows;
	size_t row_capacity; /* in values */
	uint32_t count;
};

#define EXPANSION_INIT           \
	{                        \
		.grouped = false \
	}

void expansion_release(struct expansion *x);

/*
 * Reads the members matrix and foreach of a task (either may be NULL). Files are looked for below
 * `directory`. Returns 0, -SK_EUSAGE or -errno with the problem added.
 */
int expansion_read(const struct reading *r, const struct node *matrix, const struct node *foreach,
		   struct span directory, struct expansion *out);

/* Appends the name of instance i of the task `name`. */
void expansion_name(const struct expansion *x, struct span name, uint32_t i, struct buf *out);

#endif
