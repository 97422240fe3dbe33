/* Every maximum in the program, with its reason. What has no limit here has none. */
#ifndef SK_LIMITS_H
#define SK_LIMITS_H

#define TASK_ID_BYTES_MAX 129 /* "<workstream>.<task>", when another workstream has the name */
#define NAME_BYTES_MAX 64     /* fits a file name with a suffix on every file system */
#define RECORD_BYTES_MAX (1024 * 1024)     /* one journal line; a longer one is not ours */
#define INTEGER_MAX 9007199254740991LL     /* 2^53 - 1: what every JSON reader keeps exactly */
#define JSON_DEPTH_MAX 64                  /* nesting of any document; keeps every stack constant */
#define JSON_NUMBER_BYTES_MAX 64           /* digits of a number */
#define PLAN_BYTES_MAX (256 * 1024 * 1024) /* JSON plan: a million tasks of 256 bytes */
#define PLAN_YAML_BYTES_MAX (64 * 1024 * 1024) /* YAML is read some ten times slower than JSON */
#define PLAN_KEYS_MAX 1000000     /* members of one object: the task map of the largest plan */
#define PLAN_FIELD_KEYS_MAX 10000 /* members of any other object */
#define PLAN_PROBLEMS_MAX 20 /* shown of one plan: nobody reads more before repairing the first */
#define PLAN_FILES_MAX 1000  /* plan files of one run */
#define PLAN_PATH_BYTES_MAX 4096          /* PATH_MAX: nothing longer can be opened */
#define PLAN_NEEDS_MAX (64 * 1024 * 1024) /* dependencies of all tasks together: 256 MB */
#define PLAN_PARAMS_MAX 256               /* parameters of one plan */
#define PLAN_RULES_MAX 1000               /* named rules of one plan */
#define MATRIX_AXES_MAX 8                 /* each is a part of the name */
#define EXPANSION_MAX 100000              /* tasks that one matrix or foreach stands for */
#define COMMAND_BYTES_MAX 131071          /* Linux takes at most 128 KiB in one argument */
#define TASK_ENV_MAX 1024                 /* variables of one task */
#define TASK_DEF_BYTES_MAX \
	(256 * 1024) /* of a compiled task: fits a journal record with room to spare */
#define SNAPSHOT_BYTES_MAX (4LL * 1024 * 1024 * 1024) /* a million tasks take about 400 MB */
#define TASKS_MAX 4000000 /* ids are 32-bit and memory is budgeted at 512 bytes a task */
#define NEEDS_MAX 10000   /* dependencies of one task */
#define RESOURCES_MAX 255 /* named resources in a store */
#define KINDS_MAX 1024    /* different sets of capabilities that tasks wait for at the same time */
#define TASK_RESOURCES_MAX 16 /* resources one task takes together */
#define WORKERS_MAX 64        /* connected workers */
#define SLOTS_MAX 1024        /* tasks one worker runs at once */
#define PLAN_WORKERS_MAX 16   /* that the plans of a run name */
#define WORKER_CAPABILITIES_MAX 32
#define WORKER_CAPABILITIES_BYTES_MAX 2000 /* so that its identity file tells all of them */
#define PREFETCH_MAX 64      /* assigned beyond the free slots: one sync for this many starts */
#define PREFETCH_START_MS 50 /* guessed duration of a task before one has finished */
#define RETRIES_MAX 1000     /* re-executions of one task */
#define RETRY_DELAY_MAX_MS 300000    /* cap of the exponential back-off */
#define TIMEOUT_S_MAX 604800         /* a week */
#define TIMEOUT_S_DEFAULT 600        /* per attempt, when the plan says nothing */
#define REASSIGN_MAX 3               /* lost workers a task survives without using a retry */
#define KILL_GRACE_MS 5000           /* between TERM and KILL */
#define OUTPUT_BYTES_MAX 65536       /* SK_OUTPUT of one task */
#define OUTPUT_KEYS_MAX 256          /* keys in it; each becomes a variable of every later task */
#define OUTPUT_VALUE_BYTES_MAX 32768 /* one value: it becomes an environment variable */
#define RULES_MAX 16                 /* before and after rules of one task */
#define TAIL_BYTES_MAX 512           /* last output kept in last_error */
#define MESSAGE_BYTES_MAX (1024 * 1024) /* one message between two processes */
#define CONTROL_PEERS_MAX 32            /* commands that ask at the same time; others wait */
#define CONTROL_EVENTS_MAX 1000         /* records told in one answer; the journal has the rest */
#define CONTROL_REQUEST_BYTES_MAX (512 * 1024 * 1024)  /* a compiled plan of a million tasks */
#define CONTROL_WAITING_BYTES_MAX (1024 * 1024 * 1024) /* of all requests that are being read */
#define CONTROL_BYTES_PER_MS 4000 /* of a request, that are given time beyond the patience */
#define CONTROL_SILENT_MS 1000    /* who says nothing for this long gives way, if others wait */
#define CONTROL_REPLY_BYTES_MAX (64 * 1024 * 1024)
#define CONTROL_OUTPUT_BYTES_MAX (1024LL * 1024 * 1024) /* of a page that a copy prints */
#define CONTROL_COPIES_MAX 4  /* of the orchestrator at the same time; who asks then waits */
#define CONTROL_COPY_S_MAX 30 /* a copy's life: whoever asked has given up long before */
#define CONTROL_LEARNED_BYTES_MAX (1024 * 1024) /* told by a copy; a pipe takes less */
#define SERVED_BYTES_MIN (2 * 1024 * 1024)      /* of current.json: beyond, pages are asked for */
#define GOALS_LOOKS_MAX 50 /* of one command at a store that others write to all the time */
#define LOCK_NOBODY_MS \
	1000 /* for who holds a lock but does not mean it: a probe, a dead one's child */
