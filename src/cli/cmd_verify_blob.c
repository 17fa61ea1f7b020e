/* verify-blob: a file against its Sigstore bundle. */
#include "cli/commands.h"

#include "base/own.h"
#include "cli/verify.h"

static const struct hm_opt table[] = { HM_CLI_VERIFY_ROWS };

static const char *const later[] = { HM_CLI_VERIFY_LATER, NULL };

static enum hm_status run(struct hm_cli *cli, const void *opts, char *const *args, size_t count, struct hm_err *err)
{
	HM_OWN(hm_cli_verification_done) struct hm_cli_verification v = { 0 };

	(void)count;
	enum hm_status st = hm_cli_verify(cli, opts, args[0], false, &v, err);
	if (st == HM_OK)
		st = hm_cli_verify_report(cli, &v, err);
	return hm_while(err, st, "verify '%s'", args[0]);
}

const struct hm_cmd hm_cmd_verify_blob = {
	.name = "verify-blob",
	.summary = "verify a file against its Sigstore bundle",
	.args = "FILE|-|sha256:DIGEST",
	.about =
	    "Accepts FILE if the bundle holds a signature over it by the wanted identity or key, and everything "
	    "else that\n"
	    "the bundle claims is true as well: its certificate was issued by an authority of the trust root and "
	    "is in a\n"
	    "certificate transparency log, each of its log entries is in a transparency log of the trust root and "
	    "is of\n"
	    "this signature, and each of its time stamps was made by an authority of the trust root when the "
	    "certificate was\n"
	    "valid. A bundle with an attestation is accepted if FILE is among its subjects.\n"
	    "\n"
	    "FILE is read in constant memory; \"-\" is standard input. A digest stands for a file that is "
	    "elsewhere. The\n"
	    "options are cosign's, and --certificate-extension; nothing is downloaded, and the trust root is never "
	    "looked for\n"
	    "beside the file: without --trusted-root it is that of the public-good instance, if it was built in.\n"
	    "\n"
	    "cosign's regular expressions for identities, hardware keys and older bundle formats are not "
	    "supported yet and\n"
	    "are refused by name.",
	.example = "  hallmark verify-blob --bundle app.sigstore.json --certificate-identity me@example.com \\\n"
		   "      --certificate-oidc-issuer https://accounts.google.com app\n"
		   "  hallmark verify-blob --bundle app.sigstore.json --key cosign.pub --trusted-root root.json app\n",
	HM_CMD_OPTS(table, struct hm_cli_verify_opts),
	.later = later,
	.min_args = 1,
	.max_args = 1,
	.exits = HM_EXITS_COSIGN,
	.run = run,
};
