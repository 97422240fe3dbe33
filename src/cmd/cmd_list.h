/*
 * The commands, one row each, in the order in which help lists them. CMD(name) is `cmd_<name>` in
 * src/cmd/<name>.c. Included several times with different meanings of CMD; therefore without an
 * include guard.
 *
 * A blank line begins a section; its heading stands in the table of table.c beside its first row.
 */
CMD(run)
CMD(submit)
CMD(wait)

CMD(status)
CMD(why)
CMD(logs)
CMD(events)
CMD(metrics)
CMD(interventions)
CMD(task_list)
CMD(task_show)
CMD(task_deps)
CMD(task_debug)
CMD(workstream_list)
CMD(workstream_show)
CMD(workstream_analyze)
CMD(workstream_dag)
CMD(resource_list)
CMD(resource_show)
CMD(worker_list)
CMD(worker_check)
CMD(worker_logs)

CMD(recommend)
CMD(recover)
CMD(task_retry)
CMD(task_skip)
CMD(task_cancel)
CMD(task_fix_validation)
CMD(workstream_retry)
CMD(workstream_retry_failed)
CMD(workstream_resume)
CMD(workstream_rollback)
CMD(workstream_cancel)
CMD(dep_remove)
CMD(resource_limit)
CMD(worker_shutdown)
CMD(worker_restart)

CMD(tentacle_goal_init)
CMD(tentacle_goal_status)

CMD(state_show)
CMD(state_diff)
CMD(state_validate)
CMD(state_backups)
CMD(state_restore)
CMD(state_repair)

CMD(classify)

CMD(daemon)
CMD(daemon_start)
CMD(daemon_stop)
CMD(daemon_restart)
CMD(daemon_status)
CMD(daemon_release)
CMD(daemon_unit)
CMD(worker)

CMD(help)
CMD(version)
CMD(completion)
CMD(complete_words)
CMD(manual)
CMD(docs)
