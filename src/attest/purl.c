#include "attest/purl.h"

/* purl-spec, "Character encoding": besides letters and digits stand ".-_~" and the colon as they are. */
static void add_escaped(struct hm_buf *buf, struct hm_str text, char separator)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
				c == '.' || c == '-' || c == '_' || c == '~' || c == ':' ||
				(separator && c == separator);
		if (is_plain)
			hm_buf_add_char(buf, c);
		else
			hm_buf_addf(buf, "%%%02X", (unsigned char)c);
	}
}

void hm_attest_purl_golang(struct hm_str path, struct hm_str version, struct hm_buf *buf)
{
	hm_buf_add_cstr(buf, "pkg:golang/");
	add_escaped(buf, path, '/');
	if (version.len > 0) {
		hm_buf_add_char(buf, '@');
		add_escaped(buf, version, 0);
	}
}

static void add_small(struct hm_buf *buf, struct hm_str text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		add_escaped(buf, hm_str_of(&c, 1), 0);
	}
}

void hm_attest_purl_oci(struct hm_str name, struct hm_str digest, struct hm_str arch, struct hm_buf *buf)
{
	hm_buf_add_cstr(buf, "pkg:oci/");
	add_small(buf, name);
	hm_buf_add_char(buf, '@');
	add_escaped(buf, digest, 0);
	if (arch.len > 0) {
		hm_buf_add_cstr(buf, "?arch=");
		add_escaped(buf, arch, 0);
	}
}
