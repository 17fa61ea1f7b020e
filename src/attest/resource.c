#include "attest/resource.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

const struct hm_decode_opts hm_attest_decode_opts = {
	.json = { .borrow = true, .max_size = HM_MAX_ATTEST_STATEMENT },
	.ignore_unknown = true,
	.refuse_other_case = true,
	.proto_json = true,
};

static const struct hm_json_field fields[] = {
	{ "name", HM_JSON_STR, offsetof(struct hm_attest_resource, name) },
	{ "uri", HM_JSON_STR, offsetof(struct hm_attest_resource, uri) },
	{ "digest", HM_JSON_MAP, offsetof(struct hm_attest_resource, digests), .of = HM_JSON_STR,
	  .count = offsetof(struct hm_attest_resource, digest_count), .max = HM_MAX_ATTEST_DIGESTS },
	{ "content", HM_JSON_BASE64, offsetof(struct hm_attest_resource, content) },
	{ "downloadLocation", HM_JSON_STR, offsetof(struct hm_attest_resource, download_location) },
	{ "mediaType", HM_JSON_STR, offsetof(struct hm_attest_resource, media_type) },
	{ "annotations", HM_JSON_VALUE, offsetof(struct hm_attest_resource, annotations) },
};
const struct hm_json_table hm_attest_resource_table = HM_JSON_TABLE(struct hm_attest_resource, fields);

/* Algorithms of digest_set.md whose values have one form. gitCommit and its kin are SHA-1 or SHA-256. */
static const struct {
	const char *name;
	size_t len, other_len; /* bytes */
} algorithms[] = {
	{ "sha256", 32, 0 },   { "sha384", 48, 0 },     { "sha512", 64, 0 },     { "sha1", 20, 0 },
	{ "sha224", 28, 0 },   { "sha512_224", 28, 0 }, { "sha512_256", 32, 0 }, { "sha3_224", 28, 0 },
	{ "sha3_256", 32, 0 }, { "sha3_384", 48, 0 },   { "sha3_512", 64, 0 },   { "md5", 16, 0 },
	{ "dirHash1", 32, 0 }, { "gitCommit", 20, 32 }, { "gitTree", 20, 32 },   { "gitBlob", 20, 32 },
	{ "gitTag", 20, 32 },
};

static enum hm_status check_digest(const struct hm_json_pair *digest, struct hm_err *err)
{
	if (digest->key.len == 0 || digest->value.len == 0)
		return hm_fail(err, HM_R_ATTEST_DIGEST, "a digest without a value or an algorithm");
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (!hm_str_is(digest->key, algorithms[i].name))
			continue;
		size_t len = digest->value.len;
		bool fits =
		    len == 2 * algorithms[i].len || (algorithms[i].other_len && len == 2 * algorithms[i].other_len);
		if (!fits || !hm_hex_is_small(digest->value))
			return hm_fail(err, HM_R_ATTEST_DIGEST, "'%.*s' is not a digest of %s",
				       HM_STR_ARG(hm_str_head(digest->value, 130)), algorithms[i].name);
	}
	return HM_OK;
}

enum hm_status hm_attest_check_resources(const struct hm_attest_resource *resources, size_t count, struct hm_err *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct hm_attest_resource *r = &resources[i];
		for (size_t n = 0; n < r->digest_count; n++) {
			enum hm_status st = check_digest(&r->digests[n], err);
			if (st != HM_OK)
				return st;
		}
		if (r->annotations.kind != HM_NULL && r->annotations.kind != HM_OBJECT)
			return hm_fail(err, HM_R_DATA_KIND, "annotations that are not an object");
	}
	return HM_OK;
}

void hm_attest_write_resource(struct hm_json_writer *w, const struct hm_attest_resource *r)
{
	hm_json_object(w);
	hm_json_member_str_if(w, "name", r->name);
	hm_json_member_str_if(w, "uri", r->uri);
	hm_json_member_map_if(w, "digest", r->digests, r->digest_count);
	if (r->content.len > 0)
		hm_json_member_base64(w, "content", r->content.ptr, r->content.len);
	hm_json_member_str_if(w, "downloadLocation", r->download_location);
	hm_json_member_str_if(w, "mediaType", r->media_type);
	if (hm_value_count(&r->annotations) > 0)
		hm_json_member_value(w, "annotations", &r->annotations);
	hm_json_object_end(w);
}

void hm_attest_write_resources(struct hm_json_writer *w, const char *name, const struct hm_attest_resource *resources,
			       size_t count)
{
	if (count == 0)
		return;
	hm_json_key(w, name);
	hm_json_array(w);
	for (size_t i = 0; i < count; i++)
		hm_attest_write_resource(w, &resources[i]);
	hm_json_array_end(w);
}

struct hm_str hm_attest_digest_of(const struct hm_attest_resource *resource, const char *algorithm)
{
	for (size_t i = 0; i < resource->digest_count; i++) {
		if (hm_str_is(resource->digests[i].key, algorithm))
			return resource->digests[i].value;
	}
	return (struct hm_str){ 0 };
}

bool hm_attest_has_digest(const struct hm_attest_resource *resource, const struct hm_digest *digest)
{
	char hex[2 * HM_DIGEST_MAX_LEN + 1];

	hm_hex_write(hex, digest->b, digest->len);
	return hm_str_is(hm_attest_digest_of(resource, hm_digest_name(digest->alg)), hex);
}
