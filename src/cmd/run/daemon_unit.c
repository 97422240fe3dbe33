/* The unit is printed, not installed: where units go is the person's business. */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"

/* systemd reads % as its own, and splits at blanks unless quoted. */
static void put_word(struct out *out, const char *text)
{
	out_puts(out, "\"");
	for (const char *p = text; *p; p++) {
		if (*p == '%' || *p == '$')
			out_put(out, p, 1);
		if (*p == '"' || *p == '\\')
			out_puts(out, "\\");
		out_put(out, p, 1);
	}
	out_puts(out, "\"");
}

static int daemon_unit_run(struct cmd_ctx *c, struct err *e)
{
	char program[4096];
	ssize_t len = readlink("/proc/self/exe", program, sizeof(program) - 1);

	if (len < 0)
		return err_set(e, -SK_EIO, "/proc/self/exe: cannot be read: nothing was printed");
	program[len] = '\0';
	out_puts(c->out, "# sk daemon unit > ~/.config/systemd/user/sk.service\n"
			 "# systemctl --user daemon-reload && systemctl --user enable --now sk\n"
			 "[Unit]\n"
			 "Description=Holdfast orchestrator of ");
	out_puts(c->out, c->paths->root);
	out_puts(c->out, "\n\n[Service]\nType=notify\nWorkingDirectory=");
	for (const char *p = c->paths->root; *p; p++)
		out_puts(c->out, (char[]){ *p, *p == '%' ? '%' : '\0', '\0' });
	out_puts(c->out, "\nExecStart=");
	put_word(c->out, program);
	out_puts(c->out, " daemon --foreground --state-dir ");
	put_word(c->out, c->paths->state_dir);
	out_puts(c->out, "\n# The worker and its tasks outlive a restart; the next start takes "
			 "them over.\n"
			 "KillMode=process\n"
			 "Restart=on-failure\n"
			 "RestartSec=2\n"
			 "WatchdogSec=30\n"
			 "TimeoutStopSec=30\n"
			 "\n[Install]\nWantedBy=default.target\n");
	return EXIT_DONE;
}

const struct cmd cmd_daemon_unit = {
	.path = "daemon unit",
	.summary = "print a systemd user unit that serves this project",
	.usage = "",
	.about = "The daemon tells systemd when it is ready and that it is not stuck "
		 "(sd_notify, watchdog).",
	.example = "sk daemon unit > ~/.config/systemd/user/sk.service",
	.needs = NEED_STATE | CMD_SCRIPT,
	.args = ARG_NONE,
	.run = daemon_unit_run,
};
