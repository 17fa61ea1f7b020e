#include "cli/run_summary.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/cmd.h"
#include "cli/version.h"
#include "crypto/tsp.h"
#include "data/json_write.h"
#include "sigstore/bundle.h"

#include <inttypes.h>

void hm_run_summary_done(struct hm_run_summary *summary)
{
	hm_release_done(&summary->release);
	free(summary->items);
	summary->items = NULL;
}

/* --- reading --- */

static enum hm_status read_bundle(const char *path, struct hm_summary_item *item, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	struct hm_tsp_token token;
	enum hm_status st = hm_file_read(path, HM_MAX_BUNDLE, &text, err);

	if (st == HM_OK)
		st = hm_bundle_parse(hm_buf_str(&text), &bundle, err);
	if (st != HM_OK)
		return hm_while(err, st, "'%s'", path);
	if (bundle.entries_count)
		item->log_index = bundle.entries[0].index;
	/* it was verified by the run's last task; here its time is only shown */
	if (bundle.timestamps_count && hm_tsp_parse(bundle.timestamps[0], &token, NULL) == HM_OK)
		item->time_s = token.time_s;
	return HM_OK;
}

static enum hm_status add_item(struct hm_run_summary *s, const struct hm_release_item *item, const char *bundle,
			       struct hm_err *err)
{
	struct hm_summary_item *row = &s->items[s->count++];

	*row = (struct hm_summary_item){ .item = item, .log_index = -1 };
	if (!bundle)
		return hm_fail(err, HM_R_NO_MEMORY, "summary");
	if (!hm_path_is_file(bundle))
		return HM_OK;
	s->is_signed = true;
	return read_bundle(bundle, row, err);
}

enum hm_status hm_run_summary_read(struct hm_run_summary *summary, const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *image = hm_asprintf("%s/" HM_RELEASE_IMAGE, folder);
	HM_OWN(hm_freep) char *sbom = hm_asprintf("%s/" HM_RELEASE_SBOM, folder);

	if (!image || !sbom)
		return hm_fail(err, HM_R_NO_MEMORY, "summary");
	if (!hm_path_is_dir(image) || !hm_path_is_file(sbom))
		return HM_OK;
	enum hm_status st = hm_release_read(folder, &summary->release, err);
	if (st != HM_OK)
		return st;
	summary->items = hm_calloc(summary->release.count + 1, sizeof(summary->items[0]));
	if (!summary->items)
		return hm_fail(err, HM_R_NO_MEMORY, "summary");
	for (size_t i = 0; i < summary->release.count && st == HM_OK; i++) {
		const struct hm_release_item *item = &summary->release.items[i];
		bool has_bundle = item->kind == HM_RELEASE_PROGRAM || item->kind == HM_RELEASE_SBOM_FILE;
		st = add_item(summary, item,
			      has_bundle ? hm_release_path(&summary->release, item->name, HM_RELEASE_BUNDLE) : "", err);
	}
	const char *provenance = hm_release_path(&summary->release, HM_STR(HM_RELEASE_PROVENANCE), "");
	if (st == HM_OK && provenance && hm_path_is_file(provenance))
		st = add_item(summary, NULL, provenance, err);
	return st;
}

/* --- JSON --- */

