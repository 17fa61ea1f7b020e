/* doctor: what this machine has and lacks. */
#include "cli/commands.h"
#include "cli/doctor.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/proc.h"
#include "cli/places.h"
#include "data/json_write.h"
#include "sandbox/support.h"
#include "service/local/local.h"
#include "sigstore/trusted_root.h"
#include "source/git.h"
#include "tlog/checkpoint.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

struct doctor_opts {
	const char *state;
	bool network;
};

static const struct hm_opt doctor_table[] = {
	{ "state", 0, HM_OPT_TEXT, offsetof(struct doctor_opts, state), "FOLDER",
	  "the state folder to look at; $XDG_STATE_HOME/hallmark where not given", NULL, NULL },
	{ "network", 0, HM_OPT_FLAG, offsetof(struct doctor_opts, network), NULL,
	  "also ask whether the module proxy answers", NULL, NULL },
};

static const char *const state_names[] = { "ok", "warning", "missing" };

/* A run of a small module needs some 300 MiB of caches; below that it ends with a full disk. */
static const uint64_t disk_needed = 512 * HM_MIB, disk_wanted = UINT64_C(2048) * HM_MIB;

struct hm_doctor_check *hm_doctor_add(struct hm_doctor_report *report, const char *area, const char *name,
				      enum hm_doctor_state state, const char *fmt, ...)
{
	const size_t max = sizeof(report->checks) / sizeof(report->checks[0]);
	struct hm_doctor_check *c = &report->checks[report->count < max ? report->count++ : max - 1];
	va_list args;

	*c = (struct hm_doctor_check){ .area = area, .name = name, .state = state };
	va_start(args, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, args);
	va_end(args);
	return c;
}

const struct hm_doctor_check *hm_doctor_first_missing(const struct hm_doctor_report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		if (report->checks[i].state == HM_DOCTOR_MISSING)
			return &report->checks[i];
	}
	return NULL;
}

static void set_todo(struct hm_doctor_check *c, const char *todo)
{
	snprintf(c->todo, sizeof(c->todo), "%s", todo);
}

/* --- the machine --- */

static void check_machine(struct hm_doctor_report *report)
{
	struct utsname name;

	if (uname(&name) == 0)
		hm_doctor_add(report, "machine", "kernel", HM_DOCTOR_OK, "%s %s, %s", name.sysname, name.release,
			      name.machine);
}

static void check_sandbox(struct hm_doctor_report *report)
{
	struct hm_sandbox_support support;

	hm_sandbox_probe(&support);
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++) {
		const struct hm_sandbox_feature *f = &support.features[i];
		enum hm_doctor_state state = f->is_ok       ? HM_DOCTOR_OK
					     : f->is_needed ? HM_DOCTOR_MISSING
							    : HM_DOCTOR_WARNING;
		set_todo(hm_doctor_add(report, "sandbox", f->name, state, "%s", f->detail), f->is_ok ? "" : f->todo);
	}
}

static bool is_in_repository(void)
{
	HM_OWN(hm_freep) char *folder = NULL;
	HM_OWN(hm_git_done) struct hm_git git = { 0 };

	if (hm_path_resolve(".", &folder, NULL) != HM_OK)
		return false;
	/* one that cannot be read is one too */
	return hm_git_find(folder, false, &git, NULL) != HM_OK || git.root;
}

