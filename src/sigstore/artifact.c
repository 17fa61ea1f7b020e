#include "sigstore/artifact.h"

#include "base/encode.h"
#include "base/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum hm_status digest_of_digest(void *ctx, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				       struct hm_err *err)
{
	const struct hm_digest *digest = ctx;

	if (digest->alg != alg)
		return hm_fail(err, HM_R_ARTIFACT_ALGORITHM, "the artifact is given by its %s, and its %s is needed",
			       hm_digest_name(digest->alg), hm_digest_name(alg));
	*ret_digest = *digest;
	return HM_OK;
}

struct hm_artifact hm_artifact_of_digest(const struct hm_digest *digest)
{
	return (struct hm_artifact){ (void *)digest, digest_of_digest };
}

static enum hm_status digest_of_bytes(void *ctx, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				      struct hm_err *err)
{
	const struct hm_str *bytes = ctx;
	const struct hm_part part = { bytes->ptr, bytes->len };

	return hm_crypto_digest(alg, &part, 1, ret_digest, err);
}

struct hm_artifact hm_artifact_of_bytes(const struct hm_str *bytes)
{
	return (struct hm_artifact){ (void *)bytes, digest_of_bytes };
}

static void hashers_done(struct hm_hasher (*hashers)[HM_DIGEST_ALGS])
{
	for (size_t i = 0; i < HM_DIGEST_ALGS; i++)
		hm_hasher_done(&(*hashers)[i]);
}

/* All algorithms in one pass over what can be read once only. */
static enum hm_status read_stream(struct hm_artifact_file *file, struct hm_err *err)
{
	HM_OWN(hashers_done) struct hm_hasher hashers[HM_DIGEST_ALGS] = { 0 };
	enum hm_status st = HM_OK;
	char chunk[16384];
	ssize_t n = 1;

	for (size_t i = 0; st == HM_OK && i < HM_DIGEST_ALGS; i++)
		st = hm_hasher_init(&hashers[i], (enum hm_digest_alg)i, err);
	while (st == HM_OK && n != 0) {
		n = read(file->fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR)
			return hm_fail_errno(err, errno, "read '%s'", file->name);
		for (size_t i = 0; n > 0 && st == HM_OK && i < HM_DIGEST_ALGS; i++)
			st = hm_hasher_add(&hashers[i], chunk, (size_t)n, err);
	}
	for (size_t i = 0; st == HM_OK && i < HM_DIGEST_ALGS; i++) {
		st = hm_hasher_final(&hashers[i], &file->digests[i], err);
		file->has[i] = st == HM_OK;
	}
	return st;
}

enum hm_status hm_artifact_file_take(int fd, const char *name, struct hm_artifact_file *ret_file, struct hm_err *err)
{
	struct hm_artifact_file file = { .fd = fd, .name = name };
	enum hm_status st = HM_OK;

	if (lseek(fd, 0, SEEK_CUR) < 0) {
		file.is_stream = true;
		st = read_stream(&file, err);
	}
	if (st != HM_OK) {
		hm_artifact_file_done(&file);
		return st;
	}
	*ret_file = file;
	return HM_OK;
}

enum hm_status hm_artifact_file_open(const char *path, struct hm_artifact_file *ret_file, struct hm_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s'", path);
	return hm_artifact_file_take(fd, path, ret_file, err);
}

void hm_artifact_file_done(struct hm_artifact_file *file)
{
	if (!file)
		return;
	if (file->fd > 0)
		close(file->fd);
	*file = (struct hm_artifact_file){ 0 };
}

static enum hm_status digest_of_file(void *ctx, enum hm_digest_alg alg, struct hm_digest *ret_digest,
				     struct hm_err *err)
{
	struct hm_artifact_file *file = ctx;

	if (!file->has[alg]) {
		if (lseek(file->fd, 0, SEEK_SET) < 0)
			return hm_fail_errno(err, errno, "read '%s'", file->name);
		enum hm_status st = hm_crypto_digest_fd(file->fd, file->name, alg, &file->digests[alg], NULL, err);
		if (st != HM_OK)
			return st;
		file->has[alg] = true;
	}
	*ret_digest = file->digests[alg];
	return HM_OK;
}

struct hm_artifact hm_artifact_of_file(struct hm_artifact_file *file)
{
	return (struct hm_artifact){ file, digest_of_file };
}

enum hm_status hm_artifact_digest_parse(struct hm_str text, struct hm_digest *ret_digest, struct hm_err *err)
{
	struct hm_digest digest = { 0 };
	struct hm_str name, hex;

	if (!hm_str_cut(text, ':', &name, &hex) || !hm_digest_from_name(name, &digest.alg))
		return hm_fail(err, HM_R_ENCODING, "'%.*s' is no digest such as sha256:<hexadecimal>",
			       HM_STR_ARG(hm_str_head(text, 80)));
	digest.len = hm_digest_len(digest.alg);
	enum hm_status st = hm_hex_read(hex, digest.b, digest.len, err);
	if (st == HM_OK)
		*ret_digest = digest;
	return st;
}
