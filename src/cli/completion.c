#include "cli/completion.h"

#include "base/str.h"

#include <ctype.h>
#include <string.h>

/* The words of a command's name; second is empty where it has one. */
struct name {
	struct hm_str first, second;
};

static struct name name_of(const struct hm_cmd *cmd)
{
	struct name n = { .second = HM_STR("") };

	if (!hm_str_cut(hm_str(cmd->name), ' ', &n.first, &n.second))
		n = (struct name){ hm_str(cmd->name), HM_STR("") };
	return n;
}

/* Whether no visible command before this one begins with the same word. */
static bool is_first_of_word(const struct hm_cmd *const *commands, size_t i)
{
	struct name n = name_of(commands[i]);

	for (size_t k = 0; k < i; k++) {
		if (!commands[k]->is_hidden && hm_str_eq(name_of(commands[k]).first, n.first))
			return false;
	}
	return !commands[i]->is_hidden;
}

/* Whether a command's one argument is one of a few words: "bash|zsh|fish". */
static bool has_fixed_args(const struct hm_cmd *cmd)
{
	if (!strchr(cmd->args, '|'))
		return false;
	for (const char *c = cmd->args; *c; c++) {
		if (*c != '|' && *c != '-' && !islower((unsigned char)*c))
			return false;
	}
	return true;
}

static void put_fixed_args(const struct hm_cmd *cmd, FILE *f)
{
	for (const char *c = cmd->args; *c; c++)
		fputc(*c == '|' ? ' ' : *c, f);
}

static void put_choices(const struct hm_opt *opt, FILE *f)
{
	for (unsigned i = 0; opt->choices[i]; i++)
		fprintf(f, "%s%s", i ? " " : "", opt->choices[i]);
}

static bool has_opt(const struct hm_cmd *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->opts_count; i++) {
		if (strcmp(cmd->opts[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Text within single quotes, with a backslash before each of the shell's own characters. */
static void put_quoted(const char *text, const char *special, FILE *f)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\'')
			fputs("'\\''", f);
		else if (strchr(special, *c))
			fprintf(f, "\\%c", *c);
		else
			fputc(*c, f);
	}
}

static void put_first_words(const struct hm_cmd *const *commands, FILE *f)
{
	const char *sep = "";

	for (size_t i = 0; commands[i]; i++) {
		if (is_first_of_word(commands, i)) {
			fprintf(f, "%s%.*s", sep, HM_STR_ARG(name_of(commands[i]).first));
			sep = " ";
		}
	}
}

static void put_second_words(const struct hm_cmd *const *commands, struct hm_str first, FILE *f)
{
	const char *sep = "";

	for (size_t i = 0; commands[i]; i++) {
		struct name n = name_of(commands[i]);
		if (!commands[i]->is_hidden && n.second.len > 0 && hm_str_eq(n.first, first)) {
			fprintf(f, "%s%.*s", sep, HM_STR_ARG(n.second));
			sep = " ";
		}
	}
}

/* --- bash --- */

static void bash_command(const struct hm_cmd *cmd, FILE *f)
{
	fprintf(f, "\t\"%s \"*)\n\t\tcase $prev in\n", cmd->name);
	for (size_t i = 0; i < cmd->opts_count; i++) {
		const struct hm_opt *opt = &cmd->opts[i];
		if (opt->kind == HM_OPT_FLAG)
			continue;
		fprintf(f, "\t\t--%s", opt->name);
		if (opt->letter)
			fprintf(f, "|-%c", opt->letter);
		fputs(") words=\"", f);
		if (opt->kind == HM_OPT_CHOICE)
			put_choices(opt, f);
		fputs("\" ;;\n", f);
	}
	if (!has_opt(cmd, "output"))
		fputs("\t\t--output) words=\"text json\" ;;\n", f);
	fputs("\t\t*)\n\t\t\tcase $cur in\n\t\t\t-*) words=\"--help", f);
	for (size_t i = 0; i < cmd->opts_count; i++)
		fprintf(f, " --%s", cmd->opts[i].name);
	fprintf(f, "%s\" ;;\n", has_opt(cmd, "output") ? "" : " --output");
	if (has_fixed_args(cmd)) {
		fputs("\t\t\t*) words=\"", f);
		put_fixed_args(cmd, f);
		fputs("\" ;;\n", f);
	}
	fputs("\t\t\tesac ;;\n\t\tesac ;;\n", f);
}

/* Nothing found leaves it to the shell, which completes files. */
static void print_bash(const struct hm_cmd *const *commands, FILE *f)
{
	fputs("# bash completion of hallmark, printed by \"hallmark completion bash\".\n"
	      "_hallmark() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	      "\tCOMPREPLY=()\n"
	      "\t# \"--name=value\" comes as three words\n"
	      "\t[ \"$cur\" != = ] || cur=\n"
	      "\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD-2]}\n"
	      "\tcase \"${COMP_WORDS[*]:1:COMP_CWORD-1} \" in\n",
	      f);
	/* two words first: a pattern of one would match them too */
	for (int two = 1; two >= 0; two--) {
		for (size_t i = 0; commands[i]; i++) {
			if (!commands[i]->is_hidden && (name_of(commands[i]).second.len > 0) == two)
				bash_command(commands[i], f);
		}
	}
	for (size_t i = 0; commands[i]; i++) {
		struct name n = name_of(commands[i]);
		if (n.second.len == 0 || !is_first_of_word(commands, i))
			continue;
		fprintf(f, "\t\"%.*s \") words=\"", HM_STR_ARG(n.first));
		put_second_words(commands, n.first, f);
		fputs("\" ;;\n", f);
	}
	fputs("\t\" \") words=\"--help --version ", f);
	put_first_words(commands, f);
	fputs("\" ;;\n\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "}\n"
	      "complete -o bashdefault -o default -F _hallmark hallmark\n",
	      f);
}

