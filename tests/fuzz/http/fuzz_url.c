/* URLs: an origin that is written reads as itself; a reference leads to a URL or nowhere; escapes undo themselves. */
#include "base/limits.h"
#include "base/own.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_origin(const struct hm_url *url)
{
	struct hm_url again;
	char origin[HM_ORIGIN_LEN];

	hm_url_origin(url, origin);
	if (hm_url_parse(hm_str(origin), &again, NULL) != HM_OK || !hm_url_is_same_origin(url, &again))
		__builtin_trap();
}

static void check_escapes(struct hm_str text)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MIB);
	struct hm_str back, path, query, name, value;

	hm_url_encode(&buf, text);
	if (buf.status == HM_OK && (text.len == 0 || !memchr(text.ptr, '\0', text.len)) &&
	    (hm_url_decode(&arena, hm_buf_str(&buf), true, &back, NULL) != HM_OK || !hm_str_eq(back, text)))
		__builtin_trap();
	while (hm_url_query_next(&arena, &text, &name, &value, NULL) == HM_OK && name.ptr)
		;
	if (hm_url_parse_target(text, &path, &query, NULL) == HM_OK && path.ptr[0] != '/')
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4 * HM_MAX_URL);
	struct hm_str first, second;
	struct hm_url base, url;

	/* a URL, and after a line end a reference */
	hm_str_cut(hm_str_of(data, size), '\n', &first, &second);
	check_escapes(first);
	if (hm_url_parse(first, &base, NULL) != HM_OK)
		return 0;
	check_origin(&base);
	if (hm_url_resolve(&base, second, &text, NULL) != HM_OK)
		return 0;
	if (hm_url_parse(hm_buf_str(&text), &url, NULL) != HM_OK)
		__builtin_trap();
	check_origin(&url);
	return 0;
}
