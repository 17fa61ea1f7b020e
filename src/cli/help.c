#include "cli/help.h"

#include "base/str.h"

static const struct hm_exit_row hallmark_exits[] = {
	{ "0", "done" },
	{ "1", "refused: verification, policy, go.sum, a failed step or test, coverage" },
	{ "2", "usage, or a missing param" },
	{ "3", "malformed or over a limit, an unknown field, a cycle" },
	{ "4", "environment: disk, network, not found, in use, no memory" },
	{ "70", "a mistake in hallmark" },
	{ "128+N", "interrupted by signal N" },
	{ NULL, NULL },
};

static const struct hm_exit_row cosign_exits[] = {
	{ "0", "done" },
	{ "1", "refused, or could not be done" },
	{ NULL, NULL },
};

const struct hm_exit_row *hm_help_exits(enum hm_exits exits)
{
	return exits == HM_EXITS_COSIGN ? cosign_exits : hallmark_exits;
}

/* "--name VALUE" as it stands in the help. */
static void opt_text(const struct hm_opt *opt, char *ret_text, size_t size)
{
	char letter[8] = "    ";

	if (opt->letter)
		snprintf(letter, sizeof(letter), "-%c, ", opt->letter);
	snprintf(ret_text, size, "%s--%s%s%s", letter, opt->name, opt->kind == HM_OPT_FLAG ? "" : " ",
		 opt->kind == HM_OPT_FLAG ? "" : opt->arg);
}

static void print_choices(const struct hm_opt *opt, FILE *f)
{
	fputs(" (", f);
	for (unsigned i = 0; opt->choices[i]; i++)
		fprintf(f, "%s%s", i ? ", " : "", opt->choices[i]);
	fputs(")", f);
}

static void print_opt_help(const struct hm_opt *opt, FILE *f)
{
	fputs(opt->help, f);
	if (opt->kind == HM_OPT_CHOICE)
		print_choices(opt, f);
	if (opt->kind == HM_OPT_LIST)
		fputs("; may be given many times", f);
	if (opt->env)
		fprintf(f, " [$%s]", opt->env);
}

void hm_help_one(const struct hm_cmd *cmd, FILE *f)
{
	fprintf(f, "hallmark %s: %s\n\nUsage: hallmark %s%s%s%s\n\n%s\n", cmd->name, cmd->summary, cmd->name,
		" [OPTIONS]", cmd->args[0] ? " " : "", cmd->args, cmd->about);
	fputs("\nOptions:\n", f);
	for (size_t i = 0; i < cmd->opts_count; i++) {
		char left[80];
		opt_text(&cmd->opts[i], left, sizeof(left));
		fprintf(f, strlen(left) > 34 ? "  %s\n%38s" : "  %-34s  ", left, "");
		print_opt_help(&cmd->opts[i], f);
		fputc('\n', f);
	}
	fputs("      --output FORM                 print the result as text or json, where it has both\n"
	      "  -h, --help                        print this\n\nExit codes:\n",
	      f);
	for (const struct hm_exit_row *row = hm_help_exits(cmd->exits); row->code; row++)
		fprintf(f, "  %-6s %s\n", row->code, row->text);
	fprintf(f, "\nExample:\n%s", cmd->example);
}

void hm_help_all(const struct hm_cmd *const *commands, FILE *f)
{
	fputs("hallmark: from a Go module to a signed, logged and verified image\n\n"
	      "Usage: hallmark COMMAND [OPTIONS] [ARGUMENTS]\n\nCommands:\n",
	      f);
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->is_hidden)
			fprintf(f, "  %-24s %s\n", commands[i]->name, commands[i]->summary);
	}
	fputs("\n\"hallmark COMMAND --help\" says more about one. A program hallmark-NAME on the path is a command "
	      "too.\n",
	      f);
}

/* Text in roff: a backslash or a leading dot is no command there. */
static void roff(const char *text, FILE *f)
{
	bool line_start = true;

	for (const char *c = text; *c; c++) {
		if (line_start && (*c == '.' || *c == '\''))
			fputs("\\&", f);
		if (*c == '\\')
			fputs("\\e", f);
		else if (*c == '-')
			fputs("\\-", f);
		else
			fputc(*c, f);
		line_start = *c == '\n';
	}
}

static void man_name(const struct hm_cmd *cmd, FILE *f)
{
	for (const char *c = cmd->name; *c; c++)
		fputc(*c == ' ' ? '-' : *c, f);
}

static void man_program(const struct hm_cmd *const *commands, FILE *f)
{
	fputs(".TH HALLMARK 1 \"\" \"hallmark\" \"User Commands\"\n.SH NAME\n"
	      "hallmark \\- from a Go module to a signed, logged and verified image\n"
	      ".SH SYNOPSIS\n.B hallmark\n.I COMMAND\n[\\fIOPTIONS\\fR] [\\fIARGUMENTS\\fR]\n.SH COMMANDS\n",
	      f);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->is_hidden)
			continue;
		fputs(".TP\n.BR hallmark\\-", f);
		man_name(commands[i], f);
		fputs(" (1)\n", f);
		roff(commands[i]->summary, f);
		fputs(".\n", f);
	}
}

