/* release sign: programs, SBOM and provenance of a run, with the local instance. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/parallel.h"
#include "cli/local_signing.h"
#include "cli/release.h"
#include "cli/run_record.h"
#include "pipeline/run.h"
#include "trace/otlp.h"

#include <inttypes.h>
#include <stdlib.h>

/* One bundle that is to be made. */
struct task {
	const struct hm_release_item *item; /* NULL: the statement */
	const char *path;                   /* what is signed */
	const char *bundle;                 /* where its bundle goes */
	int64_t index;                      /* in the log */
};

struct signing {
	struct hm_run_record record;
	struct hm_release release;
	struct hm_local_signing local;
	struct hm_tracer *tracer;
	struct hm_buf statement;
	struct task tasks[HM_MAX_SUBJECTS + 1];
	size_t count;
	struct hm_arena arena;
};

static void signing_done(struct signing *s)
{
	hm_local_signing_done(&s->local);
	s->tracer = hm_tracer_free(s->tracer);
	hm_release_done(&s->release);
	hm_buf_done(&s->statement);
	hm_arena_done(&s->arena);
}

/* Spans of this process are below the step's, which the run named in the environment. */
static enum hm_status open_tracer(struct signing *s, struct hm_err *err)
{
	const char *text = getenv("TRACEPARENT");
	struct hm_trace_context parent;
	bool has_parent = text && hm_traceparent_parse(hm_str(text), &parent, NULL) == HM_OK;

	return hm_tracer_new(&(struct hm_tracer_opts){ .parent = has_parent ? &parent : NULL }, &s->tracer, err);
}

static enum hm_status plan(struct signing *s, const char *folder, struct hm_err *err)
{
	enum hm_status st = hm_release_read(folder, &s->release, err);

	if (st != HM_OK)
		return st;
	for (size_t i = 0; i < s->release.count; i++) {
		const struct hm_release_item *item = &s->release.items[i];
		/* what is in the image is covered by the provenance; a registry would hold signatures of its own */
		if (item->kind != HM_RELEASE_PROGRAM && item->kind != HM_RELEASE_SBOM_FILE)
			continue;
		s->tasks[s->count++] = (struct task){ item, hm_release_path(&s->release, item->name, ""),
						      hm_release_path(&s->release, item->name, HM_RELEASE_BUNDLE), -1 };
	}
	s->tasks[s->count++] = (struct task){ NULL, HM_RELEASE_PROVENANCE,
					      hm_release_path(&s->release, HM_STR(HM_RELEASE_PROVENANCE), ""), -1 };
	return hm_arena_check(&s->release.arena, "list of what is signed", err);
}

static enum hm_status sign_item(struct signing *s, const struct task *task, struct hm_signed **ret, struct hm_err *err)
{
	HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { .fd = -1 };

	if (!task->item)
		return hm_sign_statement(s->local.session, hm_buf_str(&s->statement), NULL, ret, err);
	enum hm_status st = hm_artifact_file_open(task->path, &file, err);
	if (st != HM_OK)
		return st;
	struct hm_artifact artifact = hm_artifact_of_file(&file);
	st = hm_sign_blob(s->local.session, &artifact, NULL, ret, err);
	/* what is signed must be what the provenance names: the folder was read before */
	if (st == HM_OK && !hm_digest_eq(hm_verified_digest(hm_signed_verified(*ret)), &task->item->digest))
		return hm_fail(err, HM_R_RELEASE_CONTENT, "'%s' changed while it was signed", task->path);
	return st;
}

static enum hm_status sign_one(void *ctx, size_t i, struct hm_err *err)
{
	struct signing *s = ctx;
	struct task *task = &s->tasks[i];
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE + 1);
	const struct hm_verified_entry *entries;
	enum hm_status st = sign_item(s, task, &made, err);

	if (st != HM_OK)
		return hm_while(err, st, "sign '%s'", task->path);
	st = hm_instance_keep(s->local.instance, hm_signed_text(made), err);
	if (st != HM_OK)
		return st;
	if (hm_verified_entries(hm_signed_verified(made), &entries) > 0)
		task->index = entries[0].index;
	hm_buf_add_str(&text, hm_signed_text(made));
	hm_buf_add_char(&text, '\n');
	st = hm_buf_check(&text, "bundle", err);
	return st == HM_OK ? hm_file_save(task->bundle, hm_buf_str(&text), 0644, err) : st;
}

