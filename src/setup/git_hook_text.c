/*
 * The hook is a script and not a link to this program, because it has to do three things that are
 * better said in four lines of shell: run first what was there before, find `sk` when it has moved,
 * and let the commit pass when it is gone. Only exit code 1 of the guard refuses: a program that
 * cannot be run at all must not stop everybody from committing.
 *
 * What was there before is run by its own shell with its old name as $0: managers of hooks find
 * their files by that name. Git gives pre-push its references on standard input, which both have to
 * read.
 */
#include "setup/git_hooks.h"

#define MARK "# The commit guard of sk."
#define CHAIN_MARK "\nbefore=\"$0.backup\"\n"

static void put_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '\'');
	for (; *text; text++)
		if (*text == '\'')
			buf_puts(out, "'\\''");
		else
			buf_putc(out, *text);
	buf_putc(out, '\'');
}

static void put_chain(struct buf *out, bool reads)
{
	const char *feed = reads ? "feed | " : "";

	if (reads)
		buf_puts(out, "input=$(cat)\n"
			      "feed() {\n"
			      "\tif [ -n \"$input\" ]; then printf '%s\\n' \"$input\"; fi\n"
			      "}\n");
	buf_puts(out, "# What was here before runs first, under its old name.");
	buf_puts(out, CHAIN_MARK);
	buf_puts(out, "first=\n"
		      "if [ -x \"$before\" ]; then read -r first <\"$before\"; fi 2>/dev/null\n"
		      "case $first in\n"
		      "'#!/bin/sh' | '#!/usr/bin/env sh') shell=sh ;;\n"
		      "'#!/bin/bash' | '#!/usr/bin/bash' | '#!/usr/bin/env bash') shell=bash ;;\n"
		      "*) shell= ;;\n"
		      "esac\n"
		      "if [ -n \"$shell\" ]; then\n");
	buf_putf(out, "\t%s\"$shell\" -c '. \"$0.backup\"' \"$0\" \"$@\" || exit\n", feed);
	buf_puts(out, "elif [ -x \"$before\" ]; then\n");
	buf_putf(out, "\t%s\"$before\" \"$@\" || exit\n", feed);
	buf_puts(out, "fi\n");
}

void git_hook_encode(const char *name, const char *program, bool chained, struct buf *out)
{
	bool push = strcmp(name, "pre-push") == 0, feeds = push && chained;

	buf_puts(out, "#!/bin/sh\n" MARK " Written by: sk install --install-git-hooks\n"
		      "# Taken away by: sk install --remove-git-hooks\n");
	if (chained)
		put_chain(out, push);
	buf_puts(out, "sk=");
	put_quoted(out, program);
	buf_puts(out, "\nif [ ! -x \"$sk\" ]; then\n"
		      "\tsk=$(command -v sk)\n"
		      "\tcase $(\"${sk:-false}\" version </dev/null 2>/dev/null) in\n"
		      "\t'sk '*) ;;\n"
		      "\t*) sk= ;;\n"
		      "\tesac\n"
		      "fi\n"
		      "if [ -z \"$sk\" ]; then\n");
	buf_putf(out,
		 "\techo \"sk: %s: the program is gone: nobody was asked whether an agent is at "
		 "work. Try: install sk again, or remove $0\" >&2\n"
		 "\texit 0\nfi\n",
		 name);
	buf_putf(out, "%s\"$sk\" hooks run %s -- \"$@\"\n", feeds ? "feed | " : "", name);
	buf_putf(
		out,
		"code=$?\n"
		"if [ \"$code\" -gt 1 ]; then\n"
		"\techo \"sk: %s: the guard ended with $code: nobody was asked whether an agent is "
		"at work\" >&2\n"
		"fi\n"
		"[ \"$code\" -ne 1 ]\n",
		name);
}

bool git_hook_ours(struct span text, bool *chained)
{
	*chained = span_contains(text, SPAN_LIT(CHAIN_MARK));
	return span_starts(text, "#!/bin/sh\n" MARK);
}