void hm_help_man(const struct hm_cmd *const *commands, const struct hm_cmd *cmd, FILE *f)
{
	if (!cmd) {
		man_program(commands, f);
		return;
	}
	fputs(".TH HALLMARK\\-", f);
	man_name(cmd, f);
	fputs(" 1 \"\" \"hallmark\" \"User Commands\"\n.SH NAME\nhallmark\\-", f);
	man_name(cmd, f);
	fputs(" \\- ", f);
	roff(cmd->summary, f);
	fprintf(f, "\n.SH SYNOPSIS\n.B hallmark %s\n%s", cmd->name, cmd->opts_count ? "[\\fIOPTIONS\\fR] " : "");
	roff(cmd->args, f);
	fputs("\n.SH DESCRIPTION\n", f);
	roff(cmd->about, f);
	fputs("\n.SH OPTIONS\n", f);
	for (size_t i = 0; i < cmd->opts_count; i++) {
		char left[80];
		opt_text(&cmd->opts[i], left, sizeof(left));
		fputs(".TP\n.B ", f);
		roff(hm_str_trim(hm_str(left)).ptr, f);
		fputc('\n', f);
		print_opt_help(&cmd->opts[i], f);
		fputs(".\n", f);
	}
	fputs(".SH EXIT STATUS\n", f);
	for (const struct hm_exit_row *row = hm_help_exits(cmd->exits); row->code; row++)
		fprintf(f, ".TP\n%s\n%s.\n", row->code, row->text);
	fputs(".SH EXAMPLE\n.nf\n", f);
	roff(cmd->example, f);
	fputs(".fi\n.SH SEE ALSO\n.BR hallmark (1)\n", f);
}

void hm_help_markdown(const struct hm_cmd *cmd, FILE *f)
{
	fprintf(f, "# hallmark %s\n\n%s.\n\n    hallmark %s%s%s%s\n\n%s\n", cmd->name, cmd->summary, cmd->name,
		cmd->opts_count ? " [OPTIONS]" : "", cmd->args[0] ? " " : "", cmd->args, cmd->about);
	if (cmd->opts_count)
		fputs("\n| option | meaning |\n| --- | --- |\n", f);
	for (size_t i = 0; i < cmd->opts_count; i++) {
		char left[80];
		opt_text(&cmd->opts[i], left, sizeof(left));
		fprintf(f, "| `%s` | ", hm_str_trim(hm_str(left)).ptr);
		print_opt_help(&cmd->opts[i], f);
		fputs(" |\n", f);
	}
	fputs("\n| exit code | meaning |\n| --- | --- |\n", f);
	for (const struct hm_exit_row *row = hm_help_exits(cmd->exits); row->code; row++)
		fprintf(f, "| %s | %s |\n", row->code, row->text);
	fprintf(f, "\n## Example\n\n```\n%s```\n", cmd->example);
}

static void complete_bash(const struct hm_cmd *const *commands, FILE *f)
{
	fputs("_hallmark() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} words=\n\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1} "
	      "\" in\n",
	      f);
	/* two-word names first, since a pattern of one word would match them too */
	for (int two_words = 1; two_words >= 0; two_words--) {
		for (size_t i = 0; commands[i]; i++) {
			const struct hm_cmd *cmd = commands[i];
			if (cmd->is_hidden || (strchr(cmd->name, ' ') != NULL) != two_words)
				continue;
			fprintf(f, "\t\"%s \"*) words=\"--help", cmd->name);
			for (size_t k = 0; k < cmd->opts_count; k++)
				fprintf(f, " --%s", cmd->opts[k].name);
			fputs("\" ;;\n", f);
		}
	}
	fputs("\t*) words=\"", f);
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->is_hidden)
			fprintf(f, "%s ", commands[i]->name);
	}
	fputs("\" ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	      "complete -o default -F _hallmark hallmark\n",
	      f);
}

static void complete_fish(const struct hm_cmd *const *commands, FILE *f)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct hm_cmd *cmd = commands[i];
		if (cmd->is_hidden)
			continue;
		struct hm_str first, second;
		bool two = hm_str_cut(hm_str(cmd->name), ' ', &first, &second);
		fprintf(f, "complete -c hallmark -n '__fish_use_subcommand' -a %.*s -d '%s'\n", HM_STR_ARG(first),
			two ? "" : cmd->summary);
		if (two)
			fprintf(f, "complete -c hallmark -n '__fish_seen_subcommand_from %.*s' -a %.*s -d '%s'\n",
				HM_STR_ARG(first), HM_STR_ARG(second), cmd->summary);
		for (size_t k = 0; k < cmd->opts_count; k++)
			fprintf(f, "complete -c hallmark -n '__fish_seen_subcommand_from %.*s' -l %s%s\n",
				HM_STR_ARG(two ? second : first), cmd->opts[k].name,
				cmd->opts[k].kind == HM_OPT_FLAG ? "" : " -r");
	}
}

bool hm_help_completion(const struct hm_cmd *const *commands, const char *shell, FILE *f)
{
	if (strcmp(shell, "zsh") == 0)
		fputs("autoload -U +X bashcompinit && bashcompinit\n", f);
	if (strcmp(shell, "bash") == 0 || strcmp(shell, "zsh") == 0)
		complete_bash(commands, f);
	else if (strcmp(shell, "fish") == 0)
		complete_fish(commands, f);
	else
		return false;
	return true;
}