#define LOCK_PATIENCE_MS 2000 /* for a command that holds the lock for a moment */
#define CONTROL_PATIENCE_MS                                                   \
	5000 /* for an answer: a turn takes milliseconds, a full disk seconds \
	      */
#define BACKUPS_KEPT 100
#define BACKUPS_PRUNED_MAX 200 /* in one run: a flooded directory must not stop the turn */
#define BACKUPS_LISTED_MAX 200 /* newest ones that are looked at for a list */
#define BACKUP_INTERVAL_MS 60000
#define SNAPSHOT_INTERVAL_MS 1000 /* the snapshot is rewritten at most this often */
#define KNOWN_FILES_MAX 65536     /* files of which is remembered that they were read */
#define KNOWN_PATH_BYTES_MAX 200  /* longer than any path that we make below the state folder */
#define CHECKPOINTS_KEPT 100      /* of one workstream */
#define CHECKPOINT_HISTORY_BYTES (64LL * 1024 * 1024) /* of one workstream; fewer when larger */
#define CHECKPOINT_BYTES_MAX (1LL * 1024 * 1024 * 1024)
#define CHECKPOINT_PATIENCE_MS 3000 /* for one that is coming: they are written each second */
#define CHECKPOINTS_PRUNED_MAX 1000 /* in one run */
#define VIEWS_INTERVAL_MS 1000      /* views are rewritten at most this often */
#define VIEWS_PASS_MS 200           /* of one run of the loop; many workstreams take several */
#define VIEWS_STOP_MS 5000          /* at the end; what is left then is written at the next start */
#define METRICS_INTERVAL_MS 60000
#define ARCHIVE_DAYS 90         /* of a completed run; others stay until a person removes them */
#define ARCHIVE_LINKS_MAX 1000  /* logs linked at a run's end, at ten microseconds each */
#define ARCHIVES_PRUNED_MAX 100 /* in one run */
#define ARCHIVES_LOOKED_MAX 256 /* workstreams whose archives are looked at in one run */
#define HISTORY_GLANCE_BYTES \
	(256 * 1024) /* of the journal before the snapshot, that a reader checks */
#define SEGMENT_BYTES_MAX (256LL * 1024 * 1024) /* a journal segment is rotated beyond this */
#define LEFTOVER_GRACE_MS 500 /* between TERM and KILL for what a finished task left behind */
#define LOG_NAME_AFTER_MS 100 /* a task that runs longer has its log where people look for it */
#define LOGS_NAMELESS_MAX 128 /* slots whose logs may wait for a name: a descriptor each */
#define LOG_HEAD_BYTES_MAX                                                                 \
	4096             /* headers of quiet steps that wait for their file to have a name \
			  */
