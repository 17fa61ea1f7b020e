#include "cli/verify.h"

#include "base/file.h"
#include "base/limits.h"
#include "cli/artifact.h"
#include "cli/key_elsewhere.h"

static bool is_elsewhere(const char *name)
{
	return (hm_cli_key_elsewhere(name) || strncmp(name, "env://", 6) == 0) && !hm_path_is_there(name);
}

static bool has_claims(const struct hm_cli_verify_opts *o)
{
	return o->workflow_name || o->workflow_ref || o->workflow_repository || o->workflow_sha ||
	       o->workflow_trigger || o->extensions.count > 0;
}

/* NAME=VALUE */
static bool read_extension(const char *text, enum hm_fulcio_claim *ret_claim, struct hm_str *ret_wanted)
{
	struct hm_str name;

	return hm_str_cut(hm_str(text), '=', &name, ret_wanted) && hm_fulcio_claim_from_name(name, ret_claim);
}

static enum hm_status check_extension_names(const struct hm_cli_verify_opts *o, struct hm_err *err)
{
	enum hm_fulcio_claim claim;
	struct hm_str wanted;

	for (size_t i = 0; i < o->extensions.count; i++) {
		if (!read_extension(o->extensions.v[i], &claim, &wanted))
			return hm_fail(err, HM_R_USAGE,
				       "--certificate-extension '%s' is no NAME=VALUE with the name or the OID of an "
				       "extension of Fulcio's",
				       o->extensions.v[i]);
	}
	return HM_OK;
}

/* What cosign says of the same, so that its users find it again. */
static enum hm_status check_usage(const struct hm_cli_verify_opts *o, struct hm_err *err)
{
	if (!o->bundle)
		return hm_fail(err, HM_R_USAGE, "provide a bundle with --bundle");
	if (o->is_old_format)
		return hm_fail(err, HM_R_UNSUPPORTED, "--new-bundle-format=false is not supported");
	if (o->key && (o->identity || o->issuer || has_claims(o)))
		return hm_fail(err, HM_R_USAGE, "give --key or an identity, not both");
	if (!o->key && !o->identity)
		return hm_fail(err, HM_R_USAGE,
			       "--certificate-identity is required for verification in keyless mode, or --key");
	if (!o->key && !o->issuer)
		return hm_fail(err, HM_R_USAGE,
			       "--certificate-oidc-issuer is required for verification in keyless mode");
	if (o->key && is_elsewhere(o->key))
		return hm_fail(err, HM_R_UNSUPPORTED, "--key '%s' is no file, and keys elsewhere are not supported yet",
			       o->key);
	return check_extension_names(o, err);
}

/* A key and nothing that a trust root vouches for: cosign then asks for none either. */
static bool is_key_alone(const struct hm_cli_verify_opts *o)
{
	return o->key && !o->trusted_root && (o->ignore_tlog || o->is_private) && !o->use_signed_timestamps;
}

static enum hm_status open_trust(struct hm_cli *cli, const struct hm_cli_verify_opts *o, struct hm_cli_verification *v,
				 struct hm_err *err)
{
	return is_key_alone(o) ? hm_cli_trust_nobody(&v->root, err)
			       : hm_cli_trust_open(cli, o->trusted_root, &v->root, err);
}

static enum hm_status read_bundle(const char *path, struct hm_cli_verification *v, struct hm_err *err)
{
	enum hm_status st = hm_file_read(path, HM_MAX_BUNDLE, &v->bundle_text, err);

	if (st == HM_OK)
		st = hm_at(err, hm_bundle_parse(hm_buf_str(&v->bundle_text), &v->bundle, err), path, 0, 0);
	return hm_while(err, st, "read the bundle");
}

static enum hm_status read_key(const char *path, struct hm_cli_verification *v, struct hm_err *err)
{
	if (!path)
		return HM_OK;
	enum hm_status st = hm_file_read(path, HM_MAX_CONFIG_FILE, &v->key_text, err);
	if (st == HM_OK)
		st = hm_at(err, hm_trust_read_key(hm_buf_str(&v->key_text), &v->key, err), path, 0, 0);
	return hm_while(err, st, "read the key");
}

