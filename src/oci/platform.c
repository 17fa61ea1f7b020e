#include "oci/platform.h"

/* Longest part: names of Go's have up to 10, what registries hold of others' is not much longer. */
enum { max_part = 64 };

static bool is_part(struct hm_str part)
{
	if (part.len == 0 || part.len > max_part)
		return false;
	for (size_t i = 0; i < part.len; i++) {
		char c = part.ptr[i];
		bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
		if (!good)
			return false;
	}
	return true;
}

enum hm_status hm_oci_platform_parse(struct hm_str text, struct hm_oci_platform *ret_platform, struct hm_err *err)
{
	struct hm_oci_platform platform = { 0 };
	struct hm_str rest = text, part;
	struct hm_str *parts[] = { &platform.os, &platform.arch, &platform.variant };
	size_t count = 0;

	while (hm_str_next(&rest, '/', &part)) {
		if (count == 3 || !is_part(part))
			return hm_fail(err, HM_R_OCI_PLATFORM, "'%.*s' is not OS/ARCH or OS/ARCH/VARIANT",
				       HM_STR_ARG(hm_str_head(text, 100)));
		*parts[count++] = part;
	}
	if (count < 2)
		return hm_fail(err, HM_R_OCI_PLATFORM, "'%.*s' names no architecture: write OS/ARCH",
			       HM_STR_ARG(hm_str_head(text, 100)));
	*ret_platform = platform;
	return HM_OK;
}

void hm_oci_platform_write(const struct hm_oci_platform *platform, struct hm_buf *buf)
{
	hm_buf_add_str(buf, platform->os);
	hm_buf_add_char(buf, '/');
	hm_buf_add_str(buf, platform->arch);
	if (platform->variant.len > 0) {
		hm_buf_add_char(buf, '/');
		hm_buf_add_str(buf, platform->variant);
	}
}

static struct hm_str variant_of(const struct hm_oci_platform *platform)
{
	static const struct {
		const char *arch, *variant;
	} usual[] = { { "amd64", "v1" }, { "arm64", "v8" }, { "arm", "v7" } };

	if (platform->variant.len > 0)
		return platform->variant;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
		if (hm_str_is(platform->arch, usual[i].arch))
			return hm_str(usual[i].variant);
	}
	return HM_STR("");
}

bool hm_oci_platform_eq(const struct hm_oci_platform *a, const struct hm_oci_platform *b)
{
	return hm_str_eq(a->os, b->os) && hm_str_eq(a->arch, b->arch) && hm_str_eq(variant_of(a), variant_of(b));
}
