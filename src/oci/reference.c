#include "oci/reference.h"

#include "base/limits.h"
#include "base/plant.h"
#include "oci/manifest.h"

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

bool hm_oci_is_tag(struct hm_str text)
{
	if (text.len == 0 || text.len > 128)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!is_letter_or_digit(c) && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return true;
}

/* Between runs of small letters and digits: one dot, one or two underscores, or any number of dashes. */
static bool is_path_component(struct hm_str part)
{
	size_t i = 0;

	if (part.len == 0 || !is_lower_or_digit(part.ptr[part.len - 1]))
		return false;
	while (i < part.len) {
		size_t start = i;
		while (i < part.len && is_lower_or_digit(part.ptr[i]))
			i++;
		if (i == start)
			return false;
		if (i == part.len)
			break;
		char c = part.ptr[i];
		size_t run = 0, max = c == '.' ? 1 : c == '_' ? 2 : c == '-' ? part.len : 0;
		while (i < part.len && part.ptr[i] == c && run < max) {
			run++;
			i++;
		}
		if (run == 0)
			return false;
	}
	return true;
}

bool hm_oci_is_repository(struct hm_str text)
{
	struct hm_str rest = text, part;

	if (text.len == 0 || text.len > HM_MAX_OCI_REPOSITORY)
		return false;
	while (hm_str_next(&rest, '/', &part)) {
		if (!is_path_component(part))
			return false;
	}
	return true;
}

static bool is_domain_component(struct hm_str part)
{
	if (part.len == 0 || part.ptr[0] == '-' || part.ptr[part.len - 1] == '-')
		return false;
	for (size_t i = 0; i < part.len; i++) {
		if (!is_letter_or_digit(part.ptr[i]) && part.ptr[i] != '-')
			return false;
	}
	return true;
}

static bool is_ipv6(struct hm_str host)
{
	if (host.len < 3 || host.ptr[0] != '[' || host.ptr[host.len - 1] != ']')
		return false;
	for (size_t i = 1; i + 1 < host.len; i++) {
		char c = host.ptr[i];
		bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (!is_hex && c != ':')
			return false;
	}
	return true;
}

static bool is_port(struct hm_str port)
{
	for (size_t i = 0; i < port.len; i++) {
		if (port.ptr[i] < '0' || port.ptr[i] > '9')
			return false;
	}
	return port.len > 0;
}

static bool is_registry(struct hm_str text)
{
	struct hm_str host = text, part;
	ptrdiff_t colon = hm_str_find_last_char(text, ':'), bracket = hm_str_find_last_char(text, ']');

	if (colon > bracket) {
		if (!is_port(hm_str_skip(text, (size_t)colon + 1)))
			return false;
		host = hm_str_head(text, (size_t)colon);
	}
	if (host.len > 0 && host.ptr[0] == '[')
		return is_ipv6(host);
	while (hm_str_next(&host, '.', &part)) {
		if (!is_domain_component(part))
			return false;
	}
	return text.len > 0;
}

static bool has_capital(struct hm_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] >= 'A' && s.ptr[i] <= 'Z')
			return true;
	}
	return false;
}

/* Whether what stands before the first slash names a registry, and is not a folder of docker.io. */
static bool looks_like_registry(struct hm_str first)
{
	return hm_str_is(first, "localhost") || hm_str_find_char(first, '.') >= 0 ||
	       hm_str_find_char(first, ':') >= 0 || has_capital(first);
}

/* 64 digits are what local tools call an image by, and so nobody's name. */
static bool is_image_id(struct hm_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return text.len == 64;
}

static enum hm_status refuse(struct hm_str text, const char *why, struct hm_err *err)
{
	return hm_fail(err, HM_R_OCI_REFERENCE, "'%.*s': %s", HM_STR_ARG(hm_str_head(text, 200)), why);
}

/* Split into registry and what follows it; docker.io's short forms are written out. */
static enum hm_status normalise(struct hm_str text, struct hm_arena *arena, struct hm_oci_reference *ref,
				struct hm_str *ret_rest, struct hm_err *err)
{
	struct hm_str first, rest;

	if (!hm_str_cut(text, '/', &first, &rest) || !looks_like_registry(first)) {
		ref->registry = HM_STR("docker.io");
		rest = text;
	} else {
		ref->registry = hm_str_is(first, "index.docker.io") ? HM_STR("docker.io") : first;
	}
	if (hm_str_is(ref->registry, "docker.io") && hm_str_find_char(rest, '/') < 0)
		rest = hm_arena_printf(arena, "library/%.*s", HM_STR_ARG(rest));
	*ret_rest = rest;
	return hm_arena_check(arena, "reference", err);
}

enum hm_status hm_oci_reference_parse(struct hm_str text, struct hm_arena *arena,
				      struct hm_oci_reference *ret_reference, struct hm_err *err)
{
	struct hm_oci_reference ref = { 0 };
	struct hm_str rest, name, digest, tag;

	if (text.len == 0 || text.len > HM_MAX_OCI_REFERENCE)
		return refuse(text, text.len ? "too long" : "empty", err);
	if (is_image_id(text))
		return refuse(text, "an image's ID is no reference", err);
	enum hm_status st = normalise(text, arena, &ref, &rest, err);
	if (st != HM_OK)
		return st;
	if (!is_registry(ref.registry))
		return refuse(text, "what stands before the first slash is no registry", err);
	ref.has_digest = hm_str_cut(rest, '@', &name, &digest);
	bool has_tag = hm_str_cut(name, ':', &ref.repository, &tag);
	if (has_capital(ref.repository))
		return refuse(text, "a repository's name has no capital letters", err);
	if (!hm_oci_is_repository(ref.repository))
		return refuse(text, "not a repository's name", err);
	if (has_tag && !hm_oci_is_tag(tag))
		return refuse(text, "not a tag", err);
	ref.tag = has_tag ? tag : HM_STR("");
	if (ref.has_digest)
		st = hm_oci_digest_parse(digest, &ref.digest, err);
	HM_PLANT(st == HM_OK && ref.has_digest && has_tag);
	if (st == HM_OK)
		*ret_reference = ref;
	return st;
}

void hm_oci_reference_write(const struct hm_oci_reference *reference, struct hm_buf *buf)
{
	char digest[HM_OCI_DIGEST_LEN];

	hm_buf_add_str(buf, reference->registry);
	hm_buf_add_char(buf, '/');
	hm_buf_add_str(buf, reference->repository);
	if (reference->tag.len > 0) {
		hm_buf_add_char(buf, ':');
		hm_buf_add_str(buf, reference->tag);
	}
	if (reference->has_digest) {
		hm_oci_digest_write(&reference->digest, digest);
		hm_buf_add_char(buf, '@');
		hm_buf_add_cstr(buf, digest);
	}
}

struct hm_str hm_oci_reference_tag(const struct hm_oci_reference *reference)
{
	if (reference->tag.len > 0 || reference->has_digest)
		return reference->tag;
	return HM_STR("latest");
}

struct hm_str hm_oci_reference_host(const struct hm_oci_reference *reference)
{
	return hm_str_is(reference->registry, "docker.io") ? HM_STR("registry-1.docker.io") : reference->registry;
}
