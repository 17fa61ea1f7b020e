/*
 * What verify-blob and verify-blob-attestation share: cosign's options, and the way from them to a verdict.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_VERIFY_H
#define HM_CLI_VERIFY_H

#include "base/strv.h"
#include "cli/trust_root.h"
#include "data/json_write.h"
#include "sigstore/verify.h"

struct hm_cli_verify_opts {
	const char *bundle, *identity, *issuer, *key, *trusted_root;
	const char *workflow_name, *workflow_ref, *workflow_repository, *workflow_sha, *workflow_trigger;
	struct hm_strv extensions; /* NAME=VALUE each */
	bool is_offline;           /* it always is: nothing is ever downloaded */
	bool use_signed_timestamps, ignore_sct, ignore_tlog, is_private;
	bool is_old_format;
	uint64_t max_workers; /* one is enough */

	/* of verify-blob-attestation */
	bool ignore_claims;
	const char *type, *digest, *digest_alg;
};

#define HM_CLI_VERIFY_OPT(name, kind, field, arg, help)                                                                \
	{                                                                                                              \
		name, 0, kind, offsetof(struct hm_cli_verify_opts, field), arg, help, NULL, NULL, false                \
	}

/* The rows that both commands have. */
#define HM_CLI_VERIFY_ROWS                                                                                             \
	HM_CLI_VERIFY_OPT("bundle", HM_OPT_TEXT, bundle, "FILE",                                                       \
			  "the Sigstore bundle: signature, certificate or key hint, "                                  \
			  "log entries, time stamps"),                                                                 \
	    HM_CLI_VERIFY_OPT("certificate-identity", HM_OPT_TEXT, identity, "ID",                                     \
			      "who must have signed: the e-mail address or URI of the certificate"),                   \
	    HM_CLI_VERIFY_OPT("certificate-oidc-issuer", HM_OPT_TEXT, issuer, "URL",                                   \
			      "who must have vouched for that identity"),                                              \
	    HM_CLI_VERIFY_OPT("certificate-github-workflow-name", HM_OPT_TEXT, workflow_name, "NAME",                  \
			      "the name that the GitHub workflow must have"),                                          \
	    HM_CLI_VERIFY_OPT("certificate-github-workflow-ref", HM_OPT_TEXT, workflow_ref, "REF",                     \
			      "the git ref that it must have run for"),                                                \
	    HM_CLI_VERIFY_OPT("certificate-github-workflow-repository", HM_OPT_TEXT, workflow_repository,              \
			      "OWNER/NAME", "the repository that it must be of"),                                      \
	    HM_CLI_VERIFY_OPT("certificate-github-workflow-sha", HM_OPT_TEXT, workflow_sha, "COMMIT",                  \
			      "the commit that it must have run for"),                                                 \
	    HM_CLI_VERIFY_OPT("certificate-github-workflow-trigger", HM_OPT_TEXT, workflow_trigger, "EVENT",           \
			      "the event that must have started it"),                                                  \
	    HM_CLI_VERIFY_OPT("certificate-extension", HM_OPT_LIST, extensions, "NAME=VALUE",                          \
			      "what an extension of Fulcio's must say, by its name, such as sourceRepositoryURI, or "  \
			      "its OID"),                                                                              \
	    HM_CLI_VERIFY_OPT("key", HM_OPT_TEXT, key, "FILE",                                                         \
			      "the public key, PEM or DER, that must have signed, instead of an identity"),            \
	    HM_CLI_VERIFY_OPT("trusted-root", HM_OPT_TEXT, trusted_root, "FILE",                                       \
			      "the trust root of the Sigstore instance; the public-good one's where not given"),       \
	    HM_CLI_VERIFY_OPT("use-signed-timestamps", HM_OPT_FLAG, use_signed_timestamps, NULL,                       \
			      "refuse what no time-stamp authority has stamped"),                                      \
	    HM_CLI_VERIFY_OPT("insecure-ignore-tlog", HM_OPT_FLAG, ignore_tlog, NULL,                                  \
			      "accept what is in no transparency log; its entries are not looked at"),                 \
	    HM_CLI_VERIFY_OPT("insecure-ignore-sct", HM_OPT_FLAG, ignore_sct, NULL,                                    \
			      "accept a certificate that is in no certificate transparency log"),                      \
	    HM_CLI_VERIFY_OPT("private-infrastructure", HM_OPT_FLAG, is_private, NULL,                                 \
			      "the older name of --insecure-ignore-tlog"),                                             \
	    HM_CLI_VERIFY_OPT("offline", HM_OPT_FLAG, is_offline, NULL,                                                \
			      "nothing changes: nothing is ever downloaded"),                                          \
	    HM_CLI_VERIFY_OPT("max-workers", HM_OPT_NUMBER, max_workers, "N",                                          \
			      "at most so many threads; one is enough here"),                                          \
	{                                                                                                              \
		"new-bundle-format", 0, HM_OPT_FLAG, offsetof(struct hm_cli_verify_opts, is_old_format), NULL,         \
		    "cosign's older bundles; they are not supported, and this is refused", NULL, NULL, true            \
	}

/* Options of cosign's that both commands refuse by name. */
#define HM_CLI_VERIFY_LATER                                                                                            \
	"certificate-identity-regexp", "certificate-oidc-issuer-regexp", "certificate", "certificate-chain",           \
	    "ca-roots", "ca-intermediates", "sct", "signature", "rfc3161-timestamp", "timestamp-certificate-chain",    \
	    "rekor-url", "sk", "slot", "experimental-oci11", "output-file", "timeout", "t", "verbose", "d"

/* What is verified, and what came of it; the parts lend to each other and live as long as it. */
struct hm_cli_verification {
	struct hm_cli_trust root;
	struct hm_buf bundle_text, key_text;
	struct hm_bundle bundle;
	struct hm_key key;
	struct hm_artifact_file file;
	struct hm_digest digest;
	const char *artifact; /* as it was named; NULL: none was */
	struct hm_verified *verified;
};

/*
 * Verify. Trust root, bundle, key and artifact are read in this order.
 *
 * Shape   artifact: path, "-" for standard input, or "sha256:<hexadecimal>" where no file has that name; NULL: the
 * digest of the options, or with ignore_claims nothing. wants_statement: a message signature will not do. Owns
 * ret_verification is the caller's, for hm_cli_verification_done(), also when it fails Errors  HM_EINVAL usage,
 * unsupported, trust.none; all of hm_bundle_verify(); HM_EPOLICY identity.claim; HM_EPARSE bundle.content
 */
enum hm_status hm_cli_verify(struct hm_cli *cli, const struct hm_cli_verify_opts *opts, const char *artifact,
			     bool wants_statement, struct hm_cli_verification *ret_verification,
			     struct hm_err *err) HM_MUST;

void hm_cli_verification_done(struct hm_cli_verification *v);

/*
 * Write what was verified as members of an object: artifact, signer, times and log entries.
 *
 * Shape   artifact: how it was named; NULL: it was not.
 */
void hm_cli_verified_write(const struct hm_verified *verified, const char *artifact, struct hm_json_writer *w);

/*
 * Print what was verified, and then as cosign does "Verified OK" to standard error.
 *
 * Errors  HM_EIO file.io: the output could not be written; HM_ENOMEM
 */
enum hm_status hm_cli_verify_report(struct hm_cli *cli, const struct hm_cli_verification *v,
				    struct hm_err *err) HM_MUST;

#endif
