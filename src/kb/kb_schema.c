/*
 * The list stands here and not in many files, because it is read as a story from top to bottom.
 * Columns that are added later have no constraint and a constant default, so that they can be added
 * to a table with rows in it. Nothing refers to another table by a constraint: rows come from
 * several programs, in any order.
 *
 * A stable id is what the same thing is called on another machine: a digest of its kind and of what
 * tells it from others. sk_stable_id is a function of ours (kb_backfill.c).
 */
#include "kb/kb_schema.h"

#include <stddef.h>

#include "base/base.h"

#define FTS_OLD "tokenize='unicode61 remove_diacritics 2'"
#define FTS_NEW "tokenize='porter unicode61'"

#define NO_STABLE_ID " WHERE stable_id IS NULL OR stable_id=''"

/*
 * Ids for the rows that have none, and new ones for rows that share one. Of rows that say the same
 * the first gets the id, unless somebody has it; the others get ids that only this machine knows.
 * All are worked out before the first is written, since they are unique at every moment.
 */
#define MAKE_IDS(table, kind, parts)                                                            \
	"UPDATE " table " SET stable_id=NULL WHERE stable_id IS NOT NULL AND id NOT IN "        \
	"(SELECT min(id) FROM " table " GROUP BY stable_id);"                                   \
	"UPDATE " table " SET stable_id=made.v FROM (SELECT id AS row, CASE WHEN row_number() " \
	"OVER (PARTITION BY b ORDER BY id)=1 AND b NOT IN (SELECT stable_id FROM " table        \
	" WHERE stable_id IS NOT NULL) THEN b ELSE sk_stable_id('" kind "', b, id) END AS v "   \
	"FROM (SELECT id, sk_stable_id('" kind "', " parts ") AS b FROM " table NO_STABLE_ID    \
	")) AS made WHERE id=made.row;"

#define STABLE_IDS                                                                             \
	MAKE_IDS("documents", "document", "session_id, doc_type, seq, title")                  \
	MAKE_IDS("sections", "section",                                                        \
		 "(SELECT d.stable_id FROM documents d WHERE d.id=document_id), section_name") \
	MAKE_IDS("knowledge_entries", "knowledge", "category, title, session_id")              \
	"UPDATE knowledge_relations SET source_stable_id=coalesce((SELECT k.stable_id FROM "   \
	"knowledge_entries k WHERE k.id=source_id), ''), target_stable_id=coalesce((SELECT "   \
	"k.stable_id FROM knowledge_entries k WHERE k.id=target_id), '') WHERE "               \
	"source_stable_id IS NULL OR target_stable_id IS NULL;"                                \
	"UPDATE knowledge_relations SET stable_id=sk_stable_id('knowledge_relation', "         \
	"source_stable_id, target_stable_id, relation_type)" NO_STABLE_ID ";"                  \
	"UPDATE entity_relations SET stable_id=sk_stable_id('entity_relation', subject, "      \
	"predicate, object)" NO_STABLE_ID ";"                                                  \
	"UPDATE search_feedback SET stable_id=sk_stable_id('search_feedback', query, "         \
	"result_id, result_kind, created_at)" NO_STABLE_ID ";"

