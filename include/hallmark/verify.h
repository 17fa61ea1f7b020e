/*
 * libhallmark-verify: verify files and attestations against Sigstore bundles.
 *
 * A bundle is accepted if everything that it claims is true: its certificate was issued by an authority of the trust
 * root to the wanted identity and is in a certificate transparency log, each of its log entries is in a transparency
 * log of the trust root and is of this signature, each of its time stamps was made by an authority of the trust root
 * when the certificate was valid, and the signature is over the artifact, or over an in-toto statement about it.
 *
 *     struct hallmark_trust_root *root;
 *     struct hallmark_bundle *bundle;
 *     struct hallmark_result *result;
 *     struct hallmark_error error;
 *     struct hallmark_artifact artifact = { HALLMARK_ARTIFACT_FILE };
 *     struct hallmark_wanted wanted = { sizeof(wanted) };
 *
 *     artifact.path = "app.tar";
 *     wanted.identity = "me@example.com";
 *     wanted.issuer = "https://accounts.google.com";
 *     if (hallmark_trust_root_read(root_json, root_size, &root, &error) == HALLMARK_OK &&
 *         hallmark_bundle_read(bundle_json, bundle_size, &bundle, &error) == HALLMARK_OK &&
 *         hallmark_verify(root, bundle, &artifact, &wanted, &result, &error) == HALLMARK_OK)
 *             …
 *
 * The library prints nothing, never ends the process, reads no environment, opens no files but an artifact that is
 * named by its path, and has no network. (OpenSSL, where the program has not set it up yet, reads its configuration
 * file as ever; verification uses a library context of its own, which it does not change.) It keeps no state between
 * calls that a caller could see: any number of threads may use one trust root and one bundle at once. Only HALLMARK_OK
 * lets anything pass; every other status is a refusal, and a pointer that a call would give out is then untouched.
 * Structs marked so begin with their size and may grow at the end.
 *
 * C99 and C++11; links to libcrypto and libsodium.
 */
#ifndef HALLMARK_VERIFY_H
#define HALLMARK_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HALLMARK_API  __attribute__((visibility("default")))
#define HALLMARK_MUST __attribute__((warn_unused_result))
#else
#define HALLMARK_API
#define HALLMARK_MUST
#endif

enum hallmark_status {
	HALLMARK_OK = 0,
	HALLMARK_INVALID,     /* the call itself: an argument is missing or makes no sense */
	HALLMARK_MALFORMED,   /* a document is not what its format says */
	HALLMARK_REFUSED,     /* well formed, checked, and not genuine */
	HALLMARK_NOT_ALLOWED, /* genuine, and by another signer or of another kind than wanted */
	HALLMARK_UNCHECKED,   /* could not be checked: the artifact could not be read */
	HALLMARK_TOO_LARGE,   /* over one of the library's limits */
	HALLMARK_NO_MEMORY,
	HALLMARK_BUG /* a mistake of the library's */
};

/* Why something failed; on the caller's stack, nothing to free. */
struct hallmark_error {
	enum hallmark_status status;
	const char *reason; /* stable between versions, such as "tlog.inclusion": docs/reasons.md has them all */
	const char *hint;   /* what to do about it, or NULL */
	char text[1024];    /* for people: what was being done, the object, the cause; it may hold bytes from outside */
};

/* Text that may hold any byte; a NUL stands behind it. */
struct hallmark_text {
	const char *ptr;
	size_t len;
};

struct hallmark_trust_root;
struct hallmark_bundle;
struct hallmark_result;

/* The library's version, such as "0.1.0". */
HALLMARK_API const char *hallmark_verify_version(void);

/*
 * Read a trust root: a trusted_root.json of any version.
 *
 * Shape   error: may be NULL, here and everywhere.
 * Owns    ret_root is the caller's, for hallmark_trust_root_free(); nothing of json is kept
 * Errors  HALLMARK_MALFORMED, HALLMARK_TOO_LARGE, HALLMARK_NO_MEMORY
 */
HALLMARK_API enum hallmark_status hallmark_trust_root_read(const void *json, size_t size,
							   struct hallmark_trust_root **ret_root,
							   struct hallmark_error *error) HALLMARK_MUST;

/* May be NULL, as for every function whose name ends so. */
HALLMARK_API void hallmark_trust_root_free(struct hallmark_trust_root *root);

/*
 * Read a Sigstore bundle of version 0.1, 0.2 or 0.3.
 *
 * Owns    ret_bundle is the caller's, for hallmark_bundle_free(); nothing of json is kept
 * Errors  HALLMARK_MALFORMED; HALLMARK_REFUSED: it holds the same thing twice; HALLMARK_TOO_LARGE, HALLMARK_NO_MEMORY
 */