static void write_items(const struct hm_run_summary *s, struct hm_json_writer *w)
{
	char text[2 * HM_DIGEST_MAX_LEN + 1], when[HM_TIME_TEXT_LEN];

	hm_json_key(w, "artifacts");
	hm_json_array(w);
	for (size_t i = 0; i < s->count; i++) {
		const struct hm_summary_item *row = &s->items[i];
		hm_json_object(w);
		hm_json_member_str(w, "name", row->item ? row->item->name : HM_STR(HM_RELEASE_PROVENANCE));
		if (row->item) {
			hm_hex_write(text, row->item->digest.b, row->item->digest.len);
			hm_json_member_cstr(w, hm_digest_name(row->item->digest.alg), text);
		}
		if (row->item && row->item->size)
			hm_json_member_u64(w, "size", row->item->size);
		if (row->log_index >= 0)
			hm_json_member_i64(w, "logIndex", row->log_index);
		if (row->time_s) {
			hm_time_write(row->time_s, when);
			hm_json_member_cstr(w, "timestamp", when);
		}
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

static void write_outcome(const struct hm_outcome *outcome, struct hm_json_writer *w)
{
	char when[HM_TIME_TEXT_LEN];

	hm_json_member_cstr(w, "result", hm_run_result_name(outcome->result));
	if (!outcome->is_begun)
		return;
	hm_time_write_ms(outcome->start_ns, when);
	hm_json_member_cstr(w, "started", when);
	hm_json_member_i64(w, "durationMs", outcome->duration_ns / 1000000);
}

static void write_tasks(const struct hm_run *run, struct hm_json_writer *w)
{
	hm_json_key(w, "tasks");
	hm_json_array(w);
	for (size_t i = 0; i < run->pipeline->task_count; i++) {
		const struct hm_task_run *task = &run->tasks[i];
		hm_json_object(w);
		hm_json_member_str(w, "name", task->task->name);
		write_outcome(&task->outcome, w);
		hm_json_member_bool(w, "isolated", task->is_isolated);
		hm_json_member_bool(w, "network", task->has_network);
		hm_json_key(w, "steps");
		hm_json_array(w);
		for (size_t k = 0; k < task->task->task->step_count; k++) {
			hm_json_object(w);
			hm_json_member_str(w, "name", task->task->task->steps[k].name);
			write_outcome(&task->steps[k].outcome, w);
			hm_json_object_end(w);
		}
		hm_json_array_end(w);
		if (task->result_count) {
			hm_json_key(w, "results");
			hm_json_object(w);
			for (size_t k = 0; k < task->result_count; k++)
				hm_json_member_str(w, task->results[k].name.ptr, task->results[k].value.text);
			hm_json_object_end(w);
		}
		hm_json_object_end(w);
	}
	hm_json_array_end(w);
}

static void write_source(const struct hm_run_summary *s, struct hm_json_writer *w)
{
	const struct hm_run_record *record = s->record;

	hm_json_key(w, "source");
	hm_json_object(w);
	hm_json_member_str_if(w, "uri", record->source_uri);
	hm_json_member_str(w, "state", record->source_state);
	hm_json_member_str_if(w, "commit", record->source_commit);
	hm_json_member_str_if(w, "dirHash1", record->source_tree);
	hm_json_member_str_if(w, "firstChanged", hm_str(s->changed));
	/* of a source that a step cloned nobody has counted them */
	if (record->source_tree.len) {
		hm_json_member_u64(w, "files", s->files);
		hm_json_member_u64(w, "ignored", s->ignored);
	}
	hm_json_object_end(w);
}

/* Whether a task that ships with hallmark has done its work, whatever the pipeline calls it. */
static bool has_succeeded(const struct hm_run *run, const char *shipped)
{
	for (size_t i = 0; i < run->pipeline->task_count; i++) {
		const struct hm_task_run *task = &run->tasks[i];
		if (task->outcome.result == HM_RUN_SUCCESS && task->task->task->is_shipped &&
		    hm_str_is(task->task->task->name, shipped))
			return true;
	}
	return false;
}

static void write_verified(const struct hm_run_summary *s, struct hm_json_writer *w)
{
	hm_json_key(w, "verified");
	hm_json_object(w);
	hm_json_member_bool(w, "modules", has_succeeded(s->run, "go-mod-verify"));
	hm_json_member_bool(w, "tests", has_succeeded(s->run, "golang-test"));
	hm_json_member_bool(w, "signatures", s->is_signed && has_succeeded(s->run, "hallmark-verify"));
	hm_json_object_end(w);
}

void hm_run_summary_write(const struct hm_run_summary *s, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_cstr(w, "name", s->name);
	hm_json_member_str(w, "run", s->record->id);
	hm_json_member_str(w, "pipeline", s->record->pipeline);
	hm_json_member_cstr(w, "hallmark", HM_VERSION);
	hm_json_member_str_if(w, "go", s->record->go_version);
	hm_json_member_str(w, "isolation", s->record->isolation);
	hm_json_member_cstr(w, "notEnforced", s->not_enforced);
	write_outcome(&s->run->outcome, w);
	write_source(s, w);
	write_items(s, w);
	if (s->is_signed) {
		hm_json_key(w, "signer");
		hm_json_object(w);
		hm_json_member_cstr(w, "identity", s->identity);
		hm_json_member_cstr(w, "issuer", s->issuer);
		hm_json_member_cstr(w, "log", s->log_origin);
		hm_json_object_end(w);
	}
	write_verified(s, w);
	write_tasks(s->run, w);
	hm_json_object_end(w);
}

enum hm_status hm_run_summary_encode(const struct hm_run_summary *s, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, &hm_json_pretty);

	hm_run_summary_write(s, &w);
	hm_buf_add_char(buf, '\n');
	return hm_json_writer_check(&w, "summary", err);
}

/* --- the last screen --- */

static void print_times(const struct hm_run_summary *s, FILE *out)
{
	fputs("\n", out);
	for (size_t i = 0; i < s->run->pipeline->task_count; i++) {
		const struct hm_task_run *task = &s->run->tasks[i];
		fprintf(out, "  %-16.*s %-12s %7.2f s\n", HM_STR_ARG(task->task->name),
			hm_run_result_name(task->outcome.result), (double)task->outcome.duration_ns / 1e9);
	}
}

static void print_source(const struct hm_run_summary *s, FILE *out)
{
	const struct hm_run_record *r = s->record;
	const struct hm_task_run *test = hm_run_task(s->run, HM_STR("test"));
	struct hm_str coverage = hm_task_run_text(test, "coverage"), mode = hm_task_run_text(test, "covermode");

	fputs("\n  source     ", out);
	if (hm_str_is(r->source_state, "commit"))
		fprintf(out, "commit %.*s\n", HM_STR_ARG(r->source_commit));
	else if (hm_str_is(r->source_state, "dirty"))
		fprintf(out, "dirty: differs from the last commit%s%s\n", s->changed ? ", first in " : "",
			s->changed ? s->changed : "");
	else
		fputs("no git repository: the commit is not known\n", out);
	if (s->ignored)
		fprintf(out, "             %" PRIu64 " ignored files and folders were left out\n", s->ignored);
	if (r->go_version.len)
		fprintf(out, "  toolchain  %.*s\n", HM_STR_ARG(r->go_version));
	if (coverage.len)
		fprintf(out, "  coverage   %.*s%% of statements, %s\n", HM_STR_ARG(coverage),
			hm_str_is(mode, "atomic") ? "with the race detector"
						  : "without the race detector, which needs cgo");
	fprintf(out, "  isolation  %.*s%s%s\n", HM_STR_ARG(r->isolation),
		s->not_enforced[0] ? "; not enforced on this machine: " : "", s->not_enforced);
	if (hm_str_is(r->isolation, "none"))
		fputs("             NOTHING WAS ISOLATED: --sandbox=none was asked for\n", out);
}

static void print_items(const struct hm_run_summary *s, FILE *out)
{
	char hex[2 * HM_DIGEST_MAX_LEN + 1];

	fprintf(out, "\n  %-32s %-71s %s\n", "artifact", "digest", s->is_signed ? "log" : "");
	for (size_t i = 0; i < s->count; i++) {
		const struct hm_summary_item *row = &s->items[i];
		struct hm_str name = row->item ? row->item->name : HM_STR(HM_RELEASE_PROVENANCE);
		hex[0] = '\0';
		if (row->item)
			hm_hex_write(hex, row->item->digest.b, row->item->digest.len);
		fprintf(out, "  %-32.*s %s%-64s", HM_STR_ARG(name), row->item ? "sha256:" : "       ", hex);
		if (row->log_index >= 0)
			fprintf(out, " %" PRId64, row->log_index);
		fputc('\n', out);
	}
}

/* The lines that check the result with a program of somebody else. */
static void print_cosign(const struct hm_run_summary *s, FILE *out)
{
	const struct hm_release_item *program = &s->release.items[0];

	fputs("\nCheck it with cosign 3, from this folder:\n", out);
	for (int i = 0; i < 2; i++) {
		fprintf(out, "\n  cosign %s --offline --use-signed-timestamps \\\n",
			i ? "verify-blob-attestation" : "verify-blob");
		fprintf(out, "    --trusted-root %s/" HM_RELEASE_TRUSTED_ROOT " \\\n", s->out);
		fprintf(out, "    --certificate-identity %s \\\n    --certificate-oidc-issuer %s \\\n", s->identity,
			s->issuer);
		if (i)
			fprintf(out, "    --type slsaprovenance1 \\\n    --bundle %s/" HM_RELEASE_PROVENANCE " \\\n",
				s->out);
		else
			fprintf(out, "    --bundle %s/%.*s" HM_RELEASE_BUNDLE " \\\n", s->out,
				HM_STR_ARG(program->name));
		fprintf(out, "    %s/%.*s\n", s->out, HM_STR_ARG(program->name));
	}
}

void hm_run_summary_print(const struct hm_run_summary *s, FILE *out)
{
	print_times(s, out);
	print_source(s, out);
	if (s->count)
		print_items(s, out);
	if (s->out[0])
		fprintf(out, "\nEverything is in %s\n", s->out);
	if (!s->is_signed)
		return;
	print_cosign(s, out);
	fprintf(out,
		"\nWhat this proves: since it was signed nothing was changed, and each signature is in the log %s.\n"
		"It does not prove where it comes from: the key was on this machine, and so was the log.\n",
		s->log_origin);
}
