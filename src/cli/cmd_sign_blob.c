/* sign-blob: a signature over a file, in a Sigstore bundle. */
#include "cli/commands.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/own.h"
#include "cli/artifact.h"
#include "cli/sign.h"

static const struct hm_opt table[] = {
	HM_CLI_SIGN_ROWS,
	HM_CLI_SIGN_OPT("output-signature", 0, HM_OPT_TEXT, output_signature, "FILE",
			"write the signature alone here, in Base64"),
};

static const char *const later[] = { HM_CLI_SIGN_LATER, "b64", NULL };

/* Without a bundle the signature itself is the result; one by a certificate is worth nothing without the rest. */
static enum hm_status put_signature(struct hm_cli *cli, const struct hm_cli_sign_opts *o, const struct hm_signed *made,
				    struct hm_err *err)
{
	const struct hm_str signature = hm_signed_bundle(made)->signature;
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4 * HM_MAX_SIGNATURE);

	if (!o->output_signature && (o->bundle || cli->json))
		return HM_OK;
	hm_base64_encode(&text, HM_BASE64_STD, signature.ptr, signature.len);
	enum hm_status st = hm_buf_check(&text, "a signature", err);
	if (st == HM_OK && o->output_signature)
		return hm_while(err, hm_file_put(o->output_signature, hm_buf_str(&text), 0644, err),
				"write the signature");
	if (st == HM_OK)
		fprintf(cli->out, "%s\n", text.ptr);
	return st;
}

static enum hm_status sign(struct hm_cli *cli, const struct hm_cli_sign_opts *o, const char *name, struct hm_err *err)
{
	HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { .fd = -1 };
	HM_OWN(hm_cli_signing_done) struct hm_cli_signing s = { 0 };
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;

	if (!o->bundle && (o->is_local || (!o->key && o->signing_config)))
		return hm_fail(err, HM_R_USAGE,
			       "--bundle FILE is missing: without a key it is what holds the signature");
	enum hm_status st = hm_cli_artifact_open(name, &file, err);
	if (st == HM_OK)
		st = hm_cli_signing_open(cli, o, strcmp(name, "-") == 0, &s, err);
	if (st != HM_OK)
		return st;
	const struct hm_artifact artifact = hm_artifact_of_file(&file);
	st = hm_sign_blob(s.signing, &artifact, NULL, &made, err);
	if (st == HM_OK)
		st = put_signature(cli, o, made, err);
	return st == HM_OK ? hm_cli_signed_report(cli, o, name, &s, made, err) : st;
}

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	(void)count;
	return hm_while(err, sign(cli, opts, args[0], err), "sign '%s'", args[0]);
}

const struct hm_cmd hm_cmd_sign_blob = {
	.name = "sign-blob",
	.summary = "sign a file",
	.args = "FILE|-",
	.about =
	    "Signs FILE, or standard input, with the key of --key, or with a key that is made for it and a "
	    "certificate.\n"
	    "With --local the certificate, time stamp and log entry come from the local instance, which is this "
	    "user's\n"
	    "own: it proves integrity and inclusion in the log, not origin. With --signing-config they come from the\n"
	    "Sigstore instance of that file, and the certificate says who holds --identity-token. What was made is\n"
	    "verified before it is written.\n"
	    "\n"
	    "FILE is read in constant memory, whatever its size. Options and files are cosign's (version 3): the "
	    "bundle\n"
	    "is verified by `hallmark verify-blob`, by `cosign verify-blob` and by other Sigstore clients.\n"
	    "\n"
	    "With --key and without --signing-config nothing is sent anywhere: verify with --insecure-ignore-tlog. "
	    "The\n"
	    "public-good instance is not signed with yet.",
	.example = "  hallmark sign-blob --local --bundle app.sigstore.json app\n"
		   "  hallmark sign-blob --key cosign.key --bundle app.sigstore.json app\n"
		   "  hallmark verify-blob --key cosign.pub --insecure-ignore-tlog --bundle app.sigstore.json app\n"
		   "  hallmark sign-blob --signing-config signing_config.json --trusted-root trusted_root.json \\\n"
		   "      --identity-token token.jwt --bundle app.sigstore.json app\n",
	HM_CMD_OPTS(table, struct hm_cli_sign_opts),
	.later = later,
	.min_args = 1,
	.max_args = 1,
	.exits = HM_EXITS_COSIGN,
	.run = run,
};
