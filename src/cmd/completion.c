/*
 * Three small scripts that ask `sk __complete` for everything: what can follow is decided in one
 * place, from the table and the state, and a shell only has to show it.
 */
#include "cmd/cmd.h"

static const char bash_script[] =
	"# Completion of sk for bash. Use: source <(sk completion bash)\n"
	"_sk_complete()\n"
	"{\n"
	"\tlocal line cur=\"${COMP_WORDS[COMP_CWORD]}\"\n"
	"\tlocal IFS=$'\\n'\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\tfor line in $(sk __complete -- \"${COMP_WORDS[@]:1:COMP_CWORD}\" 2>/dev/null); do\n"
	"\t\tcase \"$line\" in\n"
	"\t\t:files) COMPREPLY+=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null ;;\n"
	"\t\t:directories) COMPREPLY+=($(compgen -d -- \"$cur\")); compopt -o filenames "
	"2>/dev/null ;;\n"
	"\t\t*) COMPREPLY+=(\"${line%%$'\\t'*}\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"}\n"
	"complete -F _sk_complete sk\n";

static const char zsh_script[] =
	"#compdef sk\n"
	"# Completion of sk for zsh. Use: source <(sk completion zsh), or save it as _sk in a "
	"folder of $fpath.\n"
	"_sk()\n"
	"{\n"
	"\tlocal line\n"
	"\tlocal -a plain described\n"
	"\n"
	"\tfor line in ${(f)\"$(sk __complete -- \"${(@)words[2,CURRENT]}\" 2>/dev/null)\"}; do\n"
	"\t\tcase $line in\n"
	"\t\t:files) _files ;;\n"
	"\t\t:directories) _files -/ ;;\n"
	"\t\t*$'\\t'*) described+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\") ;;\n"
	"\t\t*) plain+=(\"$line\") ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\t(( $#described )) && _describe sk described\n"
	"\t(( $#plain )) && compadd -a plain\n"
	"}\n"
	"if [[ $funcstack[1] == _sk ]]; then _sk \"$@\"; else compdef _sk sk; fi\n";

static const char fish_script[] =
	"# Completion of sk for fish. Use: sk completion fish | source\n"
	"function __sk_complete\n"
	"\tset -l words (commandline -opc)\n"
	"\tset -l current (commandline -ct)\n"
	"\tfor line in (sk __complete -- $words[2..-1] \"$current\" 2>/dev/null)\n"
	"\t\tswitch $line\n"
	"\t\t\tcase ':files'\n"
	"\t\t\t\t__fish_complete_path \"$current\"\n"
	"\t\t\tcase ':directories'\n"
	"\t\t\t\t__fish_complete_directories \"$current\"\n"
	"\t\t\tcase '*'\n"
	"\t\t\t\techo $line\n"
	"\t\tend\n"
	"\tend\n"
	"end\n"
	"complete -c sk -f -a '(__sk_complete)'\n";

static int completion_run(struct cmd_ctx *c, struct err *e)
{
	const char *shell = c->options->args[0];
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	if (strcmp(shell, "bash") == 0)
		out_puts(c->out, bash_script);
	else if (strcmp(shell, "zsh") == 0)
		out_puts(c->out, zsh_script);
	else if (strcmp(shell, "fish") == 0)
		out_puts(c->out, fish_script);
	else {
		buf_put_quoted(&shown, span_of(shell), 32);
		return err_set(e, -SK_EUSAGE,
			       "completion: unknown shell %s: expected bash, zsh or fish. "
			       "Try: sk help completion",
			       shown.p);
	}
	return EXIT_DONE;
}

const struct cmd cmd_completion = {
	.path = "completion",
	.summary = "print a completion script for a shell",
	.usage = "bash|zsh|fish",
	.about = "The script completes commands, options, and the ids of tasks and workstreams.",
	.example = "source <(sk completion bash)\nsk completion fish | source",
	.needs = CMD_SCRIPT,
	.args = ARG_SHELL,
	.args_min = 1,
	.args_max = 1,
	.run = completion_run,
};
