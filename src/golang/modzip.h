/*
 * What a module's zip may hold.
 *
 * Layer 6. Any thread. Inside this module only; users call dirhash.h.
 */
#ifndef HM_GOLANG_MODZIP_H
#define HM_GOLANG_MODZIP_H

#include "archive/zip.h"
#include "golang/version.h"

/* The limits to open a module's zip with. */
extern const struct hm_archive_limits hm_golang_zip_limits;

/*
 * Check an open zip against Go's rules.
 *
 * Errors  HM_EVERIFY golang.zip; HM_EPARSE golang.path, golang.version: of mod; HM_ENOMEM
 * Source  golang.org/x/mod/zip CheckZip
 */
enum hm_status hm_golang_check_zip(const struct hm_zip *zip, const struct hm_golang_module *mod,
				   struct hm_err *err) HM_MUST;

#endif