static const struct kb_schema_version versions[] = {
	{ 1, "base",
	  "CREATE TABLE schema_version(version INTEGER PRIMARY KEY, migrated_at TEXT, name TEXT);"
	  "CREATE TABLE sessions(id TEXT PRIMARY KEY, path TEXT, summary TEXT DEFAULT '',"
	  " total_checkpoints INTEGER DEFAULT 0, total_research INTEGER DEFAULT 0,"
	  " total_files INTEGER DEFAULT 0, has_plan INTEGER DEFAULT 0,"
	  " source TEXT DEFAULT 'copilot', indexed_at TEXT);"
	  "CREATE TABLE documents(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT,"
	  " doc_type TEXT, seq INTEGER DEFAULT 0, title TEXT, file_path TEXT UNIQUE,"
	  " file_hash TEXT, size_bytes INTEGER DEFAULT 0, content_preview TEXT DEFAULT '',"
	  " source TEXT DEFAULT 'copilot', indexed_at TEXT);"
	  "CREATE TABLE sections(id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER,"
	  " section_name TEXT, content TEXT, UNIQUE(document_id, section_name));"
	  "CREATE TABLE knowledge_entries(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT,"
	  " document_id INTEGER, category TEXT, title TEXT, content TEXT, tags TEXT DEFAULT '',"
	  " confidence REAL DEFAULT 0.5, occurrence_count INTEGER DEFAULT 1, first_seen TEXT,"
	  " last_seen TEXT, source TEXT DEFAULT 'copilot', topic_key TEXT,"
	  " revision_count INTEGER DEFAULT 1, content_hash TEXT,"
	  " UNIQUE(category, title, session_id));"
	  "CREATE TABLE knowledge_relations(id INTEGER PRIMARY KEY AUTOINCREMENT,"
	  " source_id INTEGER, target_id INTEGER, relation_type TEXT, confidence REAL DEFAULT 0.5,"
	  " created_at TEXT, UNIQUE(source_id, target_id, relation_type));"
	  "CREATE TABLE embeddings(id INTEGER PRIMARY KEY AUTOINCREMENT, source_type TEXT,"
	  " source_id INTEGER, provider TEXT, model TEXT, dimensions INTEGER, vector BLOB,"
	  " text_preview TEXT, created_at TEXT, UNIQUE(source_type, source_id, provider, model));"
	  "CREATE TABLE embedding_meta(key TEXT PRIMARY KEY, value TEXT);"
	  "CREATE TABLE tfidf_model(id INTEGER PRIMARY KEY, model_data BLOB, doc_count INTEGER,"
	  " built_at TEXT);"
	  "CREATE VIRTUAL TABLE knowledge_fts USING fts5(title, section_name, content, doc_type,"
	  " session_id UNINDEXED, document_id UNINDEXED, " FTS_OLD ");"
	  "CREATE VIRTUAL TABLE ke_fts USING fts5(title, content, tags, category, " FTS_OLD ");",
	  NULL,
	  "CREATE INDEX idx_documents_session ON documents(session_id);"
	  "CREATE INDEX idx_sections_document ON sections(document_id);"
	  "CREATE INDEX idx_entries_category ON knowledge_entries(category);"
	  "CREATE INDEX idx_entries_session ON knowledge_entries(session_id);"
	  "CREATE INDEX idx_entries_topic ON knowledge_entries(topic_key);"
	  "CREATE INDEX idx_relations_source ON knowledge_relations(source_id);"
	  "CREATE INDEX idx_relations_target ON knowledge_relations(target_id);" },
	{ 2, "wing and room of an entry",
	  "ALTER TABLE knowledge_entries ADD COLUMN wing TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN room TEXT DEFAULT '';",
	  NULL, "CREATE INDEX idx_entries_wing ON knowledge_entries(wing, room);" },
	{ 3, "relations between entities",
	  "CREATE TABLE entity_relations(id INTEGER PRIMARY KEY AUTOINCREMENT, subject TEXT,"
	  " predicate TEXT, object TEXT, noted_at TEXT, session_id TEXT,"
	  " UNIQUE(subject, predicate, object));",
	  NULL, NULL },
	{ 4, "what a session wakes up with",
	  "CREATE TABLE wakeup_config(key TEXT PRIMARY KEY, value TEXT);", NULL, NULL },
	{ 5, "facts of an entry",
	  "ALTER TABLE knowledge_entries ADD COLUMN facts TEXT DEFAULT '[]';", NULL, NULL },
	{ 6, "estimated tokens of an entry",
	  "ALTER TABLE knowledge_entries ADD COLUMN est_tokens INTEGER DEFAULT 0;",
	  "UPDATE knowledge_entries SET est_tokens=(length(coalesce(title,''))"
	  "+length(coalesce(content,'')))/4 WHERE coalesce(est_tokens,0)=0;",
	  NULL },
	{ 7, "indexing in two phases",
	  "ALTER TABLE sessions ADD COLUMN file_mtime REAL DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN indexed_at_r REAL DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN fts_indexed_at REAL DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN event_count_estimate INTEGER DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN file_size_bytes INTEGER DEFAULT 0;"
	  "CREATE TABLE event_offsets(session_id TEXT, event_id INTEGER, byte_offset INTEGER,"
	  " file_mtime REAL, PRIMARY KEY(session_id, event_id));",
	  NULL, NULL },
	{ 8, "full-text search of sessions",
	  "CREATE VIRTUAL TABLE sessions_fts USING fts5(session_id UNINDEXED, title,"
	  " user_messages, assistant_messages, tool_names, " FTS_NEW ");",
	  NULL, NULL },
	{ 9, "feedback on what was found",
	  "CREATE TABLE search_feedback(id INTEGER PRIMARY KEY AUTOINCREMENT, query TEXT,"
	  " result_id TEXT, result_kind TEXT, verdict INTEGER DEFAULT 0, comment TEXT,"
	  " origin TEXT, created_at TEXT);",
	  NULL, "CREATE INDEX idx_feedback_result ON search_feedback(result_kind, result_id);" },
	{ 10, "where an entry comes from",
	  "ALTER TABLE knowledge_entries ADD COLUMN task_id TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN affected_files TEXT DEFAULT '[]';"
	  "ALTER TABLE knowledge_entries ADD COLUMN source_section TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN source_file TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN start_line INTEGER DEFAULT 0;"
	  "ALTER TABLE knowledge_entries ADD COLUMN end_line INTEGER DEFAULT 0;"
	  "ALTER TABLE knowledge_entries ADD COLUMN code_language TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN code_snippet TEXT DEFAULT '';",
	  NULL, "CREATE INDEX idx_entries_task ON knowledge_entries(task_id);" },
	{ 11, "what was recalled",
	  "CREATE TABLE recall_events(id INTEGER PRIMARY KEY AUTOINCREMENT, event_kind TEXT,"
	  " tool TEXT, surface TEXT, mode TEXT, raw_query TEXT, rewritten_query TEXT,"
	  " selected_entry_ids TEXT DEFAULT '[]', hit_count INTEGER DEFAULT 0,"
	  " opened_entry_id INTEGER, session_id TEXT, created_at TEXT);",
	  NULL, "CREATE INDEX idx_recall_created ON recall_events(created_at);" },
	{ 12, "stable ids",
	  "ALTER TABLE documents ADD COLUMN stable_id TEXT;"
	  "ALTER TABLE sections ADD COLUMN stable_id TEXT;"
	  "ALTER TABLE knowledge_entries ADD COLUMN stable_id TEXT;"
	  "ALTER TABLE knowledge_relations ADD COLUMN stable_id TEXT;"
	  "ALTER TABLE knowledge_relations ADD COLUMN source_stable_id TEXT;"
	  "ALTER TABLE knowledge_relations ADD COLUMN target_stable_id TEXT;"
	  "ALTER TABLE entity_relations ADD COLUMN stable_id TEXT;"
	  "ALTER TABLE search_feedback ADD COLUMN stable_id TEXT;"
	  "CREATE TABLE sync_metadata(key TEXT PRIMARY KEY, value TEXT);",
	  STABLE_IDS,
	  "CREATE UNIQUE INDEX idx_documents_stable ON documents(stable_id)"
	  " WHERE stable_id IS NOT NULL;"
	  "CREATE UNIQUE INDEX idx_sections_stable ON sections(stable_id)"
	  " WHERE stable_id IS NOT NULL;"
	  "CREATE UNIQUE INDEX idx_entries_stable ON knowledge_entries(stable_id)"
	  " WHERE stable_id IS NOT NULL;"
	  "CREATE INDEX idx_relations_stable ON knowledge_relations(stable_id);"
	  "CREATE INDEX idx_entity_relations_stable ON entity_relations(stable_id);"
	  "CREATE INDEX idx_feedback_stable ON search_feedback(stable_id);" },
	{ 13, "exchange with other machines",
	  "CREATE TABLE sync_state(key TEXT PRIMARY KEY, value TEXT, updated_at TEXT);"
	  "CREATE TABLE sync_table_policies(table_name TEXT PRIMARY KEY, policy TEXT);"
	  "CREATE TABLE sync_txns(txn_id TEXT PRIMARY KEY, replica_id TEXT, status TEXT,"
	  " created_at TEXT, committed_at TEXT);"
	  "CREATE TABLE sync_ops(id INTEGER PRIMARY KEY AUTOINCREMENT, txn_id TEXT, op_index"
	  " INTEGER, table_name TEXT, op_type TEXT, row_stable_id TEXT, payload TEXT,"
	  " created_at TEXT);"
	  "CREATE TABLE sync_cursors(replica_id TEXT PRIMARY KEY, last_txn_id TEXT, updated_at"
	  " TEXT);"
	  "CREATE TABLE sync_failures(id INTEGER PRIMARY KEY AUTOINCREMENT, txn_id TEXT,"
	  " table_name TEXT, row_stable_id TEXT, error_text TEXT, failed_at TEXT);",
	  "INSERT OR IGNORE INTO sync_table_policies(table_name, policy) VALUES"
	  " ('sessions','shared'),('documents','shared'),('sections','shared'),"
	  " ('knowledge_entries','shared'),('knowledge_relations','shared'),"
	  " ('entity_relations','shared'),('search_feedback','shared'),"
	  " ('event_offsets','local'),('embeddings','local'),('recall_events','local');",
	  "CREATE INDEX idx_sync_ops_txn ON sync_ops(txn_id, op_index);"
	  "CREATE INDEX idx_sync_txns_status ON sync_txns(status, created_at);" },
	{ 14, "snapshots of benchmarks",
	  "CREATE TABLE benchmark_snapshots(id INTEGER PRIMARY KEY AUTOINCREMENT, suite TEXT,"
	  " metrics TEXT DEFAULT '{}', git_commit TEXT, created_at TEXT);",
	  NULL, NULL },
	{ 15, "confidence of entries that have none", NULL,
	  "UPDATE knowledge_entries SET confidence=CASE category WHEN 'decision' THEN 0.8"
	  " WHEN 'mistake' THEN 0.7 WHEN 'pattern' THEN 0.7 WHEN 'feature' THEN 0.7"
	  " WHEN 'refactor' THEN 0.6 WHEN 'discovery' THEN 0.6 ELSE 0.5 END"
	  " WHERE confidence IS NULL OR confidence<=0 OR confidence>1;",
	  NULL },
	{ 16, "the life of an error",
	  "ALTER TABLE knowledge_entries ADD COLUMN error_type TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN root_cause TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN severity TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN is_resolved INTEGER DEFAULT 0;"
	  "ALTER TABLE knowledge_entries ADD COLUMN fix_steps TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN prevention_hook TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN recurrence_after_briefing INTEGER DEFAULT 0;",
	  NULL, NULL },
	{ 17, "briefings that were delivered",
	  "CREATE TABLE briefing_deliveries(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT,"
	  " entry_id INTEGER, mode TEXT, delivered_at TEXT);",
	  NULL, "CREATE INDEX idx_deliveries_entry ON briefing_deliveries(entry_id);" },
	{ 18, "how often an entry is recalled",
	  "CREATE TABLE entry_recall_stats(entry_id INTEGER PRIMARY KEY, recall_count INTEGER"
	  " DEFAULT 0, last_recalled_at TEXT, distinct_days INTEGER DEFAULT 0, distinct_queries"
	  " INTEGER DEFAULT 0);"
	  "CREATE TABLE entry_recall_day_log(entry_id INTEGER, day TEXT, PRIMARY KEY(entry_id,"
	  " day));"
	  "CREATE TABLE entry_recall_query_log(entry_id INTEGER, query_hash TEXT, PRIMARY"
	  " KEY(entry_id, query_hash));",
	  NULL, NULL },
	{ 19, "concepts of an entry",
	  "CREATE TABLE entry_concept_tags(entry_id INTEGER, concept TEXT, weight REAL DEFAULT 1.0,"
	  " PRIMARY KEY(entry_id, concept));",
	  NULL, "CREATE INDEX idx_concepts ON entry_concept_tags(concept);" },
	{ 20, "scores of entries",
	  "CREATE TABLE entry_dream_scores(entry_id INTEGER PRIMARY KEY, score REAL DEFAULT 0,"
	  " components TEXT DEFAULT '{}', scored_at TEXT);",
	  NULL, NULL },
	{ 21, "valence and intensity",
	  "ALTER TABLE knowledge_entries ADD COLUMN valence REAL DEFAULT 0;"
	  "ALTER TABLE knowledge_entries ADD COLUMN intensity REAL DEFAULT 0;",
	  NULL, NULL },
	{ 22, "priority", "ALTER TABLE knowledge_entries ADD COLUMN priority TEXT DEFAULT 'P2';",
	  NULL, "CREATE INDEX idx_entries_priority ON knowledge_entries(priority);" },
	{ 23, "notes on files",
	  "CREATE TABLE file_annotations(id INTEGER PRIMARY KEY AUTOINCREMENT, file_path TEXT,"
	  " summary TEXT, anatomy TEXT DEFAULT '{}', est_tokens INTEGER DEFAULT 0, content_hash"
	  " TEXT, updated_at TEXT, UNIQUE(file_path));",
	  NULL, NULL },
	{ 24, "signals of improvement",
	  "CREATE TABLE improvement_signals(id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT,"
	  " entry_id INTEGER, session_id TEXT, payload TEXT DEFAULT '{}', created_at TEXT);",
	  NULL, "CREATE INDEX idx_signals_kind ON improvement_signals(kind, created_at);" },
	{ 25, "search of entries by the stems of words",
	  "DROP TABLE ke_fts;"
	  "CREATE VIRTUAL TABLE ke_fts USING fts5(title, content, tags, category, wing, room,"
	  " facts, error_type, root_cause, " FTS_NEW ");",
	  NULL, NULL },
	{ 26, "projects",
	  "ALTER TABLE knowledge_entries ADD COLUMN project_id TEXT DEFAULT '';"
	  "CREATE TABLE project_registry(project_id TEXT PRIMARY KEY, root_path TEXT, remote_url"
	  " TEXT, name TEXT, first_seen TEXT, last_seen TEXT);",
	  NULL, "CREATE INDEX idx_entries_project ON knowledge_entries(project_id);" },
	{ 27, "agents", "ALTER TABLE knowledge_entries ADD COLUMN agent_id TEXT DEFAULT '';", NULL,
	  NULL },
	{ 28, "deletion that can be undone",
	  "ALTER TABLE knowledge_entries ADD COLUMN deleted_at TEXT;", NULL,
	  "CREATE INDEX idx_entries_deleted ON knowledge_entries(deleted_at)"
	  " WHERE deleted_at IS NOT NULL;" },
	{ 29, "certainty and caveats",
	  "ALTER TABLE knowledge_entries ADD COLUMN certainty TEXT DEFAULT '';"
	  "ALTER TABLE knowledge_entries ADD COLUMN caveats TEXT DEFAULT '';",
	  NULL, NULL },
	{ 30, "episodes",
	  "CREATE TABLE episode_batches(id INTEGER PRIMARY KEY AUTOINCREMENT, session_id TEXT,"
	  " first_event INTEGER, last_event INTEGER, summary TEXT, status TEXT, created_at TEXT);"
	  "CREATE TABLE compile_cursors(session_id TEXT PRIMARY KEY, last_event INTEGER DEFAULT 0,"
	  " updated_at TEXT);",
	  NULL, "CREATE INDEX idx_episodes_session ON episode_batches(session_id);" },
	{ 31, "indexes over several columns", NULL, NULL,
	  "CREATE INDEX idx_entries_category_confidence ON knowledge_entries(category, confidence"
	  " DESC);"
	  "CREATE INDEX idx_entries_session_category ON knowledge_entries(session_id, category);"
	  "CREATE INDEX idx_documents_session_type ON documents(session_id, doc_type);"
	  "CREATE INDEX idx_relations_type ON knowledge_relations(relation_type, confidence);" },
	{ 32, "what replaces what",
	  "ALTER TABLE knowledge_relations ADD COLUMN session_id TEXT DEFAULT '';", NULL,
	  "CREATE INDEX idx_relations_session ON knowledge_relations(session_id);" },
	{ 33, "cost of a session",
	  "ALTER TABLE sessions ADD COLUMN cost_usd_est REAL DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN total_input_tokens INTEGER DEFAULT 0;"
	  "ALTER TABLE sessions ADD COLUMN total_output_tokens INTEGER DEFAULT 0;",
	  NULL, NULL },
	{ 34, "label of a session", "ALTER TABLE sessions ADD COLUMN label TEXT DEFAULT '';", NULL,
	  NULL },
	{ 35, "search of code",
	  "CREATE TABLE code_index(id INTEGER PRIMARY KEY AUTOINCREMENT, project_id TEXT DEFAULT"
	  " '', file_path TEXT, symbol TEXT, kind TEXT, language TEXT, start_line INTEGER,"
	  " end_line INTEGER, content_hash TEXT, indexed_at TEXT);"
	  "CREATE VIRTUAL TABLE code_fts USING fts5(symbol, content, file_path, " FTS_OLD ");",
	  NULL,
	  "CREATE INDEX idx_code_file ON code_index(project_id, file_path);"
	  "CREATE INDEX idx_code_symbol ON code_index(symbol);" },
};

_Static_assert(ARRAY_LEN(versions) == KB_SCHEMA_VERSION, "the list has no gaps");

const struct kb_schema_version *kb_schema_version(unsigned number)
{
	INVARIANT(number >= 1);
	INVARIANT(number <= KB_SCHEMA_VERSION);
	INVARIANT(versions[number - 1].number == number);
	return &versions[number - 1];
}