#define LOG_COPY_MS 1000 /* between two copies of what such a task printed */
#define LOG_COPIED_BYTES_MAX (64 * 1024 * 1024) /* of a log whose name somebody else has taken */
#define REPORT_DELAY_MS 100 /* a report waits at most this long for others to share a write */
#define HEARTBEAT_MS 10000
#define HEARTBEAT_MAX_MS 3600000     /* a longer one would find nothing within a night */
#define WORKER_CALM_MS 30000         /* unresponsive for longer: watched closely when it is back */
#define WORKER_RESTART_MAX_MS 600000 /* a pause that is doubled should end within a night */
#define WORKER_RESTART_MS 1000       /* pause before a worker that died is started once more */
#define WORKER_SILENT_MAX_MS 180000  /* an unresponsive worker is killed after this */
#define WORKER_LINGER_MS                                                                          \
	600000                   /* an idle worker without an orchestrator ends itself after this \
				  */
#define ARGUMENT_BYTES_MAX 65536 /* one word of a command line */
#define ARGUMENTS_MAX 10000      /* words of a command line */
#define INTERVENTION_TEXT_BYTES_MAX \
	4096                      /* one text in a line of interventions.log; the rest is cut */
#define INTERVENTION_ARGS_MAX 256 /* words of the command kept in such a line */
#define INTERVENTION_EVENTS_MAX                                                                   \
	32 /* records named there by their ids; those of one act follow each other in the journal \
	    */
#define INTERVENTIONS_READ_BYTES_MAX \
	(64 * 1024 * 1024)       /* of interventions.log, from its end: a hundred thousand lines */
#define EXHAUSTED_AFTER_MS 60000 /* waiting for a resource for less than this is everyday life */
#define FINDINGS_KIND_MAX 50     /* of one kind that are advised on: the rest is the same again */
#define NOTIFY_TIMEOUT_S_DEFAULT 30 /* of one notification */
#define NOTIFY_TIMEOUT_S_MAX 300
#define NOTIFY_RUNNING_MAX 2               /* at the same time: a mail program, not a load */
#define NOTIFY_QUEUE_MAX 100               /* waiting: who gets a hundred mails reads none */
#define NOTIFY_STOP_MS 10000               /* the end of a run waits this long for them */
#define NOTIFY_TOLD_MS 1000                /* how often is written down which are out */
#define NOTIFY_TOLD_EVENTS 10000           /* or when so much happened: a start reads no more */
#define NOTIFY_MISSED_MAX 10000            /* warnings and worse, that a start looks at */
#define NOTIFY_LOG_BYTES_MAX (1024 * 1024) /* what they print; begun anew beyond this */
#define SCOPE_ENTRIES_MAX 256       /* of one scope: each is compared with each changed path */
#define SCOPE_ENTRY_BYTES_MAX 4096  /* PATH_MAX: no longer path can be changed */
#define CAPTURE_SAID_BYTES_MAX 4096 /* of what a program says on standard error: its last lines */
#define CAPTURE_GRACE_MS 10000      /* for a program of ours to end what it runs and to say so */
#define WARDEN_CALM_MS                                                                            \
	100                /* for what a program left behind, which may be about to end by itself \
			    */
#define WARDEN_END_MS 5000 /* of killing what does not end: the rest waits in the kernel */
#define WARDEN_PATIENCE_MS 10000                /* for a warden, which needs all of these at most */
#define GIT_LIMIT_MS 60000                      /* of one call that only looks */
#define GIT_CHECKOUT_LIMIT_MS 600000            /* of one that writes a whole working tree */
#define GIT_OUTPUT_BYTES_MAX (64 * 1024 * 1024) /* of one call: status of a million files */
#define GIT_BRANCH_BYTES_MAX 200 /* fits a file name with ".lock" and what we put before it */
#define GIT_TREE_BYTES_MAX                                                    \
	(256LL * 1024 * 1024) /* of changed files, read for one digest: 0.2 s \
			       */
#define GIT_OTHERS_MAX 32     /* whose commits are told apart from ours: words of one call */
#define WORKTREE_LOCK_MS \
	120000 /* for others that make one: a checkout takes seconds, ten minutes */
#define WORKTREE_KEEP_BYTES_MAX (512LL * 1024 * 1024) /* of one that is kept: more is no source */
#define WORKTREE_LIST_BYTES_MAX                                                      \
	(512 * 1024 * 1024)            /* names of all files of a tree: five million \
					*/
#define WORKTREE_IGNORED_SHOWN_MAX 100 /* ignored files and folders that are listed by name */
#define WORKTREE_KEEP_FILES_MAX 100000
#define REMOVE_DEPTH_MAX 256 /* of folders that are removed: each holds a descriptor meanwhile */
#define RESERVE_BYTES (1024 * 1024) /* kept for the record "stopped: disk full" */

