/* The command line to a command's options. */
#include "cli/cmd.h"

#include "base/mem.h"
#include "base/str.h"

static void *field(void *opts, const struct hm_opt *opt)
{
	return (char *)opts + opt->offset;
}

static const struct hm_opt *find_opt(const struct hm_cmd *cmd, struct hm_str name)
{
	for (size_t i = 0; i < cmd->opts_count; i++) {
		if (hm_str_is(name, cmd->opts[i].name))
			return &cmd->opts[i];
	}
	return NULL;
}

static const struct hm_opt *find_letter(const struct hm_cmd *cmd, char letter)
{
	for (size_t i = 0; i < cmd->opts_count; i++) {
		if (letter != '\0' && cmd->opts[i].letter == letter)
			return &cmd->opts[i];
	}
	return NULL;
}

static enum hm_status set_flag(const struct hm_opt *opt, const char *value, bool *ret_flag, struct hm_err *err)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		*ret_flag = true;
	else if (strcmp(value, "false") == 0 || strcmp(value, "0") == 0)
		*ret_flag = false;
	else
		return hm_fail(err, HM_R_USAGE, "--%s is true or false, not '%s'", opt->name, value);
	*ret_flag ^= opt->is_on;
	return HM_OK;
}

static enum hm_status set_choice(const struct hm_opt *opt, const char *value, unsigned *ret_choice, struct hm_err *err)
{
	char all[256] = "";

	for (unsigned i = 0; opt->choices[i]; i++) {
		if (strcmp(value, opt->choices[i]) == 0) {
			*ret_choice = i;
			return HM_OK;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof(all) - used, "%s%s", i ? ", " : "", opt->choices[i]);
	}
	return hm_fail(err, HM_R_USAGE, "--%s is one of %s, not '%s'", opt->name, all, value);
}

static enum hm_status set(const struct hm_opt *opt, const char *value, void *opts, struct hm_err *err)
{
	switch (opt->kind) {
	case HM_OPT_FLAG:
		return set_flag(opt, value, field(opts, opt), err);
	case HM_OPT_TEXT:
		*(const char **)field(opts, opt) = value;
		return HM_OK;
	case HM_OPT_LIST:
		hm_strv_add(field(opts, opt), value);
		return hm_strv_check(field(opts, opt), err);
	case HM_OPT_NUMBER:
		if (!hm_str_to_u64(hm_str(value), field(opts, opt)))
			return hm_fail(err, HM_R_USAGE, "--%s wants a number, not '%s'", opt->name, value);
		return HM_OK;
	case HM_OPT_CHOICE:
		return set_choice(opt, value, field(opts, opt), err);
	}
	return hm_fail(err, HM_R_BUG, "option --%s has no kind", opt->name);
}

/* Where parsing stands. */
struct parse {
	const struct hm_cmd *cmd;
	char *const *argv; /* the next argument */
	void *opts;
	uint64_t given; /* bit i: opts[i] was on the command line */
	unsigned output;
};

static const char *const output_choices[] = { "text", "json", NULL };
static const struct hm_opt output_opt = {
	.name = "output", .kind = HM_OPT_CHOICE, .arg = "FORM", .choices = output_choices
};

static enum hm_status take(struct parse *p, const struct hm_opt *opt, const char *value, struct hm_err *err)
{
	if (opt != &output_opt)
		p->given |= UINT64_C(1) << (opt - p->cmd->opts);
	if (!value && opt->kind == HM_OPT_FLAG)
		value = "true";
	if (!value) {
		if (!p->argv[0])
			return hm_fail(err, HM_R_USAGE, "--%s wants %s behind it", opt->name, opt->arg);
		value = *p->argv++;
	}
	return opt == &output_opt ? set_choice(opt, value, &p->output, err) : set(opt, value, p->opts, err);
}

