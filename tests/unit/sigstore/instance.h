/*
 * A Sigstore instance in the test's own memory: authority, logs of certificates and of signatures (both versions),
 * time-stamp authority. It makes bundles that are right, or wrong in one thing that a row of a table names.
 */
#ifndef HM_TESTS_SIGSTORE_INSTANCE_H
#define HM_TESTS_SIGSTORE_INSTANCE_H

#include "unit.h"

#include "base/arena.h"
#include "base/own.h"
#include "base/time.h"
#include "crypto/x509_make.h"
#include "sigstore/verify.h"

#define NOW       INT64_C(1780000000) /* 2026-05-28, when everything here is signed */
#define DAY       INT64_C(86400)
#define IDENTITY  "https://ci.example/build"
#define ISSUER    "https://issuer.example"
#define ARTIFACT  "the artifact\n"
#define LOG2_NAME "log2.test"
#define LOG1_NAME "log1.test:8443"

/* What is wrong. */
enum fault {
	RIGHT,
	/* the certificate */
	NO_SCT,
	SCT_TWICE,
	SCT_OF_TWO_LOGS, /* both known: right */
	SCT_AND_UNKNOWN, /* one known, one not: right */
	SCT_UNKNOWN,
	SCT_OTHER_CERT,
	SCT_EARLY,
	SCT_CUT,
	CERT_OF_NOBODY,
	CERT_OF_TWO,
	CERT_DNS,
	CERT_NO_ISSUER,
	CERT_OLD_ISSUER, /* the old extension alone: right */
	CERT_EMAIL,      /* right */
	CERT_USERNAME,   /* right */
	CERT_EXPIRED,
	CERT_NOT_YET,
	CERT_OTHER_CA,
	CERT_OTHER_CA_SAME_NAME,
	CERT_FORGED, /* in the authority's name, by another key */
	CERT_NO_EKU,
	CERT_IS_CA,
	CERT_SELF,
	CERT_WITH_ROOT,
	CERT_CHAIN, /* version 0.2 with the intermediate: right */
	CA_RETIRED,
	CA_EXPIRED,
	/* time stamps */
	NO_TIMESTAMP,
	TSA_UNKNOWN,
	TSA_RETIRED,
	TSA_OTHER_RETIRED, /* another authority's validity is over: right */
	TSA_EXPIRED,
	TSA_OTHER_BYTES,
	TSA_EARLY,
	TSA_LATE,
	TSA_CUT,
	TSA_TWICE,
	TSA_SECOND_UNKNOWN,
	/* log entries */
	NO_ENTRY,
	ENTRY_TWICE,
	ENTRY_TWO_LOGS, /* one of each version: right */
	ENTRY_UNKNOWN_LOG,
	ENTRY_KIND,
	ENTRY_KIND_OLD_DSSE,
	ENTRY_BODY_KIND,
	ENTRY_BODY_JUNK,
	ENTRY_NO_BODY, /* Rekor v2: right */
	ENTRY_OTHER_SIGNATURE,
	ENTRY_OTHER_DIGEST,
	ENTRY_OTHER_KEY,
	ENTRY_OTHER_ALL,
	ENTRY_OTHER_DETAILS,
	PROOF_HASH,
	PROOF_SHORT,
	PROOF_INDEX,
	PROOF_INDEX_LARGE,
	PROOF_ROOT,
	PROOF_SIZE,
	NO_CHECKPOINT,
	CHECKPOINT_ORIGIN,
	CHECKPOINT_ORIGIN_MORE, /* "name - number", which Rekor v1 alone writes */
	CHECKPOINT_NAME,
	CHECKPOINT_KEY,
	CHECKPOINT_TEXT,
	CHECKPOINT_WITNESSED, /* right */
	SET_OTHER_BODY,
	SET_OTHER_INDEX,
	SET_OTHER_TIME,
	SET_OTHER_KEY,
	SET_LATE,
	NO_SET,
	LOG_RETIRED,
	LOG_NOT_YET,
	TIME_UNSIGNED_LATE, /* an integrated time that nobody signed */
	/* signature and content */
	SIG_OTHER_KEY,
	SIG_FLIPPED,
	SIG_EMPTY,
	DIGEST_HINT,
	DIGEST_HINT_ALG,
	NO_DIGEST_HINT, /* right */
	PAYLOAD_TYPE,
	PAYLOAD_JUNK,
	PAYLOAD_NO_STATEMENT,
	SUBJECT_OTHER,
	SUBJECT_SHA512, /* right */
	SUBJECT_OTHER_ALG,
	SUBJECT_SECOND, /* right */
	KEYID,
};

struct authority {
	struct hm_signer root, step, leaf;
	struct hm_str root_der, step_der, leaf_der;
	struct hm_cert root_cert, step_cert, leaf_cert;
};

struct instance {
	struct hm_arena arena;
	struct authority ca, other_ca; /* other_ca has the same names */
	struct hm_signer ct, ct_2, ct_unknown;
	struct authority tsa, tsa_2, tsa_unknown;
	struct hm_signer log1, log2, log_unknown;
	struct hm_signer user, other_user; /* of the bundle being made */
	enum fault fault;
};

/* What is made: in which log, of what, by whom. */
struct recipe {
	enum { V1, V2 } log;
	enum hm_bundle_content content;
	enum hm_bundle_material material;
	bool has_sig; /* sig holds; else as the key usually signs */
	enum hm_sig sig;
};

/* Move the bytes into the instance's arena; the buffer is done with. */
struct hm_str keep(struct instance *in, struct hm_buf *buf);

/* The identity of a log's key under its name. */
struct hm_str id_of(struct instance *in, const char *name, const struct hm_signer *signer);

struct instance *instance_new(void);
void instance_free(struct instance *in);

/* Another key for the signer. */
void instance_user(struct instance *in, enum hm_key_kind kind);

/* What the instance's operator publishes; some faults are in it. */
struct hm_trusted_root instance_root(struct instance *in);
struct hm_trust *instance_trust(struct instance *in);

/* The parts of a bundle, each with the fault that in->fault names. */
struct hm_str make_cert(struct instance *in, const struct hm_key *key);
struct hm_str make_timestamp(struct instance *in, const struct authority *tsa, struct hm_str signature, int64_t time_s,
			     bool with_certs);
struct hm_inclusion_proof *make_proof(struct instance *in, struct hm_str body, const char *name, const char *origin,
				      const struct hm_signer *signer);
struct hm_str make_statement(struct instance *in);

/* Make a bundle; it lives as long as the instance. */
struct hm_bundle make_bundle(struct instance *in, const struct recipe *r, enum fault fault);

#endif