/* What agents print, and what is read of it. */
#define QUOTA_BYTES_MAX (16 * 1024 * 1024)  /* of an agent's output, from its end */
#define QUOTA_WORDS_BYTES (64 * 1024)       /* at the end, in which words are looked for */
#define QUOTA_WORDS_LINES 200               /* likewise: what was said before has been got over */
#define QUOTA_LINE_BYTES_MAX 8192           /* of one line that are looked at */
#define QUOTA_EVIDENCE_BYTES_MAX 200        /* of the words that decided */
#define QUOTA_MESSAGE_LINES 20              /* a text of so few lines is a message, not a log */
#define QUOTA_WAIT_MAX_MS (40LL * 86400000) /* a month and some days: no allowance is longer */
#define HOOK_PAYLOAD_BYTES_MAX \
	(16 * 1024 * 1024)        /* one event of a host, with what a tool printed */
#define HOOK_DEADLINE_MS 2000     /* far below what any host allows */
#define HOOK_END_DEADLINE_MS 1000 /* hosts that end wait for 1.5 s */
#define HOOK_WORD_BYTES_MAX 200   /* of a word of a host that is kept: a reason, a session */
#define HOOK_LOG_BYTES_MAX 100000 /* of the hooks' own log; one older file is kept */
#define RECENT_MS \
	500 /* between two deliveries of one event by a host that has two configurations */
#define RECENT_SLOTS 64                /* sessions whose last event is remembered for that */
#define HOOK_LOCK_PATIENCE_MS 300      /* of the end of a session: the rest is for what follows */
#define SESSION_GRACE_MS 600000        /* in which a session whose process changed may come back */
#define SESSION_FRESH_MS 3600000       /* a session without an event for longer holds nothing up */
#define SESSIONS_MAX 1000              /* files of sessions that are looked at */
#define BREADCRUMB_BYTES_MAX 65536     /* what is told to the next session */
#define MARKER_BYTES_MAX (1024 * 1024) /* the dispatch marker of a machine */
#define MARKER_ENTRIES_MAX 1000        /* agents sent out at the same time */
#define MARKER_SECRET_BYTES_MAX 4096   /* 64 digits, as we make it */
#define MARKER_TTL_MS 14400000         /* of an entry that names no process */
#define MARKER_TTL_MAX_MS (30LL * 86400000) /* a longer one is a mistake of its writer */
#define MARKER_CLOCK_SLACK_MS 300000        /* clocks of machines that share a home differ */
#define GUARD_GIT_LIMIT_MS 20000 /* of git, asked what a commit takes along: a person waits */
#define GIT_HOOK_BYTES_MAX                                                    \
	(1024 * 1024) /* of a hook that is looked at: a program may be larger \
		       */
#define HOST_CONFIG_BYTES_MAX (1024 * 1024) /* settings of an agent's host, which people write */
#define SHELL_DEPTH_MAX 8                   /* of substitutions and sh -c in one another */
#define SHELL_WORDS_MAX 64      /* of one command: git tells what it does in its first ones */
#define GUARD_REFS_MAX 1000     /* references of one push whose names are told apart */
#define MARKER_PATIENCE_MS 2000 /* for whoever changes it at this moment */

/* Goals and tentacles. */
#define DOC_TEXT_BYTES_MAX 65536         /* one text of a goal or tentacle: a page or twenty */
#define DOC_ENTRIES_MAX 1000             /* entries of a list in such a document */
#define DOC_REST_BYTES_MAX 65536         /* members of other programs that are kept */
#define GOALS_MAX 100                    /* goals of one repository */
#define TENTACLES_MAX 10000              /* tentacles of one repository */
#define GOAL_ITERATIONS_MAX 1000000      /* of one goal */
#define GOAL_TIMEOUT_MINUTES_MAX 5270400 /* ten years: a larger one is a slip of the finger */
#define GOAL_TEXT_SOFT_MAX 3000          /* title and description together: beyond, a warning */
#define GOAL_TEXT_HARD_MAX 5000 /* and beyond this a refusal: agents read it at every start */
#define GOAL_HISTORY_KEPT \
	100 /* evaluations and verify attempts in goal.json; the journal has all */