/* --- zsh --- */

static const char zsh_special[] = "[]:\\";

static void zsh_opt(const struct hm_opt *opt, FILE *f)
{
	for (int with_letter = 0; with_letter <= (opt->letter ? 1 : 0); with_letter++) {
		fprintf(f, " \\\n\t\t\t'%s", opt->kind == HM_OPT_LIST ? "*" : "");
		if (with_letter)
			fprintf(f, "-%c", opt->letter);
		else
			fprintf(f, "--%s", opt->name);
		if (opt->kind != HM_OPT_FLAG)
			fputc(with_letter ? '+' : '=', f);
		fputc('[', f);
		put_quoted(opt->help, zsh_special, f);
		fputc(']', f);
		if (opt->kind != HM_OPT_FLAG) {
			fputc(':', f);
			put_quoted(opt->arg, zsh_special, f);
			fputc(':', f);
		}
		if (opt->kind == HM_OPT_CHOICE) {
			fputc('(', f);
			put_choices(opt, f);
			fputc(')', f);
		} else if (opt->kind != HM_OPT_FLAG) {
			fputs("_files", f);
		}
		fputc('\'', f);
	}
}

static void zsh_command(const struct hm_cmd *cmd, FILE *f)
{
	bool two = name_of(cmd).second.len > 0;

	fprintf(f, "\t(\"%s \"*)\n\t\tshift %d words; (( CURRENT -= %d ))\n\t\t_arguments -S", cmd->name, two ? 2 : 1,
		two ? 2 : 1);
	for (size_t i = 0; i < cmd->opts_count; i++)
		zsh_opt(&cmd->opts[i], f);
	if (!has_opt(cmd, "output"))
		fputs(" \\\n\t\t\t'--output=[print the result as text or json]:FORM:(text json)'", f);
	fputs(" \\\n\t\t\t'--help[print help]' \\\n\t\t\t'", f);
	if (has_fixed_args(cmd)) {
		fputs("1:argument:(", f);
		put_fixed_args(cmd, f);
		fputs(")' ;;\n", f);
	} else {
		fputs("*:argument:_files' ;;\n", f);
	}
}

