/*
 * Sigstore bundles: a signature with all that is needed to verify it. Read and written; verified in verify.h.
 *
 * Layer 7. Pure; any thread.
 * Source  sigstore/protobuf-specs, sigstore_bundle.proto; sigstore/architecture-docs, client-spec.md 5
 */
#ifndef HM_SIGSTORE_BUNDLE_H
#define HM_SIGSTORE_BUNDLE_H

#include "base/buf.h"
#include "sigstore/dsse.h"
#include "sigstore/log_entry.h"
#include "sigstore/trusted_root.h"

enum hm_bundle_version { HM_BUNDLE_V01, HM_BUNDLE_V02, HM_BUNDLE_V03 };

/* By what the signer is known. */
enum hm_bundle_material { HM_MATERIAL_CERT, HM_MATERIAL_KEY };

enum hm_bundle_content { HM_CONTENT_MESSAGE, HM_CONTENT_DSSE };

/* Views lie in the arena or, where nothing had to be decoded, in the text that was read. */
struct hm_bundle {
	enum hm_bundle_version version;

	enum hm_bundle_material material;
	struct hm_cert_chain certs; /* the signer's first; before version 0.3 others may follow, which nobody trusts */
	struct hm_str key_hint;     /* which key, in words of the signer's own */

	enum hm_bundle_content content;
	bool has_digest;         /* of a message: a hint that must be true all the same */
	struct hm_digest digest; /* of the message */
	struct hm_str signature; /* over the message, or of the envelope */
	struct hm_dsse dsse;

	const struct hm_log_entry *entries;
	size_t entries_count;
	const struct hm_str *timestamps; /* RFC 3161 replies */
	size_t timestamps_count;

	struct hm_arena arena;
};

/*
 * Read a bundle: version 0.1, 0.2 or 0.3, in either spelling of its media type.
 *
 * Owns    ret_bundle is the caller's, for hm_bundle_done(); it borrows text, which must live as long
 * Errors  HM_EPARSE json.…, data.…: also an unknown field, and what is no strict Base64; HM_ELIMIT json.limit: over
 *         HM_MAX_BUNDLE bytes, HM_MAX_BUNDLE_ENTRIES, HM_MAX_BUNDLE_TIMESTAMPS or HM_MAX_CERT_PATH certificates
 *         HM_EPARSE bundle.version, bundle.content, bundle.material, bundle.signatures, bundle.keyid, bundle.entry
 *         HM_EPARSE bundle.promise, bundle.proof: what the version wants of each log entry
 *         HM_EVERIFY bundle.duplicate
 *         HM_ENOMEM
 */
enum hm_status hm_bundle_parse(struct hm_str text, struct hm_bundle *ret_bundle, struct hm_err *err) HM_MUST;

void hm_bundle_done(struct hm_bundle *bundle);

/*
 * Write a bundle of version 0.3, compact, whatever version says.
 *
 * Errors  HM_EINVAL usage: more than one certificate, which version 0.3 has no place for
 *         HM_EPARSE json.encoding; HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_bundle_encode(const struct hm_bundle *bundle, struct hm_buf *buf, struct hm_err *err) HM_MUST;

#endif
