#include "crypto/git_blob.h"

#include "base/encode.h"
#include "crypto/ssl.h"

#include <inttypes.h>
#include <stdio.h>

enum hm_status hm_git_blob_init(struct hm_git_blob *ret_blob, size_t digits, uint64_t size, struct hm_err *err)
{
	char head[32];
	int head_len = snprintf(head, sizeof(head), "blob %" PRIu64, size);

	if (digits != 40 && digits != 64)
		return hm_fail(err, HM_R_USAGE, "git names of %zu digits", digits);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (!ctx || !EVP_DigestInit_ex(ctx, digits == 40 ? EVP_sha1() : EVP_sha256(), NULL) ||
	    !EVP_DigestUpdate(ctx, head, (size_t)head_len + 1)) {
		EVP_MD_CTX_free(ctx);
		return hm_fail(err, HM_R_NO_MEMORY, "git name");
	}
	ret_blob->ctx = ctx;
	return HM_OK;
}

enum hm_status hm_git_blob_add(struct hm_git_blob *blob, const void *ptr, size_t len, struct hm_err *err)
{
	if (!EVP_DigestUpdate(blob->ctx, ptr, len))
		return hm_fail(err, HM_R_NO_MEMORY, "git name");
	return HM_OK;
}

enum hm_status hm_git_blob_final(struct hm_git_blob *blob, char ret_name[HM_GIT_NAME_LEN], struct hm_err *err)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!EVP_DigestFinal_ex(blob->ctx, sum, &len))
		return hm_fail(err, HM_R_NO_MEMORY, "git name");
	hm_hex_write(ret_name, sum, len);
	hm_git_blob_done(blob);
	return HM_OK;
}

void hm_git_blob_done(struct hm_git_blob *blob)
{
	EVP_MD_CTX_free(blob->ctx);
	blob->ctx = NULL;
}
