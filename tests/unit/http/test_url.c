/* URLs: what is one, what is refused, and where a reference leads (RFC 3986, 5.4). */
#include "unit.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "http/url.h"

#include <ctype.h>

static void test_accepted(void **state)
{
	(void)state;
	static const struct {
		const char *text, *origin, *path, *query;
	} rows[] = {
		{ "http://a", "http://a", "/", NULL },
		{ "HTTPS://Log.Example", "https://log.example", "/", NULL },
		{ "https://log.example:443/", "https://log.example", "/", NULL },
		{ "http://log.example:443/", "http://log.example:443", "/", NULL },
		{ "http://127.0.0.1:65535/a%2Fb", "http://127.0.0.1:65535", "/a%2Fb", NULL },
		{ "http://[::1]:8080/x?y=z", "http://[::1]:8080", "/x", "y=z" },
		{ "https://[2001:DB8::1]", "https://[2001:db8::1]", "/", NULL },
		{ "http://a?b", "http://a", "/", "b" },
		{ "http://a/?", "http://a", "/", "" },
		{ "http://a/b?c?d=/e", "http://a", "/b", "c?d=/e" },
		{ "http://a_b.c-d/~!$&'()*+,;=:@", "http://a_b.c-d", "/~!$&'()*+,;=:@", NULL },
		{ "http://a/../b", "http://a", "/../b", NULL },
		{ "http://1.2.3.4.example", "http://1.2.3.4.example", "/", NULL },
		{ "http://0xg.example.x1", "http://0xg.example.x1", "/", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_url url;
		struct hm_err err = { 0 };
		char origin[HM_ORIGIN_LEN];
		assert_ok(hm_url_parse(hm_str(rows[i].text), &url, &err), &err);
		hm_url_origin(&url, origin);
		if (strcmp(origin, rows[i].origin) != 0 || !hm_str_is(url.path, rows[i].path) ||
		    (url.query.ptr != NULL) != (rows[i].query != NULL) || !hm_str_eq(url.query, hm_str(rows[i].query)))
			fail_msg("%s: %s %.*s %.*s", rows[i].text, origin, HM_STR_ARG(url.path), HM_STR_ARG(url.query));
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"a",
		"ftp://a",
		"file:///etc/passwd",
		"http:/a",
		"http:\x0f/a", /* what 0x20 added to a control character looks like */
		"//a",
		"http://",
		"http:///a",
		"http://:80/",
		"http://a:",
		"http://a:0",
		"http://a:080",
		"http://a:65536",
		"http://a:-1",
		"http://a:8x",
		"http://user@a",
		"http://user:secret@a",
		"http://a@b/",
		"http://a#f",
		"http://a/b#f",
		"http://a/b c",
		"http://a/b\\c",
		"http://a/\xc3\xa9",
		"http://a/<",
		"http://a/%",
		"http://a/%1",
		"http://a/%1g",
		"http://a/?%zz",
		"http://a/?\"",
		"http://a/[",
		"http://a b/",
		"http://\xc3\xa9.example",
		"http://a..b",
		"http://.a",
		"http://a.",
		"http://-a",
		"http://a-.b",
		"http://a%2eb",
		"http://1.2.3",
		"http://1.2.3.256",
		"http://01.2.3.4",
		"http://0x7f.1",
		"http://a.0x7f000001",
		"http://2130706433",
		"http://[::1",
		"http://[::1]x",
		"http://[::1]:",
		"http://[fe80::1%25eth0]",
		"http://[127.0.0.1]",
		"http://[]",
		"http://::1/",
		"http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_url url;
		struct hm_err err = { 0 };
		assert_refused(rows[i], hm_url_parse(hm_str(rows[i]), &url, &err), &err, HM_R_HTTP_URL);
	}
	struct hm_url url;
	struct hm_err err = { 0 };
	assert_refused("NUL", hm_url_parse(HM_STR("http://a\0b"), &url, &err), &err, HM_R_HTTP_URL);
	assert_refused("NUL in the path", hm_url_parse(HM_STR("http://a/\0b"), &url, &err), &err, HM_R_HTTP_URL);
}

static void test_limits(void **state)
{
	(void)state;
	static char text[HM_MAX_URL + 2];
	struct hm_url url;
	struct hm_str path, query;
	struct hm_err err = { 0 };

	memset(text, 'a', sizeof(text));
	memcpy(text, "http://a/", 9);
	assert_ok(hm_url_parse(hm_str_of(text, HM_MAX_URL), &url, &err), &err);
	assert_refused("too long", hm_url_parse(hm_str_of(text, HM_MAX_URL + 1), &url, &err), &err,
		       HM_R_HTTP_URL_TOO_LONG);
	text[0] = '/';
	text[4] = '/';
	assert_refused("too long", hm_url_parse_target(hm_str_of(text, HM_MAX_URL + 1), &path, &query, &err), &err,
		       HM_R_HTTP_URL_TOO_LONG);

	/* a host of 253 characters is the longest: labels of 61 and a dot each */
	char host[300] = "http://";
	for (size_t i = 0; i < 254; i++)
		host[7 + i] = i % 62 == 61 ? '.' : 'a';
	assert_ok(hm_url_parse(hm_str_of(host, 7 + 253), &url, &err), &err);
	assert_refused("host", hm_url_parse(hm_str_of(host, 7 + 254), &url, &err), &err, HM_R_HTTP_URL);
}

static void test_target(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool is_good;
	} rows[] = {
		{ "/", true },
		{ "/a/b?c", true },
		{ "/...", true },
		{ "/a./.b", true },
		{ "/%2f", true },
		{ "", false },
		{ "a", false },
		{ "http://a/", false },
		{ "/.", false },
		{ "/..", false },
		{ "/a/../b", false },
		{ "/a/./b", false },
		{ "/a/%2e%2E/b", false },
		{ "/a/.%2e/b", false },
		{ "/a/%2e", false },
		{ "/a#b", false },
		{ "/a b", false },
		{ "/a%", false },
		{ "/a/..", false },
		{ "/?/../", true },
		{ "//a", true },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str path, query;
		struct hm_err err = { 0 };
		enum hm_status st = hm_url_parse_target(hm_str(rows[i].text), &path, &query, &err);
		if (rows[i].is_good)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].text, st, &err, HM_R_HTTP_URL);
	}
}