/* --digest and --digestAlg as cosign takes them. */
static enum hm_status digest_of_options(const struct hm_cli_verify_opts *o, struct hm_digest *ret_digest,
					struct hm_err *err)
{
	char text[200];

	if (!o->digest || !o->digest_alg)
		return hm_fail(err, HM_R_USAGE, "provide a path to the blob, or --digest and --digestAlg");
	int n = snprintf(text, sizeof(text), "%s:%s", o->digest_alg, o->digest);
	if (n < 0 || (size_t)n >= sizeof(text) || hm_artifact_digest_parse(hm_str(text), ret_digest, NULL) != HM_OK)
		return hm_fail(err, HM_R_USAGE,
			       "--digest is the hexadecimal digest that --digestAlg (sha256, sha384, sha512) names");
	return HM_OK;
}

/* A file first, as cosign has it: one that is called like a digest is a file. */
static enum hm_status open_artifact(struct hm_cli_verification *v, struct hm_artifact *ret_artifact, struct hm_err *err)
{
	*ret_artifact = hm_artifact_of_digest(&v->digest);
	if (strcmp(v->artifact, "-") != 0 && !hm_path_is_there(v->artifact)) {
		if (hm_artifact_digest_parse(hm_str(v->artifact), &v->digest, NULL) == HM_OK)
			return HM_OK;
		if (is_elsewhere(v->artifact))
			return hm_fail(err, HM_R_UNSUPPORTED, "'%s' is no file, and nothing is downloaded",
				       v->artifact);
	}
	enum hm_status st = hm_cli_artifact_open(v->artifact, &v->file, err);
	*ret_artifact = hm_artifact_of_file(&v->file);
	return st;
}

static enum hm_status choose_artifact(const struct hm_cli_verify_opts *o, struct hm_cli_verification *v,
				      struct hm_artifact *ret_artifact, struct hm_err *err)
{
	if (v->artifact && !o->ignore_claims)
		return open_artifact(v, ret_artifact, err);
	*ret_artifact = hm_artifact_of_digest(&v->digest);
	return o->ignore_claims ? HM_OK : digest_of_options(o, &v->digest, err);
}

static enum hm_status check_claims(const struct hm_cli_verify_opts *o, const struct hm_cert *cert, struct hm_err *err)
{
	const struct {
		enum hm_fulcio_claim claim;
		const char *wanted, *what;
	} rows[] = {
		{ HM_CLAIM_WORKFLOW_TRIGGER, o->workflow_trigger, "event" },
		{ HM_CLAIM_WORKFLOW_SHA, o->workflow_sha, "commit" },
		{ HM_CLAIM_WORKFLOW_NAME, o->workflow_name, "name" },
		{ HM_CLAIM_WORKFLOW_REPOSITORY, o->workflow_repository, "repository" },
		{ HM_CLAIM_WORKFLOW_REF, o->workflow_ref, "ref" },
	};

	for (size_t i = 0; cert && i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct hm_str found = { 0 };
		if (!rows[i].wanted)
			continue;
		if (!hm_fulcio_claim(cert, rows[i].claim, &found))
			return hm_fail(err, HM_R_IDENTITY_CLAIM, "the certificate names no %s of a GitHub workflow",
				       rows[i].what);
		if (!hm_str_is(found, rows[i].wanted))
			return hm_fail(err, HM_R_IDENTITY_CLAIM, "the %s of the GitHub workflow is '%.*s' and not '%s'",
				       rows[i].what, HM_STR_ARG(hm_str_head(found, 200)), rows[i].wanted);
	}
	return HM_OK;
}