HALLMARK_API enum hallmark_status hallmark_bundle_read(const void *json, size_t size,
						       struct hallmark_bundle **ret_bundle,
						       struct hallmark_error *error) HALLMARK_MUST;

HALLMARK_API void hallmark_bundle_free(struct hallmark_bundle *bundle);

/* How the artifact is known. */
enum hallmark_artifact_kind {
	HALLMARK_ARTIFACT_FILE = 1, /* path; "/proc/self/exe" is the program itself */
	HALLMARK_ARTIFACT_FD,       /* fd: read from its beginning, or once if it is a pipe; stays open */
	HALLMARK_ARTIFACT_BYTES,    /* bytes, size */
	HALLMARK_ARTIFACT_DIGEST,   /* digest: "sha256:<hexadecimal>" */
	HALLMARK_ARTIFACT_NONE      /* none: a statement is verified, and may be about anything */
};

/* Only what its kind says is looked at. A file of any size is read in constant memory. */
struct hallmark_artifact {
	enum hallmark_artifact_kind kind;
	const char *path;
	int fd;
	const void *bytes;
	size_t size;
	const char *digest;
};

/* What is done without; every one of these makes less certain. */
enum hallmark_without {
	HALLMARK_WITHOUT_SCT = 1, /* the certificate need not be in a certificate transparency log */
	HALLMARK_WITHOUT_TLOG = 2 /* log entries are not looked at; a certificate then needs a time stamp */
};

/* Who must have signed and what else is wanted. Zeros are the defaults; struct_size is sizeof of the struct. */
struct hallmark_wanted {
	size_t struct_size;
	const char *identity; /* the certificate's e-mail address or URI, together with issuer … */
	const char *issuer;
	const void *key; /* … or a public key, PEM or DER; never both */
	size_t key_size;
	const char *predicate_type; /* the URI of the wanted kind of statement; NULL: any, and message signatures */
	unsigned timestamps;        /* time-stamp authorities of different operators that must have stamped it */
	unsigned tlogs;             /* logs of different operators that must have it; 0 is 1 */
	unsigned without;           /* HALLMARK_WITHOUT_… */
};

/*
 * Verify.
 *
 * Owns    ret_result is the caller's, for hallmark_result_free(); it keeps nothing of the others. May be NULL.
 * Errors  any; HALLMARK_OK alone is acceptance
 */
HALLMARK_API enum hallmark_status
hallmark_verify(const struct hallmark_trust_root *root, const struct hallmark_bundle *bundle,
		const struct hallmark_artifact *artifact, const struct hallmark_wanted *wanted,
		struct hallmark_result **ret_result, struct hallmark_error *error) HALLMARK_MUST;

HALLMARK_API void hallmark_result_free(struct hallmark_result *result);

/* What was established; all borrowed until the result is freed. Texts that do not apply are empty. */
HALLMARK_API struct hallmark_text hallmark_result_identity(const struct hallmark_result *result);
HALLMARK_API struct hallmark_text hallmark_result_issuer(const struct hallmark_result *result);
HALLMARK_API struct hallmark_text hallmark_result_certificate(const struct hallmark_result *result); /* DER */
HALLMARK_API struct hallmark_text hallmark_result_key(const struct hallmark_result *result);         /* DER, SPKI */
HALLMARK_API struct hallmark_text hallmark_result_digest(const struct hallmark_result *result);      /* "sha256:…" */
HALLMARK_API struct hallmark_text hallmark_result_statement(const struct hallmark_result *result);
HALLMARK_API struct hallmark_text hallmark_result_predicate_type(const struct hallmark_result *result);

/* A time at which the signature was there already. */
struct hallmark_time {
	int64_t time_ns; /* since 1970 */
	int is_by_log;   /* by a log, or else by a time-stamp authority */
	struct hallmark_text by;
};
HALLMARK_API size_t hallmark_result_times(const struct hallmark_result *result, const struct hallmark_time **ret_times);

/* A log entry. */
struct hallmark_entry {
	int64_t index;
	struct hallmark_text log;     /* URL */
	struct hallmark_text kind;    /* "hashedrekord" */
	struct hallmark_text version; /* "0.0.2" */
	int64_t integrated_time_s;    /* since 1970; 0: none that is signed */
	int is_inclusion_proven;      /* or else the log only promised it */
};
HALLMARK_API size_t hallmark_result_entries(const struct hallmark_result *result,
					    const struct hallmark_entry **ret_entries);

#ifdef __cplusplus
}
#endif
#endif
