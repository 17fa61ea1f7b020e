/* attest-blob: a signed statement about a file, in a Sigstore bundle. */
#include "cli/commands.h"

#include "attest/statement.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/artifact.h"
#include "cli/predicate.h"
#include "cli/sign.h"
#include "data/json.h"
#include "data/json_write.h"

static const struct hm_opt table[] = {
	HM_CLI_SIGN_ROWS,
	HM_CLI_SIGN_OPT("predicate", 0, HM_OPT_TEXT, predicate, "FILE|-", "what is claimed about FILE: JSON"),
	HM_CLI_SIGN_OPT("type", 0, HM_OPT_TEXT, type, "TYPE",
			"what kind of claim it is: " HM_CLI_PREDICATE_WORDS "; custom where not given"),
	HM_CLI_SIGN_OPT(
	    "statement", 0, HM_OPT_TEXT, statement, "FILE",
	    "sign this in-toto statement, byte for byte, instead of one that is made of FILE and --predicate"),
	HM_CLI_SIGN_OPT("hash", 0, HM_OPT_TEXT, hash, "DIGEST",
			"the SHA-256 of FILE in hexadecimal, where the file itself is elsewhere"),
};

static const char *const later[] = { HM_CLI_SIGN_LATER, "output-attestation", "rekor-entry-type", NULL };

static enum hm_status check_usage(const struct hm_cli_sign_opts *o, size_t count, struct hm_err *err)
{
	if (!o->bundle)
		return hm_fail(err, HM_R_USAGE, "--bundle FILE is missing: it is what holds the attestation");
	if (!o->predicate == !o->statement)
		return hm_fail(err, HM_R_USAGE, "one of --predicate and --statement is wanted");
	if (o->statement && (o->hash || o->type))
		return hm_fail(err, HM_R_USAGE,
			       "a statement names its subjects and its type itself: --hash and --type "
			       "do not go with --statement");
	if (!o->statement && count == 0)
		return hm_fail(err, HM_R_USAGE, "the file that the attestation is about is missing");
	return HM_OK;
}

/* What is claimed, as text: from a file or from standard input. */
static enum hm_status read_text(const char *name, struct hm_buf *text, struct hm_err *err)
{
	if (strcmp(name, "-") == 0)
		return hm_fd_read(0, "standard input", HM_MAX_ATTEST_STATEMENT, text, err);
	return hm_file_read(name, HM_MAX_ATTEST_STATEMENT, text, err);
}

static enum hm_status subject_digest(const struct hm_cli_sign_opts *o, const char *name, struct hm_digest *ret_digest,
				     struct hm_err *err)
{
	HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { .fd = -1 };

	*ret_digest = (struct hm_digest){ .alg = HM_SHA256, .len = HM_HASH_LEN };
	if (o->hash) {
		if (hm_hex_read(hm_str(o->hash), ret_digest->b, HM_HASH_LEN, NULL) != HM_OK)
			return hm_fail(err, HM_R_USAGE, "--hash is a SHA-256 of 64 hexadecimal digits");
		return HM_OK;
	}
	enum hm_status st = hm_cli_artifact_open(name, &file, err);
	if (st != HM_OK)
		return st;
	const struct hm_artifact artifact = hm_artifact_of_file(&file);
	return artifact.digest(artifact.ctx, HM_SHA256, ret_digest, err);
}

/* A predicate is an object; whoever reads it must not be able to read it in two ways. */
static enum hm_status check_object(struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 * HM_MAX_ATTEST_STATEMENT);
	struct hm_value value;

	enum hm_status st = hm_json_parse(text, NULL, &arena, &value, err);
	if (st == HM_OK && value.kind != HM_OBJECT)
		return hm_fail(err, HM_R_DATA_KIND, "a predicate of this type is a JSON object");
	return st;
}

/*
 * sigstore/cosign, pkg/cosign/attestation: a custom claim is text, with the time. Of its type spdx cosign makes a text
 * too, which it then does not verify: here that is JSON as all others.
 */
static enum hm_status wrap(struct hm_cli *cli, const char *word, struct hm_str text, struct hm_buf *predicate,
			   struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(predicate, NULL);
	char time[HM_TIME_TEXT_LEN];

	if (strcmp(word, "custom") != 0) {
		enum hm_status st = check_object(text, err);
		hm_buf_add_str(predicate, hm_str_trim(text));
		return st == HM_OK ? hm_buf_check(predicate, "a predicate", err) : st;
	}
	hm_time_write(hm_now_s(cli->fx), time);
	hm_json_object(&w);
	hm_json_member_str(&w, "Data", text);
	hm_json_member_cstr(&w, "Timestamp", time);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a predicate", err);
}

