/* release verify: everything in a release's folder, as anybody can check it who has the trust root. */
#include "cli/commands.h"

#include "archive/read.h"
#include "attest/provenance.h"
#include "attest/statement.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/release.h"
#include "data/json_write.h"
#include "image/catalog.h"
#include "oci/layout.h"
#include "service/local/local.h"
#include "sigstore/verify.h"

#include <inttypes.h>

struct verify_opts {
	const char *trusted_root, *identity, *issuer;
};

#define O(member) offsetof(struct verify_opts, member)
static const struct hm_opt verify_table[] = {
	{ "trusted-root", 0, HM_OPT_TEXT, O(trusted_root), "FILE", "whom to trust; never taken from FOLDER by itself",
	  NULL, "HALLMARK_TRUSTED_ROOT" },
	{ "certificate-identity", 0, HM_OPT_TEXT, O(identity), "NAME", "who must have signed; " HM_LOCAL_IDENTITY, NULL,
	  NULL },
	{ "certificate-oidc-issuer", 0, HM_OPT_TEXT, O(issuer), "URL", "who must have vouched for it; " HM_LOCAL_ISSUER,
	  NULL, NULL },
};
#undef O

/* What was found true of a bundle. */
struct found {
	struct hm_str name;
	int64_t log_index, time_ns;
};

struct verifying {
	struct hm_cli *cli;
	struct hm_trust *trust;
	struct hm_verify_policy policy;
	struct hm_release release;
	struct found found[HM_MAX_SUBJECTS + 1];
	size_t count;
	struct hm_arena arena;
};

static void verifying_done(struct verifying *v)
{
	hm_release_done(&v->release);
	v->trust = hm_trust_free(v->trust);
	hm_arena_done(&v->arena);
}

static void keep(struct verifying *v, struct hm_str name, const struct hm_verified *verified)
{
	struct found *f = &v->found[v->count++];
	const struct hm_verified_entry *entries;
	const struct hm_verified_time *times;

	*f = (struct found){ .name = name, .log_index = -1 };
	if (hm_verified_entries(verified, &entries) > 0)
		f->log_index = entries[0].index;
	if (hm_verified_times(verified, &times) > 0)
		f->time_ns = times[0].time_ns;
}

/* What is done with a statement once its signature is good; NULL: nothing. */
typedef enum hm_status (*statement_fn)(struct verifying *v, struct hm_str payload, struct hm_err *err);

static enum hm_status verify_bundle(struct verifying *v, const char *path, const struct hm_release_item *about,
				    struct hm_str name, statement_fn statement, struct hm_err *err)
{
	/* one log entry and one time stamp is what a run makes; less proves less */
	static const struct hm_verify_opts wanted = { .tlogs = 1, .timestamps = 1 };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	HM_OWN(hm_verified_freep) struct hm_verified *verified = NULL;
	const struct hm_artifact artifact = hm_artifact_of_digest(&about->digest);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "verify");
	enum hm_status st = hm_file_read(path, HM_MAX_BUNDLE, &text, err);
	if (st == HM_OK)
		st = hm_bundle_parse(hm_buf_str(&text), &bundle, err);
	if (st == HM_OK)
		st = hm_bundle_verify(v->trust, &bundle, &artifact, &v->policy, &wanted, &verified, err);
	if (st == HM_OK && statement)
		st = statement(v, hm_verified_payload(verified), err);
	if (st == HM_OK)
		keep(v, name, verified);
	return hm_while(err, st, "'%.*s'", HM_STR_ARG(name));
}

/* All that is there is named, and all that is named is there. */
static enum hm_status compare_subjects(struct verifying *v, const struct hm_attest_statement *statement,
				       struct hm_err *err)
{
	for (size_t i = 0; i < v->release.count; i++) {
		const struct hm_release_item *item = &v->release.items[i];
		const struct hm_attest_resource *subject = hm_attest_statement_find(statement, &item->digest);
		if (!subject)
			return hm_fail(err, HM_R_RELEASE_SUBJECT,
				       "the provenance does not name '%.*s' with the digest that it has",
				       HM_STR_ARG(item->name));
	}
	if (statement->subject_count != v->release.count)
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "the provenance names %zu things, and %zu are there",
			       statement->subject_count, v->release.count);
	return HM_OK;
}

