/* From argv to a command, and from its status to what a person reads and the exit code. */
#include "cli/cmd.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/str.h"
#include "base/unicode.h"
#include "cli/help.h"
#include "data/json_write.h"

#include <limits.h>
#include <unistd.h>

int hm_cli_exit_code(enum hm_exits exits, enum hm_status st)
{
	if (exits == HM_EXITS_COSIGN)
		return st == HM_OK ? 0 : 1;
	switch (st) {
	case HM_OK:
		return 0;
	case HM_EVERIFY:
	case HM_EPOLICY:
		return 1;
	case HM_EINVAL:
		return 2;
	case HM_EPARSE:
	case HM_ELIMIT:
		return 3;
	case HM_EIO:
	case HM_ENET:
	case HM_ENOTFOUND:
	case HM_ECONFLICT:
	case HM_ENOMEM:
		return 4;
	case HM_EBUG:
		return 70;
	}
	return 70;
}

const struct hm_cmd *hm_cli_find(const struct hm_cmd *const *commands, char *const *words, size_t *ret_words)
{
	const struct hm_cmd *found = NULL;

	for (size_t i = 0; commands[i] && words[0]; i++) {
		struct hm_str first, second;
		bool two = hm_str_cut(hm_str(commands[i]->name), ' ', &first, &second);
		if (!hm_str_is(first, words[0]) || (two && (!words[1] || !hm_str_is(second, words[1]))))
			continue;
		/* a name of two words wins over one of one */
		if (!found || two) {
			found = commands[i];
			*ret_words = two ? 2 : 1;
		}
	}
	return found;
}

void hm_cli_print_clean(FILE *f, const char *text)
{
	struct hm_str rest = hm_str(text);

	while (rest.len > 0) {
		struct hm_str before = rest;
		uint32_t rune = hm_rune_next(&rest);
		size_t len = before.len - rest.len;
		bool is_bad = rune == HM_RUNE_BAD && len == 1;
		if ((hm_rune_is_print(rune) && !is_bad) || rune == ' ' || rune == '\n' || rune == '\t')
			fwrite(before.ptr, 1, len, f);
		else
			for (size_t i = 0; i < len; i++)
				fprintf(f, "\\x%02x", (unsigned char)before.ptr[i]);
	}
}

/* A result that could not be written is no result: a full disk behind stdout must not end with exit code 0. */
static enum hm_status flush(FILE *f, struct hm_err *err)
{
	if (fflush(f) != 0 || ferror(f))
		return hm_fail(err, HM_R_FILE_IO, "the output could not be written");
	return HM_OK;
}

enum hm_status hm_cli_print(struct hm_cli *cli, const struct hm_buf *text, struct hm_err *err)
{
	if (cli->json)
		fwrite(text->ptr, 1, text->len, cli->out);
	else
		hm_cli_print_clean(cli->out, text->ptr);
	return flush(cli->out, err);
}

enum hm_status hm_cli_print_json(struct hm_cli *cli, const struct hm_json_writer *w, const struct hm_buf *text,
				 struct hm_err *err)
{
	enum hm_status st = hm_json_writer_check(w, "the result", err);

	if (st == HM_OK)
		fprintf(cli->out, "%.*s\n", HM_STR_ARG(hm_buf_str(text)));
	return st;
}

static void print_error_text(const struct hm_err *err, const struct hm_strv *notes, FILE *f)
{
	char text[sizeof(err->cause) + sizeof(err->ctx) + sizeof(err->file) + 64];
	const char *hint = hm_reason_hint(err->reason);

	hm_err_text(err, text, sizeof(text));
	fputs("hallmark: ", f);
	hm_cli_print_clean(f, text);
	fputc('\n', f);
	for (size_t i = 0; i < notes->count; i++) {
		fputs("  ", f);
		hm_cli_print_clean(f, notes->v[i]);
		fputc('\n', f);
	}
	if (hint)
		fprintf(f, "  hint: %s\n", hint);
}