static void check_git(struct hm_doctor_report *report)
{
	static const char *const argv[] = { "git", "--version", NULL };
	const struct hm_proc_opts opts = { .argv = argv, .in = -1, .out = -1, .err = -1 };
	HM_OWN(hm_proc_result_done) struct hm_proc_result result = { 0 };
	HM_OWN(hm_freep) char *path = NULL;
	struct hm_err err = { 0 };

	if (hm_proc_find("git", NULL, &path, &err) == HM_OK &&
	    hm_proc_run(&opts, HM_STR(""), 10000, 4096, &result, &err) == HM_OK && result.exit_code == 0) {
		struct hm_str text = hm_str_trim(hm_buf_str(&result.out));
		hm_doctor_add(report, "machine", "git", HM_DOCTOR_OK, "%s, %.*s", path, HM_STR_ARG(text));
		return;
	}
	bool is_needed = is_in_repository();
	struct hm_doctor_check *c =
	    hm_doctor_add(report, "machine", "git", is_needed ? HM_DOCTOR_MISSING : HM_DOCTOR_WARNING, "no git: %s",
			  is_needed ? "the commit of this repository cannot be read"
				    : "only sources that are no repository can be built");
	set_todo(c, "apt-get install git");
}

/* Where libcurl and Go look for whom to trust; SSL_CERT_FILE goes first with both. */
static void check_ca_bundle(struct hm_doctor_report *report)
{
	const char *given = getenv("SSL_CERT_FILE");
	const char *path = given && given[0] ? given : "/etc/ssl/certs/ca-certificates.crt";
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_err err = { 0 };
	size_t count = 0;

	if (hm_file_read(path, 16 * HM_MIB, &text, &err) == HM_OK) {
		struct hm_str rest = hm_buf_str(&text);
		for (ptrdiff_t at; (at = hm_str_find(rest, HM_STR("-----BEGIN CERTIFICATE-----"))) >= 0; count++)
			rest = hm_str_skip(rest, (size_t)at + 1);
	}
	struct hm_doctor_check *c =
	    hm_doctor_add(report, "machine", "ca-bundle", count ? HM_DOCTOR_OK : HM_DOCTOR_WARNING,
			  "%s: %zu certificates%s", path, count, given && given[0] ? " [$SSL_CERT_FILE]" : "");
	if (count == 0)
		set_todo(c, given && given[0] ? "unset SSL_CERT_FILE, or name a file of PEM certificates"
					      : "apt-get install ca-certificates");
}

static void check_installation(struct hm_doctor_report *report, const char *program)
{
	HM_OWN(hm_freep) char *path = NULL;
	struct hm_err err = { 0 };

	if (hm_cli_find_share(program, "pipelines/go-release.yaml", &path, &err) == HM_OK)
		hm_doctor_add(report, "installation", "pipelines", HM_DOCTOR_OK, "%s", path);
	else
		set_todo(hm_doctor_add(report, "installation", "pipelines", HM_DOCTOR_MISSING, "%s", err.cause),
			 "install hallmark again");
}

/* --- the state folder --- */

static void check_log(struct hm_doctor_report *report, const char *state)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/log/checkpoint", state);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_tlog_checkpoint checkpoint;
	struct hm_err err = { 0 };

	if (!path)
		return;
	enum hm_status st = hm_file_read(path, HM_MIB, &text, &err);
	if (st == HM_ENOTFOUND) {
		hm_doctor_add(report, "state", "log", HM_DOCTOR_OK, "none yet; the first run begins one");
		return;
	}
	if (st == HM_OK) {
		/* the note's text; its signatures, which a run checks, stand behind an empty line */
		struct hm_str note = hm_buf_str(&text);
		ptrdiff_t end = hm_str_find(note, HM_STR("\n\n"));
		st = hm_tlog_checkpoint_parse(end < 0 ? note : hm_str_head(note, (size_t)end + 1), &checkpoint, &err);
	}
	if (st == HM_OK)
		hm_doctor_add(report, "state", "log", HM_DOCTOR_OK, "%.*s, %llu entries", HM_STR_ARG(checkpoint.origin),
			      (unsigned long long)checkpoint.head.size);
	else
		set_todo(hm_doctor_add(report, "state", "log", HM_DOCTOR_MISSING, "%s: %s", path, err.cause),
			 "restore the log's files from a backup, or begin a new state with --state");
}

