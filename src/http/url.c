#include "http/url.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"

#include <arpa/inet.h>
#include <stdio.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3986 2.3 */
static bool is_unreserved(char c)
{
	return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

/* RFC 3986 3.3 and 3.4: what may stand in a path, and with '?' in a query; the escapes' digits are checked here. */
static bool is_path_text(struct hm_str s, const char *also)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		if (c == '%') {
			if (s.len - i < 3 || hex_digit(s.ptr[i + 1]) < 0 || hex_digit(s.ptr[i + 2]) < 0)
				return false;
			i += 2;
		} else if (!is_unreserved(c) && (c == '\0' || (!strchr("!$&'()*+,;=:@/", c) && !strchr(also, c)))) {
			return false;
		}
	}
	return true;
}

static enum hm_status refuse(struct hm_err *err, struct hm_str text, const char *why)
{
	return hm_fail(err, HM_R_HTTP_URL, "'%.*s': %s", HM_STR_ARG(hm_str_head(text, 256)), why);
}

/* A dotted quad without leading zeros, which inet_pton() refuses. */
static bool is_ipv4(const char *host)
{
	struct in_addr addr;

	return inet_pton(AF_INET, host, &addr) == 1;
}

/*
 * Whether resolvers may take a name for an IPv4 address: its last label is a number, "1.2.3", "0x7f000001", "127.1".
 * Only the dotted quad is then a host. WHATWG URL, "ends in a number".
 */
static bool ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.'), *label = dot ? dot + 1 : host;
	bool is_hex = label[0] == '0' && label[1] == 'x';

	for (const char *p = is_hex ? label + 2 : label; *p; p++) {
		if (is_hex ? hex_digit(*p) < 0 : !is_digit(*p))
			return false;
	}
	return true;
}

static const char *check_name(const char *host)
{
	size_t label = 0;

	for (const char *p = host;; p++) {
		if (*p == '.' || *p == '\0') {
			if (label == 0 || label > 63 || p[-1] == '-')
				return "a host's label is empty, too long or ends in '-'";
			if (*p == '\0')
				break;
			label = 0;
		} else if (is_alnum(*p) || *p == '_' || (*p == '-' && label > 0)) {
			label++;
		} else {
			return "a host has only letters, digits, '-', '_' and '.'";
		}
	}
	if (ends_in_number(host) && !is_ipv4(host))
		return "the host is an IPv4 address in an odd form";
	return NULL;
}

static const char *set_host(struct hm_str host, bool is_ipv6, struct hm_url *url)
{
	struct in6_addr addr;

	if (host.len == 0)
		return "the host is missing";
	if (host.len > HM_HOST_LEN)
		return "the host is too long";
	for (size_t i = 0; i < host.len; i++) {
		if (host.ptr[i] == '\0')
			return "a NUL in the host";
		url->host[i] = lower(host.ptr[i]);
	}
	url->host[host.len] = '\0';
	url->is_ipv6 = is_ipv6;
	if (!is_ipv6)
		return check_name(url->host);
	/* no zone: "%25eth0" means something on one machine only */
	return inet_pton(AF_INET6, url->host, &addr) == 1 ? NULL : "the host is not an IPv6 address";
}

static const char *set_port(struct hm_str port, struct hm_url *url)
{
	uint64_t number;

	if (!hm_str_to_u64(port, &number) || number == 0 || number > UINT16_MAX)
		return "the port is not a number from 1 to 65535";
	url->port = (uint16_t)number;
	return NULL;
}

/* RFC 3986 3.2, without user information */
static const char *set_authority(struct hm_str text, struct hm_url *url)
{
	const char *why;

	if (hm_str_find_char(text, '@') >= 0)
		return "user names and passwords in URLs are refused";
	if (text.len > 0 && text.ptr[0] == '[') {
		ptrdiff_t end = hm_str_find_char(text, ']');
		if (end < 0)
			return "a ']' is missing";
		why = set_host(hm_str_of(text.ptr + 1, (size_t)end - 1), true, url);
		text = hm_str_skip(text, (size_t)end + 1);
		if (why || text.len == 0)
			return why;
		return text.ptr[0] == ':' ? set_port(hm_str_skip(text, 1), url) : "something stands behind ']'";
	}
	struct hm_str host, port;
	bool has_port = hm_str_cut(text, ':', &host, &port);
	why = set_host(host, false, url);
	if (why || !has_port)
		return why;
	HM_PLANT(port.len == 5 && url->host[0] < 'm');
	return set_port(port, url);
}