static enum hm_status check_extensions(const struct hm_cli_verify_opts *o, const struct hm_cert *cert,
				       struct hm_err *err)
{
	for (size_t i = 0; cert && i < o->extensions.count; i++) {
		enum hm_fulcio_claim claim = HM_CLAIM_ISSUER;
		struct hm_str wanted = { 0 }, found = { 0 };
		if (!read_extension(o->extensions.v[i], &claim, &wanted))
			return hm_fail(err, HM_R_BUG, "an extension that was not looked at before");
		if (!hm_fulcio_claim(cert, claim, &found))
			return hm_fail(err, HM_R_IDENTITY_CLAIM, "the certificate has no %s",
				       hm_fulcio_claim_name(claim));
		if (!hm_str_eq(found, wanted))
			return hm_fail(err, HM_R_IDENTITY_CLAIM, "the certificate's %s is '%.*s' and not '%.*s'",
				       hm_fulcio_claim_name(claim), HM_STR_ARG(hm_str_head(found, 200)),
				       HM_STR_ARG(hm_str_head(wanted, 200)));
	}
	return HM_OK;
}

static enum hm_status judge(struct hm_cli *cli, const struct hm_cli_verify_opts *o, struct hm_cli_verification *v,
			    const struct hm_artifact *artifact, struct hm_err *err)
{
	const bool ignore_tlog = o->ignore_tlog || o->is_private;
	const struct hm_verify_policy policy = {
		.identity = hm_str(o->identity),
		.issuer = hm_str(o->issuer),
		.key = o->key ? &v->key : NULL,
	};
	const struct hm_verify_opts options = {
		.without_sct = o->ignore_sct,
		.without_tlog = ignore_tlog,
		.without_timestamps = is_key_alone(o),
		.without_subject = o->ignore_claims,
		.timestamps = o->use_signed_timestamps,
		/* cosign's WithCurrentTime: a log is not asked, and a stamp need not be there */
		.now_ns = ignore_tlog && !o->use_signed_timestamps ? hm_now_ns(cli->fx) : 0,
	};
	enum hm_status st = hm_bundle_verify(v->root.trust, &v->bundle, artifact, &policy, &options, &v->verified, err);

	if (st == HM_OK)
		st = check_claims(o, hm_verified_cert(v->verified), err);
	return st == HM_OK ? check_extensions(o, hm_verified_cert(v->verified), err) : st;
}

enum hm_status hm_cli_verify(struct hm_cli *cli, const struct hm_cli_verify_opts *opts, const char *artifact,
			     bool wants_statement, struct hm_cli_verification *ret_verification, struct hm_err *err)
{
	struct hm_cli_verification *v = ret_verification;
	struct hm_artifact what;

	v->artifact = artifact;
	enum hm_status st = check_usage(opts, err);
	if (st != HM_OK)
		return st;
	if (opts->ignore_tlog || opts->is_private)
		fputs("WARNING: Skipping tlog verification is an insecure practice that lacks transparency and "
		      "auditability verification for the blob.\n",
		      cli->log);
	st = open_trust(cli, opts, v, err);
	if (st == HM_OK)
		st = read_bundle(opts->bundle, v, err);
	if (st == HM_OK && wants_statement && v->bundle.content != HM_CONTENT_DSSE)
		return hm_fail(err, HM_R_BUNDLE_CONTENT,
			       "the bundle holds a message signature and no attestation; verify-blob verifies it");
	if (st == HM_OK)
		st = read_key(opts->key, v, err);
	if (st == HM_OK)
		st = choose_artifact(opts, v, &what, err);
	return st == HM_OK ? judge(cli, opts, v, &what, err) : st;
}

void hm_cli_verification_done(struct hm_cli_verification *v)
{
	if (!v)
		return;
	hm_verified_free(v->verified);
	hm_artifact_file_done(&v->file);
	hm_key_done(&v->key);
	hm_bundle_done(&v->bundle);
	hm_buf_done(&v->bundle_text);
	hm_buf_done(&v->key_text);
	hm_cli_trust_done(&v->root);
	*v = (struct hm_cli_verification){ 0 };
}
