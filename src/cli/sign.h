/*
 * What sign-blob and attest-blob share: cosign's options, and the way from them to a signing session.
 *
 * Layer 13. One thread.
 */
#ifndef HM_CLI_SIGN_H
#define HM_CLI_SIGN_H

#include "cli/local_signing.h"
#include "cli/trust_root.h"
#include "crypto/key.h"
#include "net/client.h"
#include "sigstore/sign.h"
#include "sigstore/signing_config.h"

struct hm_cli_sign_opts {
	const char *bundle, *key, *signing_config, *identity_token, *trusted_root;
	bool is_local;
	const char *state;
	bool yes, without_signing_config;

	/* of sign-blob */
	const char *output_signature;

	/* of attest-blob */
	const char *predicate, *type, *statement, *hash;
};

#define HM_CLI_SIGN_OPT(name, letter, kind, field, arg, help)                                                          \
	{                                                                                                              \
		name, letter, kind, offsetof(struct hm_cli_sign_opts, field), arg, help, NULL, NULL, false             \
	}

/* The rows that both commands have. */
#define HM_CLI_SIGN_ROWS                                                                                               \
	HM_CLI_SIGN_OPT("bundle", 0, HM_OPT_TEXT, bundle, "FILE",                                                      \
			"write the Sigstore bundle here: signature, certificate or key hint, log entry, time stamp"),  \
	    HM_CLI_SIGN_OPT("key", 0, HM_OPT_TEXT, key, "FILE|env://NAME",                                             \
			    "sign with this private key, cosign's or PEM; it takes its password from "                 \
			    "COSIGN_PASSWORD or the terminal"),                                                        \
	    HM_CLI_SIGN_OPT("signing-config", 0, HM_OPT_TEXT, signing_config, "FILE",                                  \
			    "the services of a Sigstore instance to sign with, as its operator publishes them"),       \
	    { "identity-token",                                                                                        \
	      0,                                                                                                       \
	      HM_OPT_TEXT,                                                                                             \
	      offsetof(struct hm_cli_sign_opts, identity_token),                                                       \
	      "TOKEN|FILE",                                                                                            \
	      "who signs, for a certificate of that instance: the OIDC token or a file that holds it",                 \
	      NULL,                                                                                                    \
	      "SIGSTORE_ID_TOKEN",                                                                                     \
	      false },                                                                                                 \
	    HM_CLI_SIGN_OPT("trusted-root", 0, HM_OPT_TEXT, trusted_root, "FILE",                                      \
			    "the trust root of that instance, which all its answers are verified by; the "             \
			    "public-good one's where not given"),                                                      \
	    HM_CLI_SIGN_OPT("local", 0, HM_OPT_FLAG, is_local, NULL,                                                   \
			    "sign with the local instance: CA, transparency log and time-stamp authority of this "     \
			    "user, in this process"),                                                                  \
	    HM_CLI_SIGN_OPT("state", 0, HM_OPT_TEXT, state, "FOLDER",                                                  \
			    "where the local instance keeps its keys and its log; "                                    \
			    "~/.local/state/hallmark where not given"),                                                \
	    HM_CLI_SIGN_OPT("yes", 'y', HM_OPT_FLAG, yes, NULL, "nothing changes: nothing is asked"),                  \
	{                                                                                                              \
		"use-signing-config", 0, HM_OPT_FLAG, offsetof(struct hm_cli_sign_opts, without_signing_config), NULL, \
		    "nothing changes: services are used where --signing-config names them", NULL, NULL, true           \
	}

/* Options of cosign's that both commands refuse by name. */
#define HM_CLI_SIGN_LATER                                                                                              \
	"certificate", "certificate-chain", "fulcio-auth-flow", "fulcio-url", "insecure-skip-verify",                  \
	    "issue-certificate", "oidc-client-id", "oidc-client-secret-file", "oidc-disable-ambient-providers",        \
	    "oidc-issuer", "oidc-provider", "oidc-redirect-url", "output-certificate", "rekor-url",                    \
	    "rfc3161-timestamp", "signing-algorithm", "sk", "slot", "timestamp-client-cacert",                         \
	    "timestamp-client-cert", "timestamp-client-key", "timestamp-server-name", "timestamp-server-url",          \
	    "tlog-upload", "new-bundle-format", "output-file", "timeout", "t", "verbose", "d"

/* A session and all that it stands on; the parts lend to each other and live as long as it. */
struct hm_cli_signing {
	struct hm_cli_trust root;
	struct hm_client *client;
	struct hm_transport transport;
	struct hm_buf config_text;
	struct hm_signing_config config;
	struct hm_signing_services services;
	struct hm_signer signer; /* of --key */
	struct hm_local_signing local;
	struct hm_signing *own;     /* of --key or --signing-config */
	struct hm_signing *signing; /* own, or that of the local instance */
	char *trusted_root;         /* path of the local instance's */
};

/*
 * Open a session as the options say: with a key, with the services of a signing config, with both, or with the local
 * instance.
 *
 * Shape   is_stdin_taken: standard input is the artifact.
 * Owns    ret_signing is the caller's, for hm_cli_signing_done(), also when it fails; it must not be moved
 * Errors  HM_EINVAL usage, unsupported: also signing with the public-good instance, for which no option is needed in
 *         cosign; hm_cli_key_load(); as hm_signing_config_parse(), hm_cli_trust_open(), hm_signing_services_choose(),
 *         hm_signing_new(), hm_signing_new_keyed(), hm_local_signing_open()
 */
enum hm_status hm_cli_signing_open(struct hm_cli *cli, const struct hm_cli_sign_opts *opts, bool is_stdin_taken,
				   struct hm_cli_signing *ret_signing, struct hm_err *err) HM_MUST;

void hm_cli_signing_done(struct hm_cli_signing *s);

/*
 * Write the bundle, and tell what it is.
 *
 * Shape   what: how the artifact was named.
 * Errors  HM_EIO file.io, file.no-space; HM_ENOMEM
 */
enum hm_status hm_cli_signed_report(struct hm_cli *cli, const struct hm_cli_sign_opts *opts, const char *what,
				    const struct hm_cli_signing *s, const struct hm_signed *made,
				    struct hm_err *err) HM_MUST;

#endif
