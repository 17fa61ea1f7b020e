#include "crypto/digest.h"

#include "base/mem.h"
#include "base/own.h"
#include "crypto/ssl.h"

#include <errno.h>
#include <fcntl.h>

static const struct {
	const char *name;
	size_t len;
} algs[] = {
	[HM_SHA256] = { "sha256", 32 },
	[HM_SHA384] = { "sha384", 48 },
	[HM_SHA512] = { "sha512", 64 },
};

size_t hm_digest_len(enum hm_digest_alg alg)
{
	return algs[alg].len;
}

const char *hm_digest_name(enum hm_digest_alg alg)
{
	return algs[alg].name;
}

bool hm_digest_from_name(struct hm_str name, enum hm_digest_alg *ret_alg)
{
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++) {
		if (hm_str_is(name, algs[i].name)) {
			*ret_alg = (enum hm_digest_alg)i;
			return true;
		}
	}
	return false;
}

bool hm_digest_eq(const struct hm_digest *a, const struct hm_digest *b)
{
	return a->alg == b->alg && memcmp(a->b, b->b, algs[a->alg].len) == 0;
}

enum hm_status hm_hasher_init(struct hm_hasher *ret_hasher, enum hm_digest_alg alg, struct hm_err *err)
{
	const EVP_MD *md = hm_ssl_md(alg);
	EVP_MD_CTX *ctx = md ? EVP_MD_CTX_new() : NULL;

	if (!ctx || !EVP_DigestInit_ex2(ctx, md, NULL)) {
		EVP_MD_CTX_free(ctx);
		return hm_fail(err, HM_R_NO_MEMORY, "%s", algs[alg].name);
	}
	*ret_hasher = (struct hm_hasher){ ctx, alg };
	return HM_OK;
}

enum hm_status hm_hasher_add(struct hm_hasher *hasher, const void *ptr, size_t len, struct hm_err *err)
{
	if (!EVP_DigestUpdate(hasher->ctx, ptr, len))
		return hm_fail(err, HM_R_NO_MEMORY, "%s of %zu bytes", algs[hasher->alg].name, len);
	return HM_OK;
}

enum hm_status hm_hasher_final(struct hm_hasher *hasher, struct hm_digest *ret_digest, struct hm_err *err)
{
	struct hm_digest out = { .alg = hasher->alg, .len = algs[hasher->alg].len };

	if (!EVP_DigestFinal_ex(hasher->ctx, out.b, NULL))
		return hm_fail(err, HM_R_NO_MEMORY, "%s", algs[hasher->alg].name);
	hm_hasher_done(hasher);
	*ret_digest = out;
	return HM_OK;
}

void hm_hasher_done(struct hm_hasher *hasher)
{
	if (!hasher)
		return;
	EVP_MD_CTX_free(hasher->ctx);
	hasher->ctx = NULL;
}

static enum hm_status sink_write(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	return hm_hasher_add(ctx, ptr, len, err);
}

struct hm_sink hm_hasher_sink(struct hm_hasher *hasher)
{
	return (struct hm_sink){ sink_write, hasher };
}

enum hm_status hm_crypto_digest(enum hm_digest_alg alg, const struct hm_part *parts, size_t n,
				struct hm_digest *ret_digest, struct hm_err *err)
{
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };

	enum hm_status st = hm_hasher_init(&hasher, alg, err);
	for (size_t i = 0; i < n && st == HM_OK; i++)
		st = hm_hasher_add(&hasher, parts[i].ptr, parts[i].len, err);
	return st == HM_OK ? hm_hasher_final(&hasher, ret_digest, err) : st;
}

enum hm_status hm_crypto_sha256(const struct hm_part *parts, size_t n, struct hm_hash *ret_hash, struct hm_err *err)
{
	struct hm_digest digest;

	enum hm_status st = hm_crypto_digest(HM_SHA256, parts, n, &digest, err);
	if (st == HM_OK)
		memcpy(ret_hash->b, digest.b, HM_HASH_LEN);
	return st;
}

enum hm_status hm_crypto_sha256_of(struct hm_str bytes, struct hm_hash *ret_hash, struct hm_err *err)
{
	const struct hm_part part = { bytes.ptr, bytes.len };

	return hm_crypto_sha256(&part, 1, ret_hash, err);
}

enum hm_status hm_crypto_digest_fd(int fd, const char *name, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				   uint64_t *ret_size, struct hm_err *err)
{
	/* Large enough that read(2) costs nothing beside hashing, small enough to stay in the second-level cache. */
	static const size_t chunk = 256 * 1024;
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
	HM_OWN(hm_freep) char *buf = hm_malloc(chunk);
	uint64_t size = 0;

	if (!buf)
		return hm_fail(err, HM_R_NO_MEMORY, "hash '%s'", name);
	enum hm_status st = hm_hasher_init(&hasher, alg, err);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (st == HM_OK) {
		ssize_t n = read(fd, buf, chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s'", name);
		if (n == 0)
			break;
		size += (uint64_t)n;
		st = hm_hasher_add(&hasher, buf, (size_t)n, err);
	}
	if (st == HM_OK)
		st = hm_hasher_final(&hasher, ret_digest, err);
	if (st == HM_OK && ret_size)
		*ret_size = size;
	return st;
}

enum hm_status hm_crypto_digest_file(const char *path, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				     uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_crypto_digest_fd(fd, path, alg, ret_digest, ret_size, err);
}
