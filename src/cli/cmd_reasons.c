/* reasons: every way to fail, as docs/reasons.md has it. */
#include "cli/commands.h"

#include "cli/help.h"

/* What to do about a failure of which the table says nothing in particular. */
static const char *what_to_do(enum hm_reason reason)
{
	const char *hint = hm_reason_hint(reason);

	if (hint)
		return hint;
	switch (hm_reason_status(reason)) {
	case HM_OK:
		return "nothing";
	case HM_EINVAL:
		return "correct the command line, or the configuration that the message names";
	case HM_EPARSE:
		return "correct the document at the place that the message names, or get it again from where it came "
		       "from";
	case HM_EVERIFY:
		return "do not use what was refused; get it again from its maker, and tell them where it is refused "
		       "again";
	case HM_EPOLICY:
		return "do not use it unless what is wanted was stated wrongly; then correct that";
	case HM_EIO:
	case HM_ENET:
		return "see what the operating system says in the message, and run again when it is mended";
	case HM_ENOTFOUND:
		return "look whether the name in the message is right";
	case HM_ECONFLICT:
		return "look what else works on the same thing";
	case HM_ELIMIT:
		return "make the input smaller; the limits are there against hostile input and are not options";
	case HM_ENOMEM:
		return "run where more memory is free";
	case HM_EBUG:
		return "report it with the command line that led to it";
	}
	return "";
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

static void put_row(enum hm_reason reason, FILE *f)
{
	enum hm_status st = hm_reason_status(reason);

	fprintf(f, "| `%s` | %s | %d | ", hm_reason_code(reason), hm_status_name(st),
		hm_cli_exit_code(HM_EXITS_HALLMARK, st));
	put_cell(hm_reason_text(reason), f);
	fputs(" | ", f);
	put_cell(what_to_do(reason), f);
	fputs(" |\n", f);
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	(void)opts, (void)args, (void)count, (void)err;
	fputs("# Reasons\n\n"
	      "Every failure has one of these reasons. `--output json` prints it as `error.reason`; a message in text "
	      "has "
	      "the object and\nthe cause, and a hint where one is known. A reason keeps its name and its meaning from "
	      "version to version. Printed from\n`src/base/reasons.def` by `ninja -C build docs`.\n\n"
	      "| reason | kind | exit code | what it means | what to do |\n| --- | --- | --- | --- | --- |\n",
	      cli->out);
	for (enum hm_reason reason = HM_R_OK; reason < HM_REASON_COUNT; reason++)
		put_row(reason, cli->out);
	fputs("\nThe exit code is that of hallmark's own commands; those that are named after cosign's end with 1 on "
	      "every "
	      "failure.\n",
	      cli->out);
	return HM_OK;
}

const struct hm_cmd hm_cmd_reasons = {
	.name = "reasons",
	.summary = "print the reasons for which something can fail",
	.args = "",
	.about = "Prints docs/reasons.md.",
	.example = "  hallmark reasons >docs/reasons.md\n",
	.is_hidden = true,
	.run = run,
};
