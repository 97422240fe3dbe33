/* What the tables of the knowledge database are, version by version. */
#ifndef SK_KB_SCHEMA_H
#define SK_KB_SCHEMA_H

#define KB_SCHEMA_VERSION 35 /* the newest that this program knows */

#endif
