/*
 * Trust roots as documents: which keys and authorities of a Sigstore instance are trusted, and when.
 *
 * What is read here is only well formed. To verify with it, make it ready once (trust.h).
 *
 * Not here: signing configs (signing_config.h); where a trust root comes from and how long it is good (TUF).
 * Layer 7. Pure; any thread.
 * Source  sigstore/protobuf-specs, sigstore_trustroot.proto; ProtoJSON
 */
#ifndef HM_SIGSTORE_TRUSTED_ROOT_H
#define HM_SIGSTORE_TRUSTED_ROOT_H

#include "base/arena.h"
#include "base/buf.h"
#include "sigstore/time_range.h"

/* Certificates in DER, each issued by the next; the last one is the trusted one, whether it is self-signed or not. */
struct hm_cert_chain {
	const struct hm_str *ders;
	size_t count;
};

/* A log: of signatures, or of certificates. Views that are not there are {0}. */
struct hm_trusted_log {
	struct hm_str base_url;       /* its host is the name that checkpoints are signed under; may lack a scheme */
	struct hm_str hash_algorithm; /* "SHA2_256" */
	struct hm_str key_der;
	struct hm_str key_details; /* a name of Sigstore's PublicKeyDetails */
	struct hm_time_range valid_for;
	struct hm_str id;
	struct hm_str checkpoint_id; /* SHOULD be the four bytes of a signed note's key id; since version 0.2 */
	struct hm_str operator_name; /* "sigstore.dev"; since version 0.2 */
};

/* Who issues certificates, or makes time stamps. */
struct hm_trusted_authority {
	struct hm_str organization, common_name;
	struct hm_str uri;
	struct hm_cert_chain chain;
	struct hm_time_range valid_for;
	struct hm_str operator_name;
};

/* How a trust root says what it is; all read the same. */
enum hm_trusted_root_media {
	HM_TRUSTED_ROOT_OLD, /* "application/vnd.dev.sigstore.trustedroot+json;version=0.1": what all clients read */
	HM_TRUSTED_ROOT_V01, /* "….trustedroot.v0.1+json" */
	HM_TRUSTED_ROOT_V02, /* "….trustedroot.v0.2+json": with operators and ids of checkpoints */
};

struct hm_trusted_root {
	enum hm_trusted_root_media media;
	struct hm_trusted_log *tlogs, *ctlogs;
	size_t tlogs_count, ctlogs_count;
	struct hm_trusted_authority *cas, *tsas;
	size_t cas_count, tsas_count;
	struct hm_arena arena; /* what was read lies in it */
};

/*
 * Read a trust root.
 *
 * Owns    ret_root is the caller's, for hm_trusted_root_done(); keeps nothing of text
 * Errors  HM_EPARSE json.…, data.…: also an unknown field; HM_ELIMIT json.limit: over HM_MAX_TRUSTED_ROOT bytes or
 *         HM_MAX_TRUSTED of a kind
 *         HM_EPARSE trust.media-type; trust.validity-start, trust.validity; trust.chain: no certificates;
 *         HM_ENOMEM
 */
enum hm_status hm_trusted_root_parse(struct hm_str text, struct hm_trusted_root *ret_root, struct hm_err *err) HM_MUST;

void hm_trusted_root_done(struct hm_trusted_root *root);

/*
 * Write a trust root. Operators and checkpoint ids are written in version 0.2 only.
 *
 * Shape   style: NULL for compact.
 * Errors  HM_ELIMIT; HM_ENOMEM; HM_EPARSE json.encoding
 */
enum hm_status hm_trusted_root_encode(const struct hm_trusted_root *root, const struct hm_json_style *style,
				      struct hm_buf *buf, struct hm_err *err) HM_MUST;

/* The same as a value in a document that is being written. */
void hm_trusted_root_write(const struct hm_trusted_root *root, struct hm_json_writer *w);

#endif
