/* The documents of the table in view.c; see the `encode` of struct view_row. */
#ifndef SK_VIEWS_DOCUMENTS_H
#define SK_VIEWS_DOCUMENTS_H

#include "views/view.h"

/* index.c: from a key to the sorted ids of its tasks. */
void index_by_workstream(struct view_source *src, uint32_t ws, struct view_stamp stamp,
			 struct buf *out);
void index_by_status(struct view_source *src, uint32_t ws, struct view_stamp stamp,
		     struct buf *out);
void index_by_worker(struct view_source *src, uint32_t ws, struct view_stamp stamp,
		     struct buf *out);

/* dag.c, execution_plan.c */
void dag_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp, struct buf *out);
void execution_plan_encode(struct view_source *src, uint32_t ws, struct view_stamp stamp,
			   struct buf *out);

#endif