/* For the run, which reads them when this step has ended. Tracing never makes its user fail. */
static void save_spans(const struct signing *s)
{
	const char *path = getenv(HM_RUN_SPANS_ENV);
	HM_OWN(hm_buf_done) struct hm_buf lines = hm_buf_init(HM_MAX_PIPELINE_SPANS);

	if (path && s->tracer && hm_otlp_encode_lines(s->tracer, &lines, NULL) == HM_OK)
		(void)!hm_file_save(path, hm_buf_str(&lines), 0600, NULL);
}

static enum hm_status save_trust(struct signing *s, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *root = hm_asprintf("%s/" HM_RELEASE_TRUSTED_ROOT, folder);
	HM_OWN(hm_freep) char *config = hm_asprintf("%s/" HM_RELEASE_TRUST_CONFIG, folder);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);

	if (!root || !config)
		return hm_fail(err, HM_R_NO_MEMORY, "trust root");
	enum hm_status st = hm_file_save(root, hm_instance_trusted_root(s->local.instance), 0644, err);
	if (st == HM_OK)
		st = hm_instance_trust_config(s->local.instance, NULL, &text, err);
	return st == HM_OK ? hm_file_save(config, hm_buf_str(&text), 0644, err) : st;
}

static enum hm_status open_all(struct hm_cli *cli, struct signing *s, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *statement = NULL, *state = NULL;
	enum hm_status st = hm_run_record_load(&s->arena, &s->record, err);

	if (st != HM_OK)
		return st;
	statement = hm_asprintf("%.*s/" HM_RUN_STATEMENT, (int)s->record.folder.len, s->record.folder.ptr);
	state = hm_asprintf("%.*s", (int)s->record.state.len, s->record.state.ptr);
	if (!statement || !state)
		return hm_fail(err, HM_R_NO_MEMORY, "sign");
	st = hm_while(err, hm_file_read(statement, HM_MAX_ATTEST_STATEMENT, &s->statement, err),
		      "the statement that \"release provenance\" makes");
	if (st == HM_OK)
		st = plan(s, folder, err);
	if (st == HM_OK)
		st = open_tracer(s, err);
	return st == HM_OK ? hm_local_signing_open(state, cli->fx, s->tracer, NULL, &s->local, err) : st;
}

static enum hm_status run_sign(struct hm_cli *cli, const void *opts, char *const *args, size_t args_count,
			       struct hm_err *err)
{
	HM_OWN(hm_freep) struct signing *s = hm_calloc(1, sizeof(*s));

	(void)opts;
	(void)args_count;
	if (!s)
		return hm_fail(err, HM_R_NO_MEMORY, "sign");
	s->arena = hm_arena_init(HM_MAX_RUN_RECORD);
	enum hm_status st = open_all(cli, s, args[0], err);
	if (st == HM_OK)
		st = hm_parallel(0, s->count, sign_one, s, err);
	if (st == HM_OK)
		st = save_trust(s, args[0], err);
	save_spans(s);
	for (size_t i = 0; i < s->count && st == HM_OK; i++)
		fprintf(cli->out, "signed and logged, index %" PRId64 ": %s\n", s->tasks[i].index,
			hm_path_base(s->tasks[i].path));
	signing_done(s);
	return st;
}

const struct hm_cmd hm_cmd_release_sign = {
	.name = "release sign",
	.summary = "sign what a run made",
	.args = "FOLDER",
	.about =
	    "A step of \"hallmark run\", which starts it outside of every sandbox: no step of a pipeline can see a\n"
	    "key or a token. Each program, the SBOM and the provenance get a signature by a certificate of the\n"
	    "local instance, a time stamp and a log entry, and each bundle is verified before it is written.",
	.example = "$ hallmark release sign release\n",
	.min_args = 1,
	.max_args = 1,
	.is_hidden = true,
	.run = run_sign,
};
