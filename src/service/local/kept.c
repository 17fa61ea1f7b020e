/*
 * Attestations that were signed by this instance, kept in its state: a log holds digests and no statements, so that
 * without them nobody could say what an entry is about.
 *
 * attestations/ID.sigstore.json is a bundle, ID the SHA-256 of its payload. attestations/sha256-HEX/ID is empty and
 * says that the bundle names an artifact of that digest; nobody believes it: who reads the bundle looks for himself.
 */
#include "attest/statement.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "service/local/instance.h"
#include "sigstore/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define ID_LEN (2 * HM_HASH_LEN)

/* A name in a folder that may be lost in a power cut: the bundle is what counts. */
static enum hm_status add_name(const struct hm_instance *in, struct hm_str digest, const char *id, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%s/sha256-%.*s", in->attestations, HM_STR_ARG(digest));
	HM_OWN(hm_freep) char *path = folder ? hm_asprintf("%s/%s", folder, id) : NULL;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "keep an attestation");
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return hm_fail_errno(err, errno, "make '%s'", folder);
	HM_OWN(hm_closep) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd >= 0 ? HM_OK : hm_fail_errno(err, errno, "make '%s'", path);
}

static enum hm_status keep(const struct hm_instance *in, const struct hm_attest_statement *statement, const char *id,
			   struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s.sigstore.json", in->attestations, id);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "keep an attestation");
	enum hm_status st = hm_dir_make(in->attestations, 0700, err);
	if (st == HM_OK) {
		hm_file_sweep(in->attestations);
		st = hm_file_save(path, text, 0600, err);
	}
	for (size_t i = 0; i < statement->subject_count && st == HM_OK; i++) {
		struct hm_str digest = hm_attest_digest_of(&statement->subjects[i], "sha256");
		/* what has been read as a statement has digits there and nothing else */
		if (digest.len == ID_LEN)
			st = add_name(in, digest, id, err);
	}
	return st;
}

enum hm_status hm_instance_keep(const struct hm_instance *instance, struct hm_str bundle_text, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_BUNDLE);
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	struct hm_attest_statement statement;
	struct hm_hash hash;
	char id[ID_LEN + 1];

	enum hm_status st = hm_bundle_parse(bundle_text, &bundle, err);
	if (st != HM_OK || bundle.content != HM_CONTENT_DSSE)
		return st;
	st = hm_attest_statement_parse(bundle.dsse.payload, &arena, &statement, err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(bundle.dsse.payload, &hash, err);
	if (st != HM_OK)
		return st;
	hm_hex_write(id, hash.b, sizeof(hash.b));
	return hm_while(err, keep(instance, &statement, id, bundle_text, err), "keep an attestation");
}

static bool is_id(const char *name)
{
	return strlen(name) == ID_LEN && hm_hex_is_small(hm_str(name));
}

enum hm_status hm_instance_kept(const struct hm_instance *instance, const struct hm_digest *digest,
				struct hm_strv *ret_paths, struct hm_err *err)
{
	char hex[2 * HM_DIGEST_MAX_LEN + 1];

	hm_hex_write(hex, digest->b, digest->len);
	HM_OWN(hm_freep)
	char *folder = hm_asprintf("%s/%s-%s", instance->attestations, hm_digest_name(digest->alg), hex);
	if (!folder)
		return hm_fail(err, HM_R_NO_MEMORY, "look for attestations");
	DIR *dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? HM_OK : hm_fail_errno(err, errno, "open '%s'", folder);
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (is_id(entry->d_name))
			hm_strv_addf(ret_paths, "%s/%s.sigstore.json", instance->attestations, entry->d_name);
	}
	closedir(dir);
	return hm_strv_check(ret_paths, err);
}