static void check_trust(struct hm_doctor_report *report, const char *state)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/trusted_root.json", state);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root root = { 0 };
	struct hm_err err = { 0 };

	if (!path)
		return;
	enum hm_status st = hm_file_read(path, HM_MAX_TRUSTED_ROOT, &text, &err);
	if (st == HM_ENOTFOUND) {
		hm_doctor_add(report, "state", "trust-root", HM_DOCTOR_OK, "none yet; the first run makes it");
		return;
	}
	if (st == HM_OK)
		st = hm_trusted_root_parse(hm_buf_str(&text), &root, &err);
	if (st == HM_OK)
		hm_doctor_add(report, "state", "trust-root", HM_DOCTOR_OK, "%s", path);
	else
		set_todo(hm_doctor_add(report, "state", "trust-root", HM_DOCTOR_WARNING, "%s: %s", path, err.cause),
			 "nothing: a run writes it again from the keys");
}

/* What is there of the state folder, and whether others may read the keys in it. */
static void check_state_there(struct hm_doctor_report *report, const char *state, const struct stat *info)
{
	if (!S_ISDIR(info->st_mode) || access(state, R_OK | W_OK | X_OK) != 0 || info->st_uid != geteuid()) {
		set_todo(hm_doctor_add(report, "state", "folder", HM_DOCTOR_MISSING,
				       "%s is not a folder of this user that it may write to", state),
			 "own it, or name another with --state or XDG_STATE_HOME");
		return;
	}
	if (info->st_mode & 077) {
		struct hm_doctor_check *c = hm_doctor_add(report, "state", "folder", HM_DOCTOR_WARNING,
							  "%s may be read by others, and keys lie in it", state);
		snprintf(c->todo, sizeof(c->todo), "chmod 0700 '%.400s'", state);
	} else {
		hm_doctor_add(report, "state", "folder", HM_DOCTOR_OK, "%s", state);
	}
	check_trust(report, state);
	check_log(report, state);
}

static void check_space(struct hm_doctor_report *report, const char *name, const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) != 0)
		return;
	uint64_t have = (uint64_t)fs.f_bavail * fs.f_frsize;
	enum hm_doctor_state state = have < disk_needed   ? HM_DOCTOR_MISSING
				     : have < disk_wanted ? HM_DOCTOR_WARNING
							  : HM_DOCTOR_OK;
	struct hm_doctor_check *c = hm_doctor_add(report, "disk", name, state, "%llu MiB free at %s",
						  (unsigned long long)(have / HM_MIB), path);
	if (state != HM_DOCTOR_OK)
		snprintf(c->todo, sizeof(c->todo), "free some space there: a run may need %llu MiB",
			 (unsigned long long)(disk_wanted / HM_MIB));
}

static void check_state(struct hm_doctor_report *report, const char *given)
{
	HM_OWN(hm_freep) char *state = NULL, *at = NULL;
	struct hm_err err = { 0 };
	struct stat info;

	enum hm_status st = hm_local_state_dir(given, getenv("XDG_STATE_HOME"), getenv("HOME"), &state, &err);
	if (st == HM_OK)
		st = hm_str_dup(hm_str(state), &at, &err);
	if (st != HM_OK) {
		set_todo(hm_doctor_add(report, "state", "folder", HM_DOCTOR_MISSING, "%s", err.cause),
			 "export HOME, or name a folder with --state");
		return;
	}
	hm_path_cut_to_there(at);
	if (stat(state, &info) == 0)
		check_state_there(report, state, &info);
	else if (hm_path_is_dir(at) && access(at, W_OK | X_OK) == 0)
		hm_doctor_add(report, "state", "folder", HM_DOCTOR_OK, "%s, which will be made", state);
	else
		set_todo(
		    hm_doctor_add(report, "state", "folder", HM_DOCTOR_MISSING, "%s cannot be made in %s", state, at),
		    "own that folder, or name another with --state or XDG_STATE_HOME");
	check_space(report, "state", hm_path_is_dir(at) ? at : ".");
}