static const char *set_path(struct hm_str text, struct hm_str *ret_path, struct hm_str *ret_query)
{
	struct hm_str path, query;

	if (hm_str_find_char(text, '#') >= 0)
		return "a fragment has no meaning here";
	hm_str_cut(text, '?', &path, &query);
	if (!is_path_text(path, ""))
		return "the path has a character that must be escaped, or a malformed escape";
	if (!is_path_text(query, "?"))
		return "the query has a character that must be escaped, or a malformed escape";
	*ret_path = path.len > 0 ? path : HM_STR("/");
	*ret_query = query;
	return NULL;
}

static bool cut_scheme(struct hm_str *text, bool *ret_is_https)
{
	static const struct {
		const char *prefix;
		bool is_https;
	} schemes[] = { { "https://", true }, { "http://", false } };

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(schemes[i].prefix), j = 0;
		while (j < len && j < text->len && lower(text->ptr[j]) == schemes[i].prefix[j])
			j++;
		if (j < len)
			continue;
		*text = hm_str_skip(*text, len);
		*ret_is_https = schemes[i].is_https;
		return true;
	}
	return false;
}

enum hm_status hm_url_parse(struct hm_str text, struct hm_url *ret_url, struct hm_err *err)
{
	struct hm_str rest = text;
	struct hm_url url = { 0 };
	size_t end = 0;

	if (text.len > HM_MAX_URL)
		return hm_fail(err, HM_R_HTTP_URL_TOO_LONG, "a URL of %zu bytes is over the limit of %zu", text.len,
			       HM_MAX_URL);
	if (!cut_scheme(&rest, &url.is_https))
		return refuse(err, text, "not a URL of http or https");
	url.port = url.is_https ? 443 : 80;
	while (end < rest.len && !memchr("/?#", rest.ptr[end], 3))
		end++;
	const char *why = set_authority(hm_str_head(rest, end), &url);
	if (!why)
		why = set_path(hm_str_skip(rest, end), &url.path, &url.query);
	if (why)
		return refuse(err, text, why);
	*ret_url = url;
	return HM_OK;
}

/* Whether a segment is "." or "..", its dots escaped or not. */
static bool is_dots(struct hm_str segment)
{
	size_t dots = 0;

	for (size_t i = 0; i < segment.len; dots++) {
		if (segment.ptr[i] == '.')
			i++;
		else if (segment.len - i >= 3 && segment.ptr[i] == '%' && segment.ptr[i + 1] == '2' &&
			 (segment.ptr[i + 2] | 0x20) == 'e')
			i += 3;
		else
			return false;
	}
	return dots == 1 || dots == 2;
}

enum hm_status hm_url_parse_target(struct hm_str target, struct hm_str *ret_path, struct hm_str *ret_query,
				   struct hm_err *err)
{
	struct hm_str path, query, segment;

	if (target.len > HM_MAX_URL)
		return hm_fail(err, HM_R_HTTP_URL_TOO_LONG, "a path of %zu bytes is over the limit of %zu", target.len,
			       HM_MAX_URL);
	if (target.len == 0 || target.ptr[0] != '/')
		return refuse(err, target, "a path begins with '/'");
	const char *why = set_path(target, &path, &query);
	if (why)
		return refuse(err, target, why);
	struct hm_str rest = path;
	while (hm_str_next(&rest, '/', &segment)) {
		if (is_dots(segment))
			return refuse(err, target, "the path has a '.' or '..' in it");
	}
	*ret_path = path;
	*ret_query = query;
	return HM_OK;
}

enum hm_status hm_url_parse_authority(struct hm_str text, uint16_t default_port, struct hm_url *ret_url,
				      struct hm_err *err)
{
	struct hm_url url = { .port = default_port, .is_https = default_port == 443, .path = HM_STR("/") };
	const char *why = set_authority(text, &url);

	if (why)
		return refuse(err, text, why);
	*ret_url = url;
	return HM_OK;
}

struct hm_str hm_url_user(struct hm_str url)
{
	ptrdiff_t scheme = hm_str_find(url, HM_STR("://"));
	struct hm_str rest = scheme < 0 ? url : hm_str_skip(url, (size_t)scheme + 3);
	ptrdiff_t slash = hm_str_find_char(rest, '/');
	/* the last one: in a password others may stand unescaped */
	ptrdiff_t at = hm_str_find_last_char(slash < 0 ? rest : hm_str_head(rest, (size_t)slash), '@');

	return at < 0 ? (struct hm_str){ 0 } : hm_str_head(rest, (size_t)at);
}

