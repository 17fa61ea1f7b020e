/*
 * Package URLs of Go modules and of images.
 *
 * Layer 6. Pure; any thread.
 * Source  github.com/package-url/purl-spec (ECMA-427)
 */
#ifndef HM_ATTEST_PURL_H
#define HM_ATTEST_PURL_H

#include "base/buf.h"
#include "base/str.h"

/*
 * Add "pkg:golang/PATH@VERSION", with all escaped that must be: "+incompatible" becomes "%2Bincompatible".
 *
 * The case of the path is kept. The type's definition asks for small letters in a note and says the contrary in its
 * table; Go's paths differ by case, and what vulnerability databases look up is the path as Go has it.
 *
 * Shape   version: empty where it is not known; it is left out then.
 */
void hm_attest_purl_golang(struct hm_str path, struct hm_str version, struct hm_buf *buf);

/*
 * Add "pkg:oci/NAME@sha256:HEX?arch=ARCH".
 *
 * Shape   name: the last part of a repository's name, or a program's; written in small letters. arch: empty for none.
 */
void hm_attest_purl_oci(struct hm_str name, struct hm_str digest, struct hm_str arch, struct hm_buf *buf);

#endif