#define VOLATILE_LINE_BYTES_MAX 8192 /* of output, looked at as one line */
#define VOLATILE_BLOCK_BYTES 65536   /* of output, summed at once */
#define CRITERION_TIMEOUT_S 60       /* when nobody says how long a criterion may take */
#define CRITERION_TAIL_BYTES 65536   /* of its output, in which a limit is looked for */
#define VERIFY_RETRIES_MAX 1000
#define VERIFY_STALL_COUNT 3           /* the same failure so often is no accident any more */
#define VERIFY_DELAY_MAX_MS 600000     /* a pause that is doubled grows no further */
#define VERIFY_WAIT_MAX_MS 3600000     /* a service that names a later time: better come back */
#define EVIDENCE_BYTES_MAX 500         /* of a criterion's output, kept with it */
#define TODO_BYTES_MAX (256 * 1024)    /* todo.md */
#define TODO_WORDS_BYTES_MAX 4096      /* one line of it */
#define CONTEXT_BYTES_MAX (512 * 1024) /* CONTEXT.md: read into every prompt */
#define TENTACLE_DEPTH_MAX 32          /* folders in one another in the folder of a tentacle */
#define BUNDLE_FILES_MAX 100           /* instructions or skills of one repository */
#define BUNDLE_INSTRUCTIONS_BYTES 2000 /* of one of them; half of it where there are many */
#define BUNDLE_SKILL_BYTES 500
#define TENTACLE_CHILDREN_MAX 64 /* that one is divided into at once */
#define TENTACLE_PARENTS_MAX 64  /* of one another: deeper is a circle that somebody edited in */
#define VERIFY_TIMEOUT_S_DEFAULT 120               /* of a verification */
#define VERIFY_LABEL_BYTES_MAX 200                 /* what it is called */
#define VERIFY_LOG_BYTES_MAX (16 * 1024 * 1024)    /* of its output, from the beginning */
#define HANDOFF_ENTRY_BYTES_MAX DOC_TEXT_BYTES_MAX /* one section of it */
#define HANDOFF_BYTES_MAX (512 * 1024) /* handoff.md: a record must hold what is new of it */
#define GOAL_FILE_BYTES_MAX \
	(16 * 1024 * 1024) /* goal.json and meta.json, as people may make them */
#define GOALS_SEGMENT_BYTES \
	(1024 * 1024)            /* its journal is rotated beyond: every command replays it */
#define LOOKED_RECORDS_MAX 32768 /* of the note of files that were read, a power of two */
#define LOOKED_BESIDE_MAX 32     /* other tentacles whose files a command reads that changes one */
#define GOALS_LOCK_PATIENCE_MS 30000 /* for other commands of the same repository */

/* What starting a program takes. */
#define BENCHMARK_RUNS 7 /* an odd number, so that the median is one that was measured */
#define BENCHMARK_WARMUPS 2
#define BENCHMARK_RUNS_MAX 1000
#define BENCHMARK_LIMIT_MS 10000 /* of one: nobody waits that long for a program to start */
#define BENCHMARK_LIMIT_MAX_MS 3600000

/* Scheduled maintenance. */
#define SLOT_MINUTES_MAX 525600    /* an interval of a year */
#define SLOT_CLOCK_SLACK_MS 300000 /* a last run that far ahead is a clock that was put right */
#define CRON_TASKS_MAX 200         /* of one configuration: each added copies those before it */
#define CRON_CONFIG_BYTES_MAX (1024 * 1024)
#define CRON_PATIENCE_MS 5000  /* for whoever changes the configuration at this moment */
#define CRON_RETENTION_DAYS 30 /* of reports, when nobody says how long */
#define CRON_RETENTION_DAYS_MAX 3650
#define CRON_LOG_BYTES_MAX (1024 * 1024) /* of the list of runs; one older file is kept */
#define CRON_REPORTS_PRUNED_MAX 200      /* removed in one run */
#define CRON_LOOP_MS 60000               /* between two looks of a loop */
#define CRON_LOOP_MAX_MS 86400000
#define CRON_DB_WAIT_MS 30000 /* for others that use the data base */
#define CRON_DB_WAIT_MAX_MS 3600000

/* The knowledge database. */
#define KB_BUSY_MS 5000 /* patience with others that write: a command should not seem to hang */
#define KB_MAINTAIN_BUSY_MS 30000 /* of what is done by the clock, where nobody waits */
#define KB_WAL_FRAMES_MAX 1000    /* pages in the WAL beyond which a commit copies them back */
#define KB_HOLDERS_MAX 4          /* processes named as those who have it open */
#define KB_VALUE_BYTES_MAX (64 * 1024 * 1024) /* one value or row; no entry comes near */
#define KB_DRY_RUN_BYTES_MAX                                                          \
	(512 * 1024 * 1024)           /* of a database that is rehearsed on in memory \
				       */
