/*
 * What the documents of Sigstore have in common: a key's id, a certificate, a chain of them. For this module only.
 *
 * Layer 7. Pure; any thread.
 */
#ifndef HM_SIGSTORE_JSON_H
#define HM_SIGSTORE_JSON_H

#include "crypto/digest.h"
#include "sigstore/trusted_root.h"

/* {"keyId":"<Base64>"} into a struct hm_str. */
extern const struct hm_json_table hm_key_id_table;

/* {"rawBytes":"<Base64>"} into a struct hm_str. */
extern const struct hm_json_table hm_raw_bytes_table;

/* {"certificates":[{"rawBytes":"<Base64>"},…]} into a struct hm_cert_chain. */
extern const struct hm_json_table hm_cert_chain_table;

void hm_key_id_write(struct hm_json_writer *w, const char *name, struct hm_str id);
void hm_raw_bytes_write(struct hm_json_writer *w, const char *name, struct hm_str bytes);
void hm_cert_chain_write(struct hm_json_writer *w, const char *name, const struct hm_cert_chain *chain);

/* "SHA2_256" and the like. */
const char *hm_hash_algorithm_name(enum hm_digest_alg alg);

/* Errors: false for any other name. */
bool hm_hash_algorithm_from_name(struct hm_str name, enum hm_digest_alg *ret_alg) HM_MUST;

#endif
