#include "cli/help.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"

/* What every command has, unless it has its own. */
#define OUTPUT_HELP "print the result as text or json, where it has both"
#define HELP_HELP   "print this and do nothing"

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
	snprintf(ret_text, size, "%s--%s%s%s", letter, opt->name,
		 opt->is_on                 ? "=false"
		 : opt->kind == HM_OPT_FLAG ? ""
					    : " ",
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

/* Whether --output is the command's own. */
static bool has_output(const struct hm_cmd *cmd)
{
	for (size_t i = 0; i < cmd->opts_count; i++) {
		if (strcmp(cmd->opts[i].name, "output") == 0)
			return true;
	}
	return false;
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
	if (!has_output(cmd))
		fprintf(f, "  %-34s  %s\n", "    --output FORM", OUTPUT_HELP);
	fprintf(f, "  %-34s  %s\n\nExit codes:\n", "-h, --help", HELP_HELP);
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

/* A command's name as a file's. */
static void put_dashed(const char *name, FILE *f)
{
	for (const char *c = name; *c; c++)
		fputc(*c == ' ' ? '-' : *c, f);
}

/* The same text as in the help; without memory for it, none. */
static char *opt_help(const struct hm_opt *opt)
{
	char *help = NULL;
	size_t len = 0;
	FILE *mem = open_memstream(&help, &len);

	if (!mem)
		return NULL;
	print_opt_help(opt, mem);
	fclose(mem);
	return help;
}

static void man_opt_help(const struct hm_opt *opt, FILE *f)
{
	HM_OWN(hm_freep) char *help = opt_help(opt);

	roff(help ? help : "", f);
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
		put_dashed(commands[i]->name, f);
		fputs(" (1)\n", f);
		roff(commands[i]->summary, f);
		fputs(".\n", f);
	}
	fputs(".SH EXIT STATUS\n", f);
	for (const struct hm_exit_row *row = hm_help_exits(HM_EXITS_HALLMARK); row->code; row++)
		fprintf(f, ".TP\n%s\n%s.\n", row->code, row->text);
	fputs("Commands named after those of another program end with that program's codes; their pages say so.\n"
	      ".SH FILES\n.TP\n.I .hallmark/out\nwhat a run made, in the module's folder.\n"
	      ".TP\n.I $XDG_STATE_HOME/hallmark\nkeys, log and caches; ~/.local/state/hallmark where it is not set.\n",
	      f);
}

void hm_help_man(const struct hm_cmd *const *commands, const struct hm_cmd *cmd, FILE *f)
{
	if (!cmd) {
		man_program(commands, f);
		return;
	}
	fputs(".TH HALLMARK\\-", f);
	put_dashed(cmd->name, f);
	fputs(" 1 \"\" \"hallmark\" \"User Commands\"\n.SH NAME\nhallmark\\-", f);
	put_dashed(cmd->name, f);
	fputs(" \\- ", f);
	roff(cmd->summary, f);
	fprintf(f, "\n.SH SYNOPSIS\n.B hallmark %s\n[\\fIOPTIONS\\fR] ", cmd->name);
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
		man_opt_help(&cmd->opts[i], f);
		fputs(".\n", f);
	}
	if (!has_output(cmd))
		fputs(".TP\n.B \\-\\-output FORM\n" OUTPUT_HELP ".\n", f);
	fputs(".TP\n.B \\-h, \\-\\-help\n" HELP_HELP ".\n.SH EXIT STATUS\n", f);
	for (const struct hm_exit_row *row = hm_help_exits(cmd->exits); row->code; row++)
		fprintf(f, ".TP\n%s\n%s.\n", row->code, row->text);
	fputs(".SH EXAMPLE\n.nf\n", f);
	roff(cmd->example, f);
	fputs(".fi\n.SH SEE ALSO\n.BR hallmark (1)\n", f);
}

/* Text in a row of a table, where a bar would begin the next column. */
static void put_cell(const char *text, FILE *f)
{
	for (const char *c = text; *c; c++) {
		if (*c == '|')
			fputc('\\', f);
		fputc(*c, f);
	}
}

static void markdown_opts(const struct hm_cmd *cmd, FILE *f)
{
	fputs("\n| option | meaning |\n| --- | --- |\n", f);
	for (size_t i = 0; i < cmd->opts_count; i++) {
		char left[80];
		HM_OWN(hm_freep) char *help = opt_help(&cmd->opts[i]);
		opt_text(&cmd->opts[i], left, sizeof(left));
		fputs("| `", f);
		put_cell(hm_str_trim(hm_str(left)).ptr, f);
		fputs("` | ", f);
		put_cell(help ? help : "", f);
		fputs(" |\n", f);
	}
	if (!has_output(cmd))
		fputs("| `--output FORM` | " OUTPUT_HELP " |\n", f);
	fputs("| `-h, --help` | " HELP_HELP " |\n", f);
}

static void markdown_exits(enum hm_exits exits, FILE *f)
{
	fputs("\n| exit code | meaning |\n| --- | --- |\n", f);
	for (const struct hm_exit_row *row = hm_help_exits(exits); row->code; row++)
		fprintf(f, "| %s | %s |\n", row->code, row->text);
}

void hm_help_markdown(const struct hm_cmd *cmd, FILE *f)
{
	fprintf(f, "# hallmark %s\n\n%s.\n\n    hallmark %s [OPTIONS]%s%s\n\n%s\n", cmd->name, cmd->summary, cmd->name,
		cmd->args[0] ? " " : "", cmd->args, cmd->about);
	markdown_opts(cmd, f);
	markdown_exits(cmd->exits, f);
	fprintf(f, "\n## Example\n\n```\n%s```\n", cmd->example);
}

void hm_help_markdown_index(const struct hm_cmd *const *commands, FILE *f)
{
	fputs(
	    "# Commands\n\nPrinted from the program's own tables, as `--help`, the manual pages and completion are.\n\n"
	    "| command | what it does |\n| --- | --- |\n",
	    f);
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->is_hidden)
			continue;
		fprintf(f, "| [`hallmark %s`](", commands[i]->name);
		put_dashed(commands[i]->name, f);
		fputs(".md) | ", f);
		put_cell(commands[i]->summary, f);
		fputs(" |\n", f);
	}
	fputs("\nEvery command has `--help`, and `--output text` or `--output json` where its result has both forms. "
	      "Results go to stdout, diagnostics and progress to stderr.\n\n## Exit codes\n",
	      f);
	markdown_exits(HM_EXITS_HALLMARK, f);
	const char *sep = "\nThose that are named after cosign's commands have cosign's:";
	for (size_t i = 0; commands[i]; i++) {
		if (commands[i]->is_hidden || commands[i]->exits != HM_EXITS_COSIGN)
			continue;
		fprintf(f, "%s `%s`", sep, commands[i]->name);
		sep = ",";
	}
	if (sep[0] == ',') {
		fputs(".\n", f);
		markdown_exits(HM_EXITS_COSIGN, f);
	}
}