#define KB_TITLE_BYTES_MAX 500        /* of an entry: one line */
#define KB_TEXT_BYTES_MAX (64 * 1024) /* of an entry: a page or twenty */
#define KB_TAGS_BYTES_MAX 1000
#define KB_FILES_MAX 100 /* that one entry is about */
#define KB_PATH_BYTES_MAX 4096
#define KB_QUERY_BYTES_MAX 4096   /* of a question */
#define KB_HITS_MAX 1000          /* entries that one question finds */
#define KB_PATTERN_BYTES_MAX 4096 /* of LIKE: its cost grows with the pattern */

/* Agents that are started. */
#define AGENT_CONFIG_BYTES_MAX (256 * 1024) /* config.yaml: written by people */
#define AGENT_GRACE_MS 3000 /* between TERM and KILL: less than KILL_GRACE_MS, which ends us */
#define AGENT_JOBS 32       /* agents at the same time in an orchestrator that begins for one */
#define AGENT_HANDED_OVER_MAX \
	5 /* times that a task goes to a new orchestrator while one looks on */
#define AGENT_START_LIMIT_MS 60000           /* for an orchestrator to take a task */
#define AGENT_PROMPT_BYTES_MAX (1024 * 1024) /* to-dos, and what stands around them */
#define AGENT_ATTEMPTS_MAX \
	3 /* of one tentacle, that end without a hand-off, before a person is asked */
#define TODOS_NAMED_MAX 5         /* in one line */
#define NEEDS_HUMAN_BYTES_MAX 400 /* of the reason, before the next part is left out */
#define AGENT_OFFLINE_TIMES_MAX                                                                 \
	30                        /* without a network: some 90 minutes, then a person is asked \
				   */
#define AGENT_LOSSES_MAX 10       /* agents in a row that were gone without a word: likewise */
#define AGENT_PAUSE_MS 5000       /* before an agent that failed begins again; doubled each time */
#define AGENT_PAUSE_MAX_MS 300000 /* and at most */
#define AGENT_LAST_LINE_BYTES_MAX 200 /* of its output, kept to tell why it failed */
#define GOAL_PROOF_LIMIT_MS 86400000  /* of all criteria of a goal; each has a limit of its own */
#define GOAL_LOOP_PATIENCE_MS 300000  /* of a loop while nobody is at work */
#define GOAL_LOOP_NAMES_MAX 6         /* of tentacles in one line of it */
#define GOAL_LOOP_PARALLEL 4          /* agents of one goal at the same time */
#define AGENT_LAST_WORD_MS 500        /* for the signal to us, when the agent was ended by one */
#define AGENT_BEFORE_MAX 200   /* changed files that are remembered: with more nobody can tell */
#define AGENT_OUTSIDE_MAX 100  /* files changed outside of a scope that are recorded */
#define AGENT_REST_MS 100      /* between two looks, however much is recorded */
#define AGENT_REST_MAX_MS 5000 /* and at most: a store that is slow to read is still looked at */
#define AGENT_LOOK_MS 1000     /* how often is looked who lives, beside being told of changes */
#define RELEASE_EVERY_MS 30000 /* how often a daemon looks for parked work that is due */
#define ERRAND_EVERY_MAX_MS 86400000 /* a day; who never wants it says so */
#define ERRAND_JITTER 4              /* and up to this fraction of it later */
#define RELEASE_LIMIT_MS 30000       /* of the process that releases one */
#define MAINTAIN_EVERY_MS 60000      /* how often a daemon looks for maintenance that is due */
#define MAINTAIN_LIMIT_MS 3600000    /* of what is due then: a vacuum of gigabytes */
#define AGENTS_MAX 64                /* of one configuration: a page to look at */
#define AGENT_WORDS_MAX 256          /* of a command, of its environment, of its paths */
#define AGENT_PARALLEL_MAX 256       /* of one agent at the same time */
#define AGENT_PARALLEL_DEFAULT 4     /* what a provider takes without turning anybody away */
#define AGENT_TIMEOUT_MS 7200000     /* two hours: longer work is several tentacles */
#define AGENT_ARGUMENT_BYTES_MAX \
	(120 * 1024) /* of a prompt in a command: the kernel takes 128 KiB */

#endif
