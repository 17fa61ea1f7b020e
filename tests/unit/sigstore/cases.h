/*
 * The published cases of the Sigstore conformance suite, and what our table says of each.
 */
#ifndef HM_TESTS_SIGSTORE_CASES_H
#define HM_TESTS_SIGSTORE_CASES_H

#include "unit.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "sigstore/verify.h"

#include <dirent.h>

#define CASE_IDENTITY                                                                                                  \
	"https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"            \
	"extremely-dangerous-oidc-beacon.yml@refs/heads/main"
#define CASE_ISSUER "https://token.actions.githubusercontent.com"

struct one_case {
	char name[256]; /* of a folder */
	bool must_fail;
	bool has_root, has_key;
	struct hm_buf bundle, root, key;
	char artifact[512]; /* path */
};

static inline void case_done(struct one_case *one)
{
	hm_buf_done(&one->bundle);
	hm_buf_done(&one->root);
	hm_buf_done(&one->key);
}

static inline bool case_file(const char *folder, const char *name, struct hm_buf *ret_data)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", folder, name);
	struct hm_err err;

	if (!hm_path_is_there(path))
		return false;
	assert_ok(hm_file_read(path, HM_MAX_BUNDLE, ret_data, &err), &err);
	return true;
}

static inline struct one_case case_read(const char *data, const char *name)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%s/sigstore-conformance/%s", data, name);
	HM_OWN(hm_freep) char *own = hm_asprintf("%s/artifact", folder);
	struct one_case one = { .must_fail = strstr(name, "_fail") != NULL };

	snprintf(one.name, sizeof(one.name), "%s", name);
	assert_true(case_file(folder, "bundle.sigstore.json", &one.bundle));
	one.has_root = case_file(folder, "trusted_root.json", &one.root);
	if (!one.has_root)
		assert_true(case_file(data, "sigstore-public-good.trusted_root.json", &one.root));
	one.has_key = case_file(folder, "key.pub", &one.key);
	if (hm_path_is_there(own))
		snprintf(one.artifact, sizeof(one.artifact), "%s", own);
	else
		snprintf(one.artifact, sizeof(one.artifact), "%s/sigstore-conformance/a.txt", data);
	return one;
}

/* Verify as `verify-blob` does: trust root, bundle, key, and then all of it. */
static inline enum hm_status case_verify(const struct one_case *one, const struct hm_artifact *artifact,
					 struct hm_err *err)
{
	struct hm_verify_policy policy = { .identity = HM_STR(CASE_IDENTITY), .issuer = HM_STR(CASE_ISSUER) };
	HM_OWN(hm_bundle_done) struct hm_bundle bundle = { 0 };
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	struct hm_trust *trust = NULL;
	struct hm_verified *verified = NULL;

	enum hm_status st = hm_trust_parse(hm_buf_str(&one->root), &trust, err);
	if (st == HM_OK)
		st = hm_bundle_parse(hm_buf_str(&one->bundle), &bundle, err);
	if (st == HM_OK && one->has_key)
		st = hm_trust_read_key(hm_buf_str(&one->key), &key, err);
	if (one->has_key)
		policy = (struct hm_verify_policy){ .key = &key };
	if (st == HM_OK)
		st = hm_bundle_verify(trust, &bundle, artifact, &policy, NULL, &verified, err);
	hm_verified_free(verified);
	hm_trust_free(trust);
	return st;
}

/* The folders of the cases, in any order; the caller closes. NULL where the data is absent. */
static inline DIR *cases_open(const char *data)
{
	HM_OWN(hm_freep) char *folder = data ? hm_asprintf("%s/sigstore-conformance", data) : NULL;

	return folder ? opendir(folder) : NULL;
}

/* The next case's name, or NULL. */
static inline const char *cases_next(DIR *dir)
{
	const struct dirent *entry;

	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "a.txt") != 0)
			return entry->d_name;
	}
	return NULL;
}

#endif