/* Loaded by compinit as the function _hallmark, or sourced: then it makes itself known. */
static void print_zsh(const struct hm_cmd *const *commands, FILE *f)
{
	fputs("#compdef hallmark\n"
	      "# zsh completion of hallmark, printed by \"hallmark completion zsh\".\n"
	      "_hallmark() {\n"
	      "\tlocal -a commands\n"
	      "\tcase \"${(j: :)words[2,CURRENT-1]} \" in\n",
	      f);
	for (int two = 1; two >= 0; two--) {
		for (size_t i = 0; commands[i]; i++) {
			if (!commands[i]->is_hidden && (name_of(commands[i]).second.len > 0) == two)
				zsh_command(commands[i], f);
		}
	}
	for (size_t i = 0; commands[i]; i++) {
		struct name n = name_of(commands[i]);
		if (n.second.len == 0 || !is_first_of_word(commands, i))
			continue;
		fprintf(f, "\t(\"%.*s \") compadd -- ", HM_STR_ARG(n.first));
		put_second_words(commands, n.first, f);
		fputs(" ;;\n", f);
	}
	fputs("\t(\" \")\n\t\tcommands=(", f);
	for (size_t i = 0; commands[i]; i++) {
		struct name n = name_of(commands[i]);
		if (!is_first_of_word(commands, i))
			continue;
		fprintf(f, "\n\t\t\t'%.*s:", HM_STR_ARG(n.first));
		put_quoted(n.second.len > 0 ? "several commands" : commands[i]->summary, "\\", f);
		fputc('\'', f);
	}
	fputs(")\n\t\t_describe command commands ;;\n\tesac\n}\n"
	      "if [ \"${funcstack[1]}\" = _hallmark ]; then\n\t_hallmark \"$@\"\nelse\n\tcompdef _hallmark "
	      "hallmark\nfi\n",
	      f);
}

/* --- fish --- */

static const char fish_special[] = "\\";

static void fish_describe(const char *text, FILE *f)
{
	fputs(" -d '", f);
	for (const char *c = text; *c; c++) {
		if (*c == '\'' || strchr(fish_special, *c))
			fputc('\\', f);
		fputc(*c, f);
	}
	fputs("'\n", f);
}

static void fish_opts(const struct hm_cmd *cmd, FILE *f)
{
	for (size_t i = 0; i < cmd->opts_count; i++) {
		const struct hm_opt *opt = &cmd->opts[i];
		fprintf(f, "complete -c hallmark -n '__hallmark_is %s' -l %s", cmd->name, opt->name);
		if (opt->letter)
			fprintf(f, " -s %c", opt->letter);
		if (opt->kind == HM_OPT_CHOICE) {
			fputs(" -x -a '", f);
			put_choices(opt, f);
			fputc('\'', f);
		} else if (opt->kind != HM_OPT_FLAG) {
			fputs(" -r -F", f);
		}
		fish_describe(opt->help, f);
	}
	if (!has_opt(cmd, "output"))
		fprintf(f,
			"complete -c hallmark -n '__hallmark_is %s' -l output -x -a 'text json' "
			"-d 'print the result as text or json'\n",
			cmd->name);
	fprintf(f, "complete -c hallmark -n '__hallmark_is %s' -l help -d 'print help'\n", cmd->name);
	if (has_fixed_args(cmd)) {
		fprintf(f, "complete -c hallmark -n '__hallmark_is %s' -f -a '", cmd->name);
		put_fixed_args(cmd, f);
		fputs("'\n", f);
	}
}

static void print_fish(const struct hm_cmd *const *commands, FILE *f)
{
	fputs("# fish completion of hallmark, printed by \"hallmark completion fish\".\n"
	      "# Whether the words behind hallmark begin with these.\n"
	      "function __hallmark_is\n"
	      "\tset -l words (commandline -opc)\n"
	      "\tset -l end (math (count $argv) + 1)\n"
	      "\ttest (count $words) -ge $end; and test \"$words[2..$end]\" = \"$argv\"\n"
	      "end\n"
	      "# Whether these are all words so far.\n"
	      "function __hallmark_at\n"
	      "\tset -l words (commandline -opc)\n"
	      "\ttest \"$words[2..-1]\" = \"$argv\"\n"
	      "end\n",
	      f);
	for (size_t i = 0; commands[i]; i++) {
		struct name n = name_of(commands[i]);
		if (commands[i]->is_hidden)
			continue;
		if (is_first_of_word(commands, i)) {
			fprintf(f, "complete -c hallmark -n '__hallmark_at' -f -a %.*s", HM_STR_ARG(n.first));
			fish_describe(n.second.len > 0 ? "several commands" : commands[i]->summary, f);
		}
		if (n.second.len > 0) {
			fprintf(f, "complete -c hallmark -n '__hallmark_at %.*s' -f -a %.*s", HM_STR_ARG(n.first),
				HM_STR_ARG(n.second));
			fish_describe(commands[i]->summary, f);
		}
		fish_opts(commands[i], f);
	}
}

bool hm_completion_print(const struct hm_cmd *const *commands, const char *shell, FILE *f)
{
	static const struct {
		const char *shell;
		void (*print)(const struct hm_cmd *const *commands, FILE *f);
	} rows[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(rows[i].shell, shell) == 0) {
			rows[i].print(commands, f);
			return true;
		}
	}
	return false;
}