static enum hm_status make_statement(struct hm_cli *cli, const struct hm_cli_sign_opts *o, const char *name,
				     struct hm_buf *statement, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, predicate = hm_buf_init(2 * HM_MAX_ATTEST_STATEMENT);
	const char *word = o->type ? o->type : "custom";
	struct hm_attest_resource subject = { .name = hm_str(hm_path_base(name)) };
	char hex[2 * HM_HASH_LEN + 1];

	if (strcmp(o->predicate, "-") == 0 && strcmp(name, "-") == 0 && !o->hash)
		return hm_fail(err, HM_R_USAGE, "standard input cannot be both the file and the predicate");
	struct hm_digest digest;
	enum hm_status st = subject_digest(o, name, &digest, err);
	if (st != HM_OK)
		return st;
	st = read_text(o->predicate, &text, err);
	if (st == HM_OK)
		st = hm_at(err, wrap(cli, word, hm_buf_str(&text), &predicate, err), o->predicate, 0, 0);
	if (st != HM_OK)
		return hm_while(err, st, "read the predicate");
	hm_hex_write(hex, digest.b, digest.len);
	struct hm_json_pair pair = { HM_STR("sha256"), hm_str(hex) };
	subject.digests = &pair;
	subject.digest_count = 1;
	const struct hm_attest_statement made = {
		.subjects = &subject,
		.subject_count = 1,
		.predicate_type = hm_str(hm_cli_predicate_type(word)),
		.predicate = hm_buf_str(&predicate),
	};
	return hm_attest_statement_encode(&made, statement, err);
}

static enum hm_status attest(struct hm_cli *cli, const struct hm_cli_sign_opts *o, char *const *args, size_t count,
			     struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf statement = hm_buf_init(HM_MAX_ATTEST_STATEMENT);
	HM_OWN(hm_cli_signing_done) struct hm_cli_signing s = { 0 };
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;
	const char *name = count > 0 ? args[0] : o->statement;

	enum hm_status st = check_usage(o, count, err);
	if (st == HM_OK && o->statement)
		st = read_text(o->statement, &statement, err);
	else if (st == HM_OK)
		st = make_statement(cli, o, name, &statement, err);
	bool is_stdin_taken = count > 0 && strcmp(name, "-") == 0;
	is_stdin_taken |= o->predicate && strcmp(o->predicate, "-") == 0;
	if (st == HM_OK)
		st = hm_cli_signing_open(cli, o, is_stdin_taken, &s, err);
	if (st == HM_OK)
		st = hm_sign_statement(s.signing, hm_buf_str(&statement), NULL, &made, err);
	return st == HM_OK ? hm_cli_signed_report(cli, o, name, &s, made, err) : st;
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	return hm_while(err, attest(cli, opts, args, count, err), "attest");
}

const struct hm_cmd hm_cmd_attest_blob = {
	.name = "attest-blob",
	.summary = "sign a statement about a file",
	.args = "[FILE|-]",
	.about =
	    "Signs an in-toto statement that FILE is its subject and --predicate what is claimed about it, such as "
	    "its\n"
	    "SBOM or how it was built. With --statement the statement is given whole and is signed byte for byte, FILE "
	    "is\n"
	    "then not needed.\n"
	    "\n"
	    "Keys, services and the bundle are those of sign-blob. Verify with `hallmark verify-blob-attestation` or\n"
	    "`cosign verify-blob-attestation`.\n"
	    "\n"
	    "A predicate is a JSON object and stands in the statement as it is; one of type custom may be any text, "
	    "which\n"
	    "is put into an object with the time, as cosign does it.",
	.example =
	    "  hallmark attest-blob --key cosign.key --predicate sbom.spdx.json --type spdxjson \\\n"
	    "      --bundle app.spdx.sigstore.json app\n"
	    "  hallmark attest-blob --key cosign.key --statement provenance.json --bundle provenance.sigstore.json\n",
	HM_CMD_OPTS(table, struct hm_cli_sign_opts),
	.later = later,
	.max_args = 1,
	.exits = HM_EXITS_COSIGN,
	.run = run,
};