static enum hm_status read_provenance(struct verifying *v, struct hm_str payload, struct hm_err *err)
{
	struct hm_attest_statement statement;
	struct hm_attest_provenance provenance;
	enum hm_status st = hm_attest_statement_parse(payload, &v->arena, &statement, err);

	if (st == HM_OK && !hm_str_is(statement.predicate_type, HM_ATTEST_PROVENANCE_V1))
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "the statement is no SLSA provenance of version 1");
	if (st == HM_OK)
		st = hm_attest_provenance_parse(statement.predicate, &v->arena, &provenance, err);
	if (st == HM_OK && !hm_str_is(provenance.builder_id, HM_ATTEST_BUILDER_LOCAL))
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "the builder is '%.*s', not " HM_ATTEST_BUILDER_LOCAL,
			       HM_STR_ARG(provenance.builder_id));
	return st == HM_OK ? compare_subjects(v, &statement, err) : st;
}

/* --- the image holds the programs that lie beside it --- */

struct image_check {
	struct verifying *v;
	struct hm_oci_layout *layout;
	size_t programs;
};

static bool is_program(const struct verifying *v, const struct hm_hash *sha256)
{
	for (size_t i = 0; i < v->release.count; i++) {
		if (v->release.items[i].kind == HM_RELEASE_PROGRAM &&
		    memcmp(v->release.items[i].digest.b, sha256->b, HM_HASH_LEN) == 0)
			return true;
	}
	return false;
}

static enum hm_status check_image(void *ctx, const struct hm_oci_node *node, struct hm_err *err)
{
	struct image_check *check = ctx;
	HM_OWN(hm_image_catalog_done) struct hm_image_catalog catalog = { 0 };
	enum hm_status st = HM_OK;

	if (!node->manifest)
		return HM_OK;
	for (size_t i = 0; i < node->manifest->layer_count && st == HM_OK; i++) {
		HM_OWN(hm_closep) int fd = -1;
		HM_OWN(hm_archive_freep) struct hm_archive *archive = NULL;
		st = hm_oci_layout_open_blob(check->layout, &node->manifest->layers[i], &fd, err);
		if (st == HM_OK)
			st = hm_archive_open(fd, "layer", NULL, &archive, err);
		if (st == HM_OK)
			st = hm_image_catalog_layer(&catalog, 1, archive, err);
	}
	if (st == HM_OK && catalog.count != 1)
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "an image holds %zu programs, not one", catalog.count);
	if (st == HM_OK && !is_program(check->v, &catalog.found[0].binary->sha256))
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "the program '%s' of an image is none of those beside it",
			       catalog.found[0].path);
	check->programs++;
	return st;
}

static enum hm_status check_images(struct verifying *v, struct hm_err *err)
{
	struct image_check check = { .v = v };
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	const char *path = hm_release_path(&v->release, HM_STR(HM_RELEASE_IMAGE), "");
	size_t programs = 0;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "verify");
	enum hm_status st = hm_oci_layout_open(path, &layout, err);
	check.layout = layout;
	if (st == HM_OK)
		st = hm_oci_layout_walk(layout, check_image, &check, err);
	for (size_t i = 0; i < v->release.count; i++)
		programs += v->release.items[i].kind == HM_RELEASE_PROGRAM;
	if (st == HM_OK && programs != check.programs)
		return hm_fail(err, HM_R_RELEASE_SUBJECT, "there are %zu programs and %zu images of them", programs,
			       check.programs);
	return hm_while(err, st, "'" HM_RELEASE_IMAGE "'");
}

