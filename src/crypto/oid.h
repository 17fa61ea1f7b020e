/*
 * Object identifiers by name, as the content octets of their DER.
 *
 * Layer 3. Constants.
 */
#ifndef HM_CRYPTO_OID_H
#define HM_CRYPTO_OID_H

#include "base/str.h"

/* Keys: RFC 3279, RFC 5480, RFC 8410. */
#define HM_OID_RSA     HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01") /* 1.2.840.113549.1.1.1 */
#define HM_OID_EC      HM_STR("\x2a\x86\x48\xce\x3d\x02\x01")         /* 1.2.840.10045.2.1 */
#define HM_OID_P256    HM_STR("\x2a\x86\x48\xce\x3d\x03\x01\x07")     /* 1.2.840.10045.3.1.7 */
#define HM_OID_P384    HM_STR("\x2b\x81\x04\x00\x22")                 /* 1.3.132.0.34 */
#define HM_OID_P521    HM_STR("\x2b\x81\x04\x00\x23")                 /* 1.3.132.0.35 */
#define HM_OID_ED25519 HM_STR("\x2b\x65\x70")                         /* 1.3.101.112 */

/* Digests: RFC 5754. */
#define HM_OID_SHA1   HM_STR("\x2b\x0e\x03\x02\x1a")                 /* 1.3.14.3.2.26 */
#define HM_OID_SHA256 HM_STR("\x60\x86\x48\x01\x65\x03\x04\x02\x01") /* 2.16.840.1.101.3.4.2.1 */
#define HM_OID_SHA384 HM_STR("\x60\x86\x48\x01\x65\x03\x04\x02\x02")
#define HM_OID_SHA512 HM_STR("\x60\x86\x48\x01\x65\x03\x04\x02\x03")

/* Signatures: RFC 5758, RFC 8017. */
#define HM_OID_ECDSA_SHA256 HM_STR("\x2a\x86\x48\xce\x3d\x04\x03\x02") /* 1.2.840.10045.4.3.2 */
#define HM_OID_ECDSA_SHA384 HM_STR("\x2a\x86\x48\xce\x3d\x04\x03\x03")
#define HM_OID_ECDSA_SHA512 HM_STR("\x2a\x86\x48\xce\x3d\x04\x03\x04")
#define HM_OID_RSA_SHA256   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") /* 1.2.840.113549.1.1.11 */
#define HM_OID_RSA_SHA384   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c")
#define HM_OID_RSA_SHA512   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d")

/* Names: RFC 4519. */
#define HM_OID_COMMON_NAME  HM_STR("\x55\x04\x03") /* 2.5.4.3 */
#define HM_OID_ORGANIZATION HM_STR("\x55\x04\x0a") /* 2.5.4.10 */

/* Extensions: RFC 5280, 4.2.1. */
#define HM_OID_SUBJECT_KEY_ID    HM_STR("\x55\x1d\x0e")                             /* 2.5.29.14 */
#define HM_OID_KEY_USAGE         HM_STR("\x55\x1d\x0f")                             /* 2.5.29.15 */
#define HM_OID_SUBJECT_ALT_NAME  HM_STR("\x55\x1d\x11")                             /* 2.5.29.17 */
#define HM_OID_BASIC_CONSTRAINTS HM_STR("\x55\x1d\x13")                             /* 2.5.29.19 */
#define HM_OID_NAME_CONSTRAINTS  HM_STR("\x55\x1d\x1e")                             /* 2.5.29.30 */
#define HM_OID_AUTHORITY_KEY_ID  HM_STR("\x55\x1d\x23")                             /* 2.5.29.35 */
#define HM_OID_EXT_KEY_USAGE     HM_STR("\x55\x1d\x25")                             /* 2.5.29.37 */
#define HM_OID_SCT_LIST          HM_STR("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x02") /* 1.3.6.1.4.1.11129.2.4.2 */
#define HM_OID_CT_POISON         HM_STR("\x2b\x06\x01\x04\x01\xd6\x79\x02\x04\x03") /* 1.3.6.1.4.1.11129.2.4.3 */

/* What a key may be used for: RFC 5280, 4.2.1.12. */
#define HM_OID_EKU_ANY           HM_STR("\x55\x1d\x25\x00")                 /* 2.5.29.37.0 */
#define HM_OID_EKU_CODE_SIGNING  HM_STR("\x2b\x06\x01\x05\x05\x07\x03\x03") /* 1.3.6.1.5.5.7.3.3 */
#define HM_OID_EKU_TIME_STAMPING HM_STR("\x2b\x06\x01\x05\x05\x07\x03\x08") /* 1.3.6.1.5.5.7.3.8 */

/* CMS and time stamps: RFC 5652, RFC 3161, RFC 5035. */
#define HM_OID_SIGNED_DATA    HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")         /* 1.2.840.113549.1.7.2 */
#define HM_OID_TST_INFO       HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04") /* ….9.16.1.4 */
#define HM_OID_CONTENT_TYPE   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03")         /* ….9.3 */
#define HM_OID_MESSAGE_DIGEST HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04")         /* ….9.4 */
#define HM_OID_SIGNING_TIME   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05")         /* ….9.5 */
#define HM_OID_SIGNING_CERT   HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c") /* ….9.16.2.12 */
#define HM_OID_SIGNING_CERT_2 HM_STR("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f") /* ….9.16.2.47 */

/* Sigstore: the arcs 1.3.6.1.4.1.57264.1 (extensions of a Fulcio certificate) and .2 (its TSA's policy). */
#define HM_OID_FULCIO          HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01")     /* 1.3.6.1.4.1.57264.1 */
#define HM_OID_FULCIO_USERNAME HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x01\x07") /* ….1.7, a SAN otherName */
#define HM_OID_SIGSTORE_TSA    HM_STR("\x2b\x06\x01\x04\x01\x83\xbf\x30\x02")     /* 1.3.6.1.4.1.57264.2 */

#endif
