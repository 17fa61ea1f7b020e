/* verify-blob-attestation: a statement about a file, in its Sigstore bundle. */
#include "cli/commands.h"

#include "base/own.h"
#include "cli/predicate.h"
#include "cli/verify.h"

static const struct hm_opt table[] = {
	HM_CLI_VERIFY_OPT("type", HM_OPT_TEXT, type, "KIND",
			  "the kind of statement that is wanted: " HM_CLI_PREDICATE_WORDS "; custom where not given"),
	HM_CLI_VERIFY_OPT("digest", HM_OPT_TEXT, digest, "HEX", "the digest of the file, instead of the file"),
	HM_CLI_VERIFY_OPT("digestAlg", HM_OPT_TEXT, digest_alg, "NAME",
			  "which digest that is: sha256, sha384 or sha512"),
	{ "check-claims", 0, HM_OPT_FLAG, offsetof(struct hm_cli_verify_opts, ignore_claims), NULL,
	  "the statement may be about anything; no file is looked at", NULL, NULL, true },
	HM_CLI_VERIFY_ROWS,
};

static const char *const later[] = { HM_CLI_VERIFY_LATER, NULL };

static enum hm_status check_kind(const struct hm_cli_verify_opts *o, const struct hm_cli_verification *v,
				 struct hm_err *err)
{
	const char *wanted = o->type ? o->type : "custom";
	struct hm_str found = hm_verified_predicate_type(v->verified);

	if (!hm_str_is(found, hm_cli_predicate_type(wanted)))
		return hm_fail(err, HM_R_DSSE_PREDICATE, "invalid predicate type, expected %s got %.*s", wanted,
			       HM_STR_ARG(hm_str_head(found, 200)));
	return HM_OK;
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	HM_OWN(hm_cli_verification_done) struct hm_cli_verification v = { 0 };
	const struct hm_cli_verify_opts *o = opts;
	const char *artifact = count > 0 ? args[0] : NULL;

	if (artifact && o->digest)
		fputs("WARNING: Ignoring provided --digest in favor of provided blob\n", cli->log);
	enum hm_status st = hm_cli_verify(cli, o, artifact, true, &v, err);
	if (st == HM_OK)
		st = check_kind(o, &v, err);
	if (st == HM_OK)
		st = hm_cli_verify_report(cli, &v, err);
	return hm_while(err, st, "verify '%s'", artifact ? artifact : o->bundle ? o->bundle : "an attestation");
}

const struct hm_cmd hm_cmd_verify_blob_attestation = {
	.name = "verify-blob-attestation",
	.summary = "verify an attestation about a file, in its Sigstore bundle",
	.args = "[FILE|-|sha256:DIGEST]",
	.about =
	    "Accepts the bundle if it holds an in-toto statement of the wanted kind about FILE, signed by the wanted\n"
	    "identity or key, and everything else that the bundle claims is true as well, as verify-blob has it. The\n"
	    "statement may name FILE by any of its digests. What the statement says besides is for others to judge;\n"
	    "--output json prints it.\n"
	    "\n"
	    "Instead of FILE its digest may be given, as an argument or by --digest with --digestAlg. The options are\n"
	    "cosign's, and --certificate-extension; nothing is downloaded.",
	.example =
	    "  hallmark verify-blob-attestation --bundle provenance.sigstore.json --type slsaprovenance1 \\\n"
	    "      --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com app\n",
	HM_CMD_OPTS(table, struct hm_cli_verify_opts),
	.later = later,
	.max_args = 1,
	.exits = HM_EXITS_COSIGN,
	.run = run,
};