static enum hm_status print_json(struct verifying *v, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_BUNDLE);
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);
	char when[HM_TIME_TEXT_LEN];

	hm_json_object(&w);
	hm_json_key(&w, "verified");
	hm_json_array(&w);
	for (size_t i = 0; i < v->count; i++) {
		hm_time_write(v->found[i].time_ns / HM_NS_PER_S, when);
		hm_json_object(&w);
		hm_json_member_str(&w, "name", v->found[i].name);
		hm_json_member_i64(&w, "logIndex", v->found[i].log_index);
		hm_json_member_cstr(&w, "timestamp", when);
		hm_json_object_end(&w);
	}
	hm_json_array_end(&w);
	hm_json_member_u64(&w, "subjects", v->release.count);
	hm_json_object_end(&w);
	return hm_cli_print_json(v->cli, &w, &text, err);
}

static void print_text(const struct verifying *v, FILE *out)
{
	char when[HM_TIME_TEXT_LEN];

	for (size_t i = 0; i < v->count; i++) {
		const struct found *f = &v->found[i];
		hm_time_write(f->time_ns / HM_NS_PER_S, when);
		fprintf(out, "verified: %.*s, log index %" PRId64 ", stamped %s\n", HM_STR_ARG(f->name), f->log_index,
			when);
	}
	fprintf(out, "the provenance names all %zu things that are there, and the images hold the programs\n",
		v->release.count);
}

static enum hm_status read_trust(struct verifying *v, const struct verify_opts *opts, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	if (!opts->trusted_root)
		return hm_fail(err, HM_R_USAGE, "--trusted-root is missing: whose signatures are trusted must be said");
	enum hm_status st = hm_file_read(opts->trusted_root, HM_MAX_TRUSTED_ROOT, &text, err);
	if (st == HM_OK)
		st = hm_trust_parse(hm_buf_str(&text), &v->trust, err);
	return hm_while(err, st, "trust root '%s'", opts->trusted_root);
}

static enum hm_status verify_all(struct verifying *v, const char *folder, struct hm_err *err)
{
	const struct hm_str provenance = HM_STR(HM_RELEASE_PROVENANCE);
	enum hm_status st = hm_release_read(folder, &v->release, err);

	for (size_t i = 0; i < v->release.count && st == HM_OK; i++) {
		const struct hm_release_item *item = &v->release.items[i];
		if (item->kind == HM_RELEASE_PROGRAM || item->kind == HM_RELEASE_SBOM_FILE)
			st = verify_bundle(v, hm_release_path(&v->release, item->name, HM_RELEASE_BUNDLE), item,
					   item->name, NULL, err);
	}
	if (st == HM_OK)
		st = verify_bundle(v, hm_release_path(&v->release, provenance, ""), &v->release.items[0], provenance,
				   read_provenance, err);
	return st == HM_OK ? check_images(v, err) : st;
}

static enum hm_status run_verify(struct hm_cli *cli, const void *raw, char *const *args, size_t args_count,
				 struct hm_err *err)
{
	const struct verify_opts *opts = raw;
	HM_OWN(verifying_done)
	struct verifying v = {
		.cli = cli,
		.policy = { .identity = hm_str(opts->identity ? opts->identity : HM_LOCAL_IDENTITY),
			    .issuer = hm_str(opts->issuer ? opts->issuer : HM_LOCAL_ISSUER) },
		.arena = hm_arena_init(HM_MAX_BUNDLE),
	};
	enum hm_status st = read_trust(&v, opts, err);

	(void)args_count;
	if (st == HM_OK)
		st = verify_all(&v, args[0], err);
	if (st != HM_OK)
		return st;
	if (cli->json)
		return print_json(&v, err);
	print_text(&v, cli->out);
	return HM_OK;
}

const struct hm_cmd hm_cmd_release_verify = {
	.name = "release verify",
	.summary = "verify everything that a run made",
	.args = "FOLDER",
	.about =
	    "Checks each program and the SBOM against its bundle, the provenance against its own, that the provenance\n"
	    "names all that is there and nothing else, and that the images hold the programs that lie beside them.\n"
	    "\n"
	    "What a local run's signatures prove is integrity and inclusion in its log, not origin.",
	.example =
	    "$ hallmark release verify --trusted-root ~/.local/state/hallmark/trusted_root.json .hallmark/out/hello\n",
	HM_CMD_OPTS(verify_table, struct verify_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_verify,
};