/* RFC 3986 5.4 with its base, and the rows where our strictness shows. */
static void test_resolve(void **state)
{
	(void)state;
	static const struct {
		const char *reference, *want; /* NULL: refused */
	} rows[] = {
		{ "http://g", "http://g/" },
		{ "g:h", NULL },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ "g?y#s", "http://a/b/c/g?y" },
		{ ";x", "http://a/b/c/;x" },
		{ "g;x", "http://a/b/c/g;x" },
		{ "g;x?y#s", "http://a/b/c/g;x?y" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "http:g", NULL },
		{ "//u@g/", NULL },
		{ "https://G:443/x/../y?z#w", "https://g/y?z" },
		{ "//[::1]:80/x", "http://[::1]/x" },
		{ "a b", NULL },
		{ "javascript:alert(1)", NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4096);
		struct hm_url base;
		struct hm_err err = { 0 };
		assert_ok(hm_url_parse(HM_STR("http://a/b/c/d;p?q"), &base, &err), &err);
		enum hm_status st = hm_url_resolve(&base, hm_str(rows[i].reference), &text, &err);
		if (!rows[i].want)
			assert_refused(rows[i].reference, st, &err, HM_R_HTTP_URL);
		else if (st != HM_OK || !hm_str_is(hm_buf_str(&text), rows[i].want))
			fail_msg("'%s': wanted %s, got %s", rows[i].reference, rows[i].want, text.ptr);
	}
}

