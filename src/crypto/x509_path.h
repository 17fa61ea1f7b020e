/*
 * The path check without its short cut, for tests to compare.
 *
 * Layer 3, inside crypto and its tests only.
 */
#ifndef HM_CRYPTO_X509_PATH_H
#define HM_CRYPTO_X509_PATH_H

#include "crypto/x509.h"

/* As hm_x509_check_path(), with OpenSSL for all of the path. */
enum hm_status hm_x509_check_path_by_openssl(const struct hm_x509_pool *pool, const struct hm_x509_query *query,
					     struct hm_x509_path *ret_path, struct hm_err *err) HM_MUST;

#endif