void hm_url_authority(const struct hm_url *url, char ret_text[HM_ORIGIN_LEN])
{
	const char *open = url->is_ipv6 ? "[" : "", *close = url->is_ipv6 ? "]" : "";

	if (url->port == (url->is_https ? 443 : 80))
		snprintf(ret_text, HM_ORIGIN_LEN, "%s%s%s", open, url->host, close);
	else
		snprintf(ret_text, HM_ORIGIN_LEN, "%s%s%s:%u", open, url->host, close, (unsigned)url->port);
}

void hm_url_origin(const struct hm_url *url, char ret_text[HM_ORIGIN_LEN])
{
	size_t len = url->is_https ? 8 : 7;
	char authority[HM_ORIGIN_LEN];

	hm_url_authority(url, authority);
	memcpy(ret_text, url->is_https ? "https://" : "http://", len);
	/* fits: HM_ORIGIN_LEN counts the longest of both */
	memcpy(ret_text + len, authority, strnlen(authority, HM_ORIGIN_LEN - len - 1) + 1);
	ret_text[HM_ORIGIN_LEN - 1] = '\0';
}

bool hm_url_is_same_origin(const struct hm_url *a, const struct hm_url *b)
{
	return a->is_https == b->is_https && a->port == b->port && a->is_ipv6 == b->is_ipv6 &&
	       strcmp(a->host, b->host) == 0;
}

/* RFC 3986 5.2.4, segment by segment; path begins with '/'. */
static void add_without_dots(struct hm_buf *buf, struct hm_str path)
{
	size_t root = buf->len;
	struct hm_str rest = hm_str_skip(path, 1), segment;

	while (hm_str_next(&rest, '/', &segment)) {
		bool is_last = !rest.ptr;
		if (!is_dots(segment)) {
			hm_buf_add_char(buf, '/');
			hm_buf_add_str(buf, segment);
			continue;
		}
		bool is_up = segment.len != 1 && segment.len != 3;
		while (is_up && buf->len > root && buf->ptr[--buf->len] != '/')
			;
		if (is_last)
			hm_buf_add_char(buf, '/');
	}
	if (buf->len == root)
		hm_buf_add_char(buf, '/');
}

/* RFC 3986 5.2.3: what stands before the last '/' of the base's path, then the reference. */
static void add_merged(struct hm_buf *buf, struct hm_str base_path, struct hm_str path)
{
	hm_buf_add_str(buf, hm_str_head(base_path, (size_t)(hm_str_find_last_char(base_path, '/') + 1)));
	hm_buf_add_str(buf, path);
}

/* RFC 3986 5.2.2 for a reference without a scheme and without an authority. */
static void add_relative(struct hm_buf *text, const struct hm_url *base, struct hm_str reference)
{
	HM_OWN(hm_buf_done) struct hm_buf merged = hm_buf_init(2 * HM_MAX_URL);
	struct hm_str path, query;
	bool has_query = hm_str_cut(reference, '?', &path, &query);

	if (path.len == 0) {
		hm_buf_add_str(text, base->path);
		if (!has_query) {
			query = base->query;
			has_query = query.ptr != NULL;
		}
	} else {
		if (path.ptr[0] == '/')
			hm_buf_add_str(&merged, path);
		else
			add_merged(&merged, base->path, path);
		if (merged.status != HM_OK && text->status == HM_OK)
			text->status = merged.status;
		add_without_dots(text, hm_buf_str(&merged));
	}
	if (has_query) {
		hm_buf_add_char(text, '?');
		hm_buf_add_str(text, query);
	}
}

/* Whether a reference begins with a scheme: RFC 3986 3.1 and a colon before any '/', '?' or '#'. */
static bool has_scheme(struct hm_str reference)
{
	for (size_t i = 0; i < reference.len; i++) {
		char c = reference.ptr[i];
		if (c == ':')
			return i > 0;
		if (!is_alnum(c) && c != '+' && c != '-' && c != '.')
			return false;
	}
	return false;
}

/* RFC 3986 5.2.2 for a reference that has an authority of its own: only the dots in its path go. */
static enum hm_status add_absolute(struct hm_buf *text, bool is_https, struct hm_str reference, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf whole = hm_buf_init(2 * HM_MAX_URL);
	struct hm_url url;
	char origin[HM_ORIGIN_LEN];

	if (!has_scheme(reference))
		hm_buf_add_cstr(&whole, is_https ? "https:" : "http:");
	hm_buf_add_str(&whole, reference);
	enum hm_status st = hm_buf_check(&whole, "a URL", err);
	if (st == HM_OK)
		st = hm_url_parse(hm_buf_str(&whole), &url, err);
	if (st != HM_OK)
		return st;
	hm_url_origin(&url, origin);
	hm_buf_add_cstr(text, origin);
	add_without_dots(text, url.path);
	if (url.query.ptr) {
		hm_buf_add_char(text, '?');
		hm_buf_add_str(text, url.query);
	}
	return HM_OK;
}

