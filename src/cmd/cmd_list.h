/*
 * The commands, one row each, in the order in which help lists them. CMD(name) is `cmd_<name>` in
 * src/cmd/<name>.c. Included several times with different meanings of CMD; therefore without an
 * include guard.
 */
CMD(run)
CMD(status)
CMD(why)
CMD(logs)
CMD(events)
CMD(task_list)
CMD(task_show)
CMD(task_deps)
CMD(workstream_list)
CMD(workstream_show)
CMD(workstream_analyze)
CMD(workstream_dag)
CMD(worker)
CMD(help)
CMD(version)
CMD(completion)
CMD(complete_words)
CMD(manual)
CMD(docs)