static void print_error_json(const struct hm_err *err, enum hm_status st, const struct hm_cli *cli, FILE *f)
{
	/* each byte of the output may become an escape */
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(64 * HM_KIB + 8 * cli->output.len);
	struct hm_json_writer w = hm_json_writer_init(&buf, NULL);
	const char *hint = hm_reason_hint(err->reason);
	const struct hm_strv *notes = &cli->notes;
	struct hm_str rest = hm_buf_str(&cli->output), line;

	hm_json_object(&w);
	hm_json_key(&w, "error");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "reason", hm_reason_code(err->reason));
	hm_json_member_cstr(&w, "status", hm_status_name(st));
	hm_json_member_cstr(&w, "cause", err->cause);
	hm_json_member_str_if(&w, "context", hm_str(err->ctx));
	hm_json_member_str_if(&w, "file", hm_str(err->file));
	if (err->row > 0)
		hm_json_member_u64(&w, "row", err->row);
	if (err->col > 0)
		hm_json_member_u64(&w, "column", err->col);
	hm_json_member_str_if(&w, "hint", hm_str(hint));
	if (notes->count > 0) {
		hm_json_key(&w, "notes");
		hm_json_array(&w);
		for (size_t i = 0; i < notes->count; i++)
			hm_json_cstr(&w, notes->v[i]);
		hm_json_array_end(&w);
	}
	if (rest.len > 0) {
		hm_json_key(&w, "output");
		hm_json_array(&w);
		while (rest.len > 0 && hm_str_next(&rest, '\n', &line))
			hm_json_str(&w, line);
		hm_json_array_end(&w);
	}
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	if (hm_json_writer_check(&w, "an error", NULL) == HM_OK)
		fprintf(f, "%s\n", buf.ptr);
}

static int run_command(struct hm_cli *cli, const struct hm_cmd *cmd, char *const *argv)
{
	struct hm_err err = { 0 };
	HM_OWN(hm_strv_done) struct hm_strv args = { 0 };
	struct hm_cli_common common = { 0 };
	void *opts = hm_calloc(1, cmd->opts_size ? cmd->opts_size : 1);
	enum hm_status st =
	    opts ? hm_cli_parse(cmd, argv, opts, &args, &common, &err) : hm_fail(&err, HM_R_NO_MEMORY, "options");

	cli->json = common.json;
	if (st == HM_OK && common.help)
		hm_help_one(cmd, cli->out);
	else if (st == HM_OK)
		st = cmd->run(cli, opts, args.v, args.count, &err);
	hm_cli_opts_done(cmd, opts);
	free(opts);
	if (st == HM_OK)
		st = flush(cli->out, &err);
	if (st != HM_OK) {
		if (cli->json && !cli->has_answered)
			print_error_json(&err, st, cli, cli->out);
		print_error_text(&err, &cli->notes, cli->log);
		if (err.reason == HM_R_USAGE)
			fprintf(cli->log, "  \"hallmark %s --help\" says more\n", cmd->name);
	}
	fflush(cli->out);
	hm_strv_done(&cli->notes);
	hm_buf_done(&cli->output);
	return err.reason == HM_R_INTERRUPTED && st != HM_OK ? 128 + err.sys : hm_cli_exit_code(cmd->exits, st);
}

static char *own_path(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (n < 0)
		return NULL;
	path[n] = '\0';
	return hm_asprintf("%s", path);
}

int hm_cli_main(const struct hm_cmd *const *commands, hm_cli_elsewhere elsewhere, int argc, char **argv)
{
	HM_OWN(hm_freep) char *program = own_path();
	struct hm_cli cli = { .fx = hm_effects_system(),
			      .out = stdout,
			      .log = stderr,
			      .all = commands,
			      .program = program ? program : argv[0] };
	struct hm_err err = { 0 };
	size_t words = 0;

	if (argc < 1 || argv[0] == NULL)
		return hm_cli_exit_code(HM_EXITS_HALLMARK, HM_EINVAL);
	/* "hallmark", "hallmark --help" and "hallmark help" are the same; so are --version and version */
	static char help[] = "help", version[] = "version";
	char *alone[] = { argv[0], help, NULL };
	if (argc == 1)
		argv = alone;
	else if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		argv[1] = help;
	else if (strcmp(argv[1], "--version") == 0)
		argv[1] = version;

	const struct hm_cmd *cmd = hm_cli_find(commands, argv + 1, &words);
	if (cmd)
		return run_command(&cli, cmd, argv + 1 + words);
	enum hm_status st = elsewhere(cli.program, argv, &err);
	print_error_text(&err, &cli.notes, stderr);
	return hm_cli_exit_code(HM_EXITS_HALLMARK, st);
}