enum hm_status hm_url_resolve(const struct hm_url *base, struct hm_str reference, struct hm_buf *text,
			      struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf whole = hm_buf_init(3 * HM_MAX_URL);
	char origin[HM_ORIGIN_LEN];
	struct hm_url check;
	enum hm_status st = HM_OK;

	if (reference.len > HM_MAX_URL)
		return hm_fail(err, HM_R_HTTP_URL_TOO_LONG, "a reference of %zu bytes is over the limit of %zu",
			       reference.len, HM_MAX_URL);
	ptrdiff_t fragment = hm_str_find_char(reference, '#');
	if (fragment >= 0)
		reference = hm_str_head(reference, (size_t)fragment);
	if (has_scheme(reference) || hm_str_has_prefix(reference, HM_STR("//"))) {
		st = add_absolute(&whole, base->is_https, reference, err);
	} else {
		hm_url_origin(base, origin);
		hm_buf_add_cstr(&whole, origin);
		add_relative(&whole, base, reference);
	}
	if (st == HM_OK)
		st = hm_buf_check(&whole, "a URL", err);
	if (st == HM_OK)
		st = hm_url_parse(hm_buf_str(&whole), &check, err);
	if (st != HM_OK)
		return st;
	hm_buf_add_str(text, hm_buf_str(&whole));
	return hm_buf_check(text, "a URL", err);
}

void hm_url_join(struct hm_buf *text, struct hm_str base, struct hm_str path)
{
	while (base.len > 0 && base.ptr[base.len - 1] == '/')
		base.len--;
	while (path.len > 0 && path.ptr[0] == '/')
		path = hm_str_skip(path, 1);
	hm_buf_add_str(text, base);
	hm_buf_add_char(text, '/');
	hm_buf_add_str(text, path);
}

static void encode(struct hm_buf *buf, struct hm_str text, bool keep_slash)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (is_unreserved(c) || (keep_slash && c == '/'))
			hm_buf_add_char(buf, c);
		else
			hm_buf_addf(buf, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void hm_url_encode(struct hm_buf *buf, struct hm_str text)
{
	encode(buf, text, false);
}

void hm_url_encode_path(struct hm_buf *buf, struct hm_str text)
{
	encode(buf, text, true);
}

enum hm_status hm_url_decode(struct hm_arena *arena, struct hm_str text, bool plus_is_blank, struct hm_str *ret_text,
			     struct hm_err *err)
{
	if (hm_str_find_char(text, '%') < 0 && (!plus_is_blank || hm_str_find_char(text, '+') < 0)) {
		*ret_text = text.ptr ? text : HM_STR("");
		return HM_OK;
	}
	char *out = hm_arena_bytes(arena, text.len);
	size_t len = 0;
	if (!out)
		return hm_arena_check(arena, "a part of a URL", err);
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c == '%') {
			int high = text.len - i < 3 ? -1 : hex_digit(text.ptr[i + 1]);
			int low = high < 0 ? -1 : hex_digit(text.ptr[i + 2]);
			if (low < 0 || (high == 0 && low == 0))
				return hm_fail(err, HM_R_HTTP_ESCAPE, "'%.*s' has a malformed escape",
					       HM_STR_ARG(hm_str_head(text, 256)));
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out[len++] = c;
	}
	hm_arena_shrink(arena, out, text.len, len);
	*ret_text = hm_str_of(out, len);
	return HM_OK;
}

void hm_url_query_add(struct hm_buf *query, const char *name, struct hm_str value)
{
	if (query->len > 0)
		hm_buf_add_char(query, '&');
	hm_url_encode(query, hm_str(name));
	hm_buf_add_char(query, '=');
	hm_url_encode(query, value);
}

enum hm_status hm_url_query_next(struct hm_arena *arena, struct hm_str *query, struct hm_str *ret_name,
				 struct hm_str *ret_value, struct hm_err *err)
{
	struct hm_str pair, name, value;

	do {
		if (!hm_str_next(query, '&', &pair)) {
			*ret_name = *ret_value = (struct hm_str){ 0 };
			return HM_OK;
		}
	} while (pair.len == 0);
	if (!hm_str_cut(pair, '=', &name, &value))
		value = HM_STR("");
	enum hm_status st = hm_url_decode(arena, name, true, &name, err);
	if (st == HM_OK)
		st = hm_url_decode(arena, value, true, &value, err);
	if (st != HM_OK)
		return st;
	*ret_name = name;
	*ret_value = value;
	return HM_OK;
}