static enum hm_status unknown(const struct hm_cmd *cmd, const char *dashes, struct hm_str name, struct hm_err *err)
{
	for (size_t i = 0; cmd->later && cmd->later[i]; i++) {
		if (hm_str_is(name, cmd->later[i]))
			return hm_fail(err, HM_R_UNSUPPORTED, "%s%s is not supported yet", dashes, cmd->later[i]);
	}
	return hm_fail(err, HM_R_USAGE, "'%s' has no option %s%.*s", cmd->name, dashes, HM_STR_ARG(name));
}

static enum hm_status take_long(struct parse *p, const char *arg, struct hm_err *err)
{
	struct hm_str name, value;
	bool has_value = hm_str_cut(hm_str(arg + 2), '=', &name, &value);
	const struct hm_opt *opt = find_opt(p->cmd, name);

	if (!opt && hm_str_is(name, "output"))
		opt = &output_opt;
	if (!opt)
		return unknown(p->cmd, "--", name, err);
	return take(p, opt, has_value ? value.ptr : NULL, err);
}

/* "-x", "-x value", "-xvalue" and, for flags, "-xy". */
static enum hm_status take_short(struct parse *p, const char *arg, struct hm_err *err)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct hm_opt *opt = find_letter(p->cmd, *c);
		if (!opt)
			return unknown(p->cmd, "-", hm_str_of(c, 1), err);
		if (opt->kind != HM_OPT_FLAG)
			return take(p, opt, c[1] == '=' ? c + 2 : c[1] ? c + 1 : NULL, err);
		enum hm_status st = take(p, opt, "true", err);
		if (st != HM_OK)
			return st;
	}
	return HM_OK;
}

static enum hm_status from_environment(struct parse *p, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < p->cmd->opts_count && st == HM_OK; i++) {
		const struct hm_opt *opt = &p->cmd->opts[i];
		const char *value = opt->env && !(p->given >> i & 1) ? getenv(opt->env) : NULL;
		if (value && value[0] != '\0')
			st = hm_while(err, set(opt, value, p->opts, err), "environment variable %s", opt->env);
	}
	return st;
}

static enum hm_status count_args(const struct hm_cmd *cmd, size_t n, struct hm_err *err)
{
	if (n < cmd->min_args)
		return hm_fail(err, HM_R_USAGE, "too few arguments: hallmark %s %s", cmd->name, cmd->args);
	if (n > cmd->max_args)
		return hm_fail(err, HM_R_USAGE, "%zu argument%s too many: hallmark %s %s", n - cmd->max_args,
			       n - cmd->max_args == 1 ? "" : "s", cmd->name, cmd->args);
	return HM_OK;
}

enum hm_status hm_cli_parse(const struct hm_cmd *cmd, char *const *argv, void *opts, struct hm_strv *ret_args,
			    struct hm_cli_common *ret_common, struct hm_err *err)
{
	struct parse p = { cmd, argv, opts, 0, 0 };
	enum hm_status st = HM_OK;
	bool only_args = false;

	*ret_common = (struct hm_cli_common){ 0 };
	while (p.argv[0] && st == HM_OK) {
		const char *arg = *p.argv++;
		if (only_args || arg[0] != '-' || arg[1] == '\0')
			hm_strv_add(ret_args, arg);
		else if (strcmp(arg, "--") == 0)
			only_args = true;
		else if (strcmp(arg, "--help") == 0 || (strcmp(arg, "-h") == 0 && !find_letter(cmd, 'h')))
			ret_common->help = true;
		else
			st = arg[1] == '-' ? take_long(&p, arg, err) : take_short(&p, arg, err);
	}
	ret_common->json = p.output == 1;
	if (st == HM_OK && ret_common->help)
		return HM_OK;
	if (st == HM_OK)
		st = from_environment(&p, err);
	if (st == HM_OK)
		st = hm_strv_check(ret_args, err);
	return st == HM_OK ? count_args(cmd, ret_args->count, err) : st;
}

void hm_cli_opts_done(const struct hm_cmd *cmd, void *opts)
{
	for (size_t i = 0; opts && i < cmd->opts_count; i++) {
		if (cmd->opts[i].kind == HM_OPT_LIST)
			hm_strv_done(field(opts, &cmd->opts[i]));
	}
}