static void test_escapes(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(4096);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_KIB);
	struct hm_err err = { 0 };
	struct hm_str back;
	char all[255];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)(i + 1);
	hm_url_encode(&buf, hm_str_of(all, sizeof(all)));
	for (size_t i = 0; i < buf.len; i++)
		assert_true(isalnum(buf.ptr[i]) || strchr("%-._~", buf.ptr[i]));
	assert_ok(hm_url_decode(&arena, hm_buf_str(&buf), true, &back, &err), &err);
	assert_true(hm_str_eq(back, hm_str_of(all, sizeof(all))));

	hm_buf_clear(&buf);
	hm_url_encode_path(&buf, HM_STR("a/b c"));
	assert_string_equal(buf.ptr, "a/b%20c");

	static const struct {
		const char *text;
		bool plus;
		const char *want;
	} rows[] = {
		{ "a+b", false, "a+b" }, { "a+b", true, "a b" }, { "%41%62", false, "Ab" }, { "", false, "" },
		{ "%2b", true, "+" },    { "%", false, NULL },   { "a%4", false, NULL },    { "%4x", false, NULL },
		{ "%00", false, NULL },  { "%x4", true, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		enum hm_status st = hm_url_decode(&arena, hm_str(rows[i].text), rows[i].plus, &back, &err);
		if (!rows[i].want)
			assert_refused(rows[i].text, st, &err, HM_R_HTTP_ESCAPE);
		else if (st != HM_OK || !hm_str_is(back, rows[i].want) || !back.ptr)
			fail_msg("%s: %.*s", rows[i].text, HM_STR_ARG(back));
	}
}

static void test_query(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(4096);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_KIB);
	struct hm_err err = { 0 };
	struct hm_str rest, name, value;

	hm_url_query_add(&buf, "a b", HM_STR("1&2=3"));
	hm_url_query_add(&buf, "c", HM_STR(""));
	assert_string_equal(buf.ptr, "a%20b=1%262%3D3&c=");

	static const char *const want[][2] = { { "a b", "1&2=3" }, { "c", "" }, { "d", "" }, { "e", "f=g" } };
	hm_buf_add_cstr(&buf, "&&d&e=f=g&");
	rest = hm_buf_str(&buf);
	for (size_t i = 0; i < COUNT(want); i++) {
		assert_ok(hm_url_query_next(&arena, &rest, &name, &value, &err), &err);
		assert_true(hm_str_is(name, want[i][0]) && hm_str_is(value, want[i][1]) && value.ptr);
	}
	assert_ok(hm_url_query_next(&arena, &rest, &name, &value, &err), &err);
	assert_null(name.ptr);
	rest = HM_STR("a=%");
	assert_refused("escape", hm_url_query_next(&arena, &rest, &name, &value, &err), &err, HM_R_HTTP_ESCAPE);
}

static void test_join(void **state)
{
	(void)state;
	static const char *const rows[][3] = {
		{ "https://a", "/b", "https://a/b" },
		{ "https://a/", "/b", "https://a/b" },
		{ "https://a/x", "b", "https://a/x/b" },
		{ "https://a/x//", "//b", "https://a/x/b" },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(100);
		hm_url_join(&buf, hm_str(rows[i][0]), hm_str(rows[i][1]));
		assert_string_equal(buf.ptr, rows[i][2]);
	}
}

static void test_user(void **state)
{
	(void)state;
	static const char *const rows[][2] = {
		{ "https://me:pass@host/x", "me:pass" },
		{ "https://token@host", "token" },
		{ "https://me:p@ss@host:1/x@y", "me:p@ss" },
		{ "https://@host/", "" },
		{ "me:pass@proxy:8080", "me:pass" },
		{ "git@host:path", "git" },
		{ "https://host/x@y", NULL },
		{ "https://host", NULL },
		{ "/a/b@c", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str user = hm_url_user(hm_str(rows[i][0]));
		if (!user.ptr != !rows[i][1] || (user.ptr && !hm_str_is(user, rows[i][1])))
			fail_msg("'%s': '%.*s'", rows[i][0], HM_STR_ARG(user));
	}
}

static void test_no_memory(void **state)
{
	(void)state;
	struct hm_url base;
	struct hm_err err = { 0 };

	assert_ok(hm_url_parse(HM_STR("http://a/b"), &base, &err), &err);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(4096);
		hm_mem_fail_at(n);
		enum hm_status st = hm_url_resolve(&base, HM_STR("../x?y"), &text, &err);
		if (st == HM_OK)
			st = hm_url_resolve(&base, HM_STR("//c/../x?y"), &text, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed)
			break;
		assert_int_equal(st, HM_ENOMEM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted), cmocka_unit_test(test_refused), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_target),   cmocka_unit_test(test_resolve), cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_query),    cmocka_unit_test(test_join),    cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_user),
	};
	return cmocka_run_group_tests_name("http/url", tests, NULL, NULL);
}