/* --- what is said --- */

static void print_text(const struct hm_doctor_report *report, FILE *f)
{
	size_t counts[3] = { 0 };

	for (size_t i = 0; i < report->count; i++) {
		const struct hm_doctor_check *c = &report->checks[i];
		if (i == 0 || strcmp(c->area, report->checks[i - 1].area) != 0)
			fprintf(f, "%s%s\n", i ? "\n" : "", c->area);
		counts[c->state]++;
		fprintf(f, "  %-8s %-20s ", state_names[c->state], c->name);
		hm_cli_print_clean(f, c->detail);
		fputc('\n', f);
		if (c->todo[0]) {
			fprintf(f, "  %-8s %-20s to do: ", "", "");
			hm_cli_print_clean(f, c->todo);
			fputc('\n', f);
		}
	}
	fprintf(f, "\n%zu ok, %zu with a warning, %zu missing: hallmark run %s here\n", counts[HM_DOCTOR_OK],
		counts[HM_DOCTOR_WARNING], counts[HM_DOCTOR_MISSING],
		counts[HM_DOCTOR_MISSING] ? "does not work" : "works");
}

static enum hm_status print_json(struct hm_cli *cli, const struct hm_doctor_report *report, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);

	hm_json_object(&w);
	hm_json_member_bool(&w, "usable", !hm_doctor_first_missing(report));
	hm_json_key(&w, "checks");
	hm_json_array(&w);
	for (size_t i = 0; i < report->count; i++) {
		const struct hm_doctor_check *c = &report->checks[i];
		hm_json_object(&w);
		hm_json_member_cstr(&w, "area", c->area);
		hm_json_member_cstr(&w, "name", c->name);
		hm_json_member_cstr(&w, "state", state_names[c->state]);
		hm_json_member_cstr(&w, "detail", c->detail);
		hm_json_member_str_if(&w, "todo", hm_str(c->todo));
		hm_json_object_end(&w);
	}
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_cli_print_json(cli, &w, &text, err);
}

static enum hm_status run_doctor(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				 struct hm_err *err)
{
	const struct doctor_opts *o = opts;
	HM_OWN(hm_freep) struct hm_doctor_report *report = hm_calloc(1, sizeof(*report));

	(void)args, (void)count;
	if (!report)
		return hm_fail(err, HM_R_NO_MEMORY, "look at this machine");
	check_machine(report);
	check_git(report);
	check_ca_bundle(report);
	check_installation(report, cli->program);
	check_sandbox(report);
	hm_doctor_go(report, o->network);
	check_state(report, o->state);
	check_space(report, "here", ".");
	if (cli->json) {
		enum hm_status st = print_json(cli, report, err);
		if (st != HM_OK)
			return st;
	} else {
		print_text(report, cli->out);
	}
	const struct hm_doctor_check *missing = hm_doctor_first_missing(report);
	if (!missing)
		return HM_OK;
	cli->has_answered = true;
	return hm_fail(err, HM_R_MACHINE_LACKS, "hallmark run would not work here, for lack of %s %s: %s",
		       missing->area, missing->name, missing->detail);
}

const struct hm_cmd hm_cmd_doctor = {
	.name = "doctor",
	.summary = "say what this machine has and lacks",
	.args = "",
	.about =
	    "Tries what \"hallmark run\" needs: the parts of the sandbox, cgroups, the Go toolchain and its\n"
	    "settings, git, the module cache, the state folder, disk space, the CA bundle. Each line is ok, a\n"
	    "warning (a run works, and something of it is weaker) or missing (a run would not work), with what to\n"
	    "do about it. Nothing is changed, and without --network nobody is asked.",
	.example = "  hallmark doctor\n  hallmark doctor --output json | jq '.checks[] | select(.state != \"ok\")'\n",
	HM_CMD_OPTS(doctor_table, struct doctor_opts),
	.run = run_doctor,
};
