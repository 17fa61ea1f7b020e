/* help, version, completion, and what packaging asks for: man pages and documentation pages. */
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/version.h"
#include "data/json_write.h"

static enum hm_status run_help(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
			       struct hm_err *err)
{
	size_t words;

	(void)opts;
	if (count == 0) {
		hm_help_all(cli->all, cli->out);
		return HM_OK;
	}
	const struct hm_cmd *cmd = hm_cli_find(cli->all, args, &words);
	if (!cmd || words != count)
		return hm_fail(err, HM_R_USAGE, "no command '%s%s%s'", args[0], count > 1 ? " " : "",
			       count > 1 ? args[1] : "");
	hm_help_one(cmd, cli->out);
	return HM_OK;
}

const struct hm_cmd hm_cmd_help = {
	.name = "help",
	.summary = "list the commands, or explain one",
	.args = "[COMMAND]",
	.about = "Without an argument, all commands with a line each; with one, the same as COMMAND --help.",
	.example = "  hallmark help verify-blob\n",
	.max_args = 2,
	.run = run_help,
};

static enum hm_status run_version(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_KIB);

	(void)opts, (void)args, (void)count;
	if (!cli->json) {
		fprintf(cli->out, "hallmark %s\n", HM_VERSION);
		return HM_OK;
	}
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);
	hm_json_object(&w);
	hm_json_member_cstr(&w, "version", HM_VERSION);
	hm_json_object_end(&w);
	return hm_cli_print_json(cli, &w, &text, err);
}

const struct hm_cmd hm_cmd_version = {
	.name = "version",
	.summary = "print the version",
	.args = "",
	.about = "Prints the version of this program; with --output json, as the member version of an object.",
	.example = "  hallmark version\n  hallmark " HM_VERSION "\n",
	.run = run_version,
};

static enum hm_status run_completion(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				     struct hm_err *err)
{
	(void)opts, (void)count;
	if (!hm_completion_print(cli->all, args[0], cli->out))
		return hm_fail(err, HM_R_USAGE, "completion is for bash, zsh and fish, not for '%s'", args[0]);
	return HM_OK;
}

const struct hm_cmd hm_cmd_completion = {
	.name = "completion",
	.summary = "print the completion of a shell",
	.args = "bash|zsh|fish",
	.about = "Prints a script that teaches the shell hallmark's commands and options.",
	.example = "  hallmark completion bash >~/.local/share/bash-completion/completions/hallmark\n",
	.min_args = 1,
	.max_args = 1,
	.run = run_completion,
};

struct pages_opts {
	bool markdown;
};

static const struct hm_opt pages_table[] = {
	{ "markdown", 0, HM_OPT_FLAG, offsetof(struct pages_opts, markdown), NULL,
	  "write pages for docs/commands and not for man(1)", NULL, NULL },
};

/* cmd NULL is the page about all. */
static enum hm_status write_page(struct hm_cli *cli, const struct hm_cmd *cmd, bool markdown, const char *folder,
				 struct hm_err *err)
{
	char name[64];
	HM_OWN(hm_freep) char *text = NULL;
	size_t len = 0;

	if (markdown)
		snprintf(name, sizeof(name), "%s", cmd ? cmd->name : "README");
	else
		snprintf(name, sizeof(name), "hallmark%s%s", cmd ? "-" : "", cmd ? cmd->name : "");
	for (char *c = name; *c; c++)
		*c = *c == ' ' ? '-' : *c;
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s.%s", folder, name, markdown ? "md" : "1");
	FILE *f = path ? open_memstream(&text, &len) : NULL;
	if (!f)
		return hm_fail(err, HM_R_NO_MEMORY, "page of '%s'", name);
	if (!markdown)
		hm_help_man(cli->all, cmd, f);
	else if (cmd)
		hm_help_markdown(cmd, f);
	else
		hm_help_markdown_index(cli->all, f);
	if (fclose(f) != 0)
		return hm_fail(err, HM_R_NO_MEMORY, "page of '%s'", name);
	return hm_file_save(path, hm_str_of(text, len), 0644, err);
}

static enum hm_status run_pages(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				struct hm_err *err)
{
	const struct pages_opts *o = opts;

	(void)count;
	enum hm_status st = hm_dir_make(args[0], 0755, err);
	if (st == HM_OK)
		st = write_page(cli, NULL, o->markdown, args[0], err);
	for (size_t i = 0; cli->all[i] && st == HM_OK; i++) {
		if (!cli->all[i]->is_hidden)
			st = write_page(cli, cli->all[i], o->markdown, args[0], err);
	}
	return st;
}

const struct hm_cmd hm_cmd_pages = {
	.name = "pages",
	.summary = "write manual pages, or the documentation's pages",
	.args = "FOLDER",
	.about = "Writes a page about all and one for each command into FOLDER; packaging calls this.",
	.example = "  hallmark pages build/man\n",
	HM_CMD_OPTS(pages_table, struct pages_opts),
	.min_args = 1,
	.max_args = 1,
	.is_hidden = true,
	.run = run_pages,
};
