/*
 * asched completion: prints what a shell needs to complete asched's words. The script asks asched
 * itself, so that it never says other than the tables: the commands come from here, options from
 * --help, names from the daemon, with a short limit on the time.
 */
#include <stdio.h>
#include <string.h>

#include "cli/args.h"
#include "cli/screen.h"

static const char bash_script[] =
	"_asched() {\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} verb= words= i\n"
	"\tCOMPREPLY=()\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t--) return ;;\n"
	"\t\t--socket | --color) ((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) [[ $verb ]] || verb=${COMP_WORDS[i]} ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif [[ $word == -* ]]; then\n"
	"\t\twords=$(asched $verb --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)\n"
	"\telif [[ -z $verb || $verb == help ]]; then\n"
	"\t\twords=$_asched_commands\n"
	"\telse\n"
	"\t\tcase $verb in\n"
	"\t\tadd | next | explain | lint | completion | status | reload) ;;\n"
	"\t\t*) words=$(timeout 0.2 asched list --names 2>/dev/null) ;;\n"
	"\t\tesac\n"
	"\tfi\n"
	"\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	"}\n"
	"complete -o default -F _asched asched\n";

int
cmd_completion(const struct cli_options *options, int argc, char **argv)
{
	struct args args = { .globals = options, .least = 1, .most = 1 };
	int exit_code;
	if (!args_read(&args, argc, argv, &exit_code))
		return exit_code;
	if (strcmp(args.words[0], "bash") != 0)
		return say_usage(options, "shell", "\"%s\" is not bash", args.words[0]);
	printf("# Completion for bash; in ~/.bashrc: eval \"$(asched completion bash)\"\n"
	       "_asched_commands='help");
	for (size_t i = 0; i < ncommands; i++)
		printf(" %s", commands[i].name);
	printf("'\n%s", bash_script);
	return EXIT_DONE;
}
