/* Signing configs and client trust configs: read, chosen from, written. */
#include "instance.h"

#include "base/mem.h"
#include "sigstore/sign.h"
#include "sigstore/signing_config.h"

#define MEDIA  "\"mediaType\":\"" HM_SIGNING_CONFIG_MEDIA_TYPE "\""
#define VALID  "\"validFor\":{\"start\":\"2020-01-01T00:00:00Z\"}"
#define ENTRY  "{\"url\":\"https://a.test\",\"majorApiVersion\":1," VALID "}"
#define CA(x)  "{" MEDIA ",\"caUrls\":[" x "]}"
#define CA2(x) "{" MEDIA ",\"caUrls\":[{" x "}]}"

static void test_what_is_read(void **state)
{
	static const struct {
		const char *text;
		enum hm_reason want;
	} rows[] = {
		/* as `cosign signing-config create` writes it */
		{ "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.2+json\", \"rekorTlogConfig\":{}, "
		  "\"tsaConfig\":{}}",
		  HM_R_OK },
		/* as the public-good instance publishes it */
		{ "{" MEDIA ",\"caUrls\":[{\"url\":\"https://fulcio.sigstore.dev\",\"majorApiVersion\":1,\"validFor\":"
		  "{\"start\":\"2022-04-13T20:06:15.000Z\"},\"operator\":\"sigstore.dev\"}],\"oidcUrls\":[{\"url\":"
		  "\"https://oauth2.sigstore.dev/auth\",\"majorApiVersion\":1,\"validFor\":{\"start\":"
		  "\"2022-04-13T20:06:15.000Z\"},\"operator\":\"sigstore.dev\"}],\"rekorTlogUrls\":[{\"url\":"
		  "\"https://rekor.sigstore.dev\",\"majorApiVersion\":1,\"validFor\":{\"start\":"
		  "\"2021-01-12T11:53:27.000Z\"},\"operator\":\"sigstore.dev\"}],\"tsaUrls\":[{\"url\":"
		  "\"https://timestamp.sigstore.dev/api/v1/timestamp\",\"majorApiVersion\":1,\"validFor\":{\"start\":"
		  "\"2025-07-04T00:00:00Z\"},\"operator\":\"sigstore.dev\"}],\"rekorTlogConfig\":{\"selector\":\"ANY\"}"
		  ","
		  "\"tsaConfig\":{\"selector\":\"ANY\"}}",
		  HM_R_OK },
		{ CA(ENTRY), HM_R_OK },
		{ CA2("\"url\":\"https://a.test/b?c=d\",\"majorApiVersion\":\"4294967295\"," VALID), HM_R_OK },
		{ "{" MEDIA ",\"tsaConfig\":{\"selector\":\"EXACT\",\"count\":2}}", HM_R_OK },
		{ "{" MEDIA ",\"tsaConfig\":{\"selector\":3,\"count\":\"2\"}}", HM_R_OK },
		{ "", HM_R_JSON_SYNTAX },
		{ "[]", HM_R_DATA_KIND },
		{ "{}", HM_R_DATA_MISSING },
		{ "{\"mediaType\":\"application/vnd.dev.sigstore.signingconfig.v0.1+json\"}", HM_R_TRUST_MEDIA_TYPE },
		{ "{" MEDIA ",\"more\":1}", HM_R_DATA_UNKNOWN },
		{ "{" MEDIA "," MEDIA "}", HM_R_JSON_DUPLICATE },
		{ "{" MEDIA ",\"tsaConfig\":{\"selector\":\"SOME\"}}", HM_R_DATA_VALUE },
		{ "{" MEDIA ",\"tsaConfig\":{\"selector\":9}}", HM_R_DATA_VALUE },
		{ CA2("\"majorApiVersion\":1," VALID), HM_R_DATA_MISSING },
		{ CA2("\"url\":\"\"," VALID), HM_R_DATA_VALUE },
		{ CA2("\"url\":\"a.test\"," VALID), HM_R_SIGNING_URL },
		{ CA2("\"url\":\"file:///etc/passwd\"," VALID), HM_R_SIGNING_URL },
		{ CA2("\"url\":\"https://me:secret@a.test\"," VALID), HM_R_SIGNING_URL },
		{ CA2("\"url\":\"https://a.test\""), HM_R_TRUST_START },
		{ CA2("\"url\":\"https://a.test\",\"validFor\":{\"end\":\"2020-01-01T00:00:00Z\"}"), HM_R_TRUST_START },
		{ CA2("\"url\":\"https://a.test\",\"validFor\":{\"start\":\"2021-01-01T00:00:00Z\",\"end\":"
		      "\"2020-01-01T00:00:00Z\"}"),
		  HM_R_TRUST_VALIDITY },
		{ CA2("\"url\":\"https://a.test\",\"majorApiVersion\":-1," VALID), HM_R_DATA_VALUE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signing_config_done) struct hm_signing_config config = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_signing_config_parse(hm_str(rows[i].text), &config, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].text, st, &err, rows[i].want);
	}
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t count = HM_MAX_TRUSTED; count <= HM_MAX_TRUSTED + 1; count++) {
		HM_OWN(hm_signing_config_done) struct hm_signing_config config = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };

		hm_buf_add_cstr(&text, "{" MEDIA ",\"caUrls\":[" ENTRY);
		for (size_t i = 1; i < count; i++)
			hm_buf_add_cstr(&text, "," ENTRY);
		hm_buf_add_cstr(&text, "]}");
		enum hm_status st = hm_signing_config_parse(hm_buf_str(&text), &config, &err);
		if (count == HM_MAX_TRUSTED)
			assert_ok(st, &err);
		else
			assert_refused("too many", st, &err, HM_R_JSON_LIMIT);
	}
}

/* --- choosing --- */

#define AT(day) ((day)*DAY * HM_NS_PER_S)

static struct hm_signing_service service(const char *url, uint64_t version, int64_t from, int64_t to, const char *by)
{
	return (struct hm_signing_service){ hm_str(url), version, { AT(from), AT(to), true, to != 0 }, hm_str(by) };
}

static void test_what_is_chosen(void **state)
{
	struct hm_signing_service list[] = {
		service("over", 2, 0, 50, "a"),     service("old", 2, 10, 0, "a"),   service("new", 2, 90, 0, "a"),
		service("to come", 2, 101, 0, "a"), service("v1", 1, 95, 0, "b"),    service("v3", 3, 95, 0, "c"),
		service("other", 2, 90, 100, "d"),  service("third", 2, 80, 0, "e"),
	};
	static const uint64_t both[] = { 1, 2 }, second[] = { 2 }, first[] = { 1 }, fourth[] = { 4 };
	static const struct {
		const uint64_t *versions;
		size_t versions_count;
		struct hm_service_rule rule;
		size_t list_from, list_count;
		enum hm_reason want;
		const char *chosen; /* joined by commas, and what the refusal says */
	} rows[] = {
		{ both, 2, { HM_SELECTOR_ANY, 0 }, 0, 8, HM_R_OK, "new" },
		{ second, 1, { HM_SELECTOR_ANY, 0 }, 0, 8, HM_R_OK, "new" },
		{ first, 1, { HM_SELECTOR_ANY, 0 }, 0, 8, HM_R_OK, "v1" },
		/* never of two versions */
		{ both, 2, { HM_SELECTOR_ALL, 0 }, 0, 8, HM_R_OK, "new,other,third" },
		{ both, 2, { HM_SELECTOR_EXACT, 2 }, 0, 8, HM_R_OK, "new,other" },
		{ both, 2, { HM_SELECTOR_EXACT, 3 }, 0, 8, HM_R_OK, "new,other,third" },
		{ both, 2, { HM_SELECTOR_EXACT, 4 }, 0, 8, HM_R_SIGNING_NONE, "wants 4" },
		{ both, 2, { HM_SELECTOR_EXACT, 0 }, 0, 8, HM_R_SIGNING_SELECTOR, "exactly 0" },
		{ both, 2, { HM_SELECTOR_EXACT, 9 }, 0, 8, HM_R_LIMIT, "over the limit" },
		{ both, 2, { HM_SELECTOR_UNDEFINED, 0 }, 0, 8, HM_R_SIGNING_SELECTOR, "how many" },
		{ fourth, 1, { HM_SELECTOR_ANY, 0 }, 0, 8, HM_R_SIGNING_NONE, "version 2 of its API" },
		{ both, 2, { HM_SELECTOR_ANY, 0 }, 0, 1, HM_R_SIGNING_NONE, "valid now" },
		{ both, 2, { HM_SELECTOR_ANY, 0 }, 3, 1, HM_R_SIGNING_NONE, "valid now" },
		{ both, 2, { HM_SELECTOR_ALL, 0 }, 5, 1, HM_R_SIGNING_NONE, "version 3 of its API" },
		{ both, 2, { HM_SELECTOR_ALL, 0 }, 0, 0, HM_R_SIGNING_NONE, "names no thing" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct hm_signing_service *chosen[HM_MAX_SIGNING_SERVICES];
		const struct hm_service_list from = { &list[rows[i].list_from], rows[i].list_count };
		const struct hm_service_choice choice = { "thing", rows[i].versions, rows[i].versions_count,
							  &rows[i].rule, AT(100) };
		char got[100] = "", name[20];
		struct hm_err err = { 0 };
		size_t count = 0;

		snprintf(name, sizeof(name), "row %zu", i);
		enum hm_status st = hm_service_choose(&from, &choice, chosen, &count, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(name, st, &err, rows[i].want);
			assert_non_null(strstr(err.cause, rows[i].chosen));
			continue;
		}
		assert_ok(st, &err);
		for (size_t n = 0; n < count; n++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", n ? "," : "",
				 chosen[n]->url.ptr);
		assert_string_equal(got, rows[i].chosen);
	}
}

static void test_more_than_can_be_used(void **state)
{
	struct hm_signing_service list[HM_MAX_SIGNING_SERVICES + 1];
	char names[COUNT(list)][3];
	const struct hm_service_rule all = { HM_SELECTOR_ALL, 0 };
	static const uint64_t versions[] = { 1 };
	const struct hm_service_choice choice = { "thing", versions, 1, &all, AT(100) };

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		list[i] = service("https://a.test", 1, 1, 0, names[i]);
	}
	for (size_t count = HM_MAX_SIGNING_SERVICES; count <= COUNT(list); count++) {
		const struct hm_signing_service *chosen[HM_MAX_SIGNING_SERVICES];
		struct hm_err err = { 0 };
		size_t got = 0;
		enum hm_status st =
		    hm_service_choose(&(struct hm_service_list){ list, count }, &choice, chosen, &got, &err);
		if (count == HM_MAX_SIGNING_SERVICES)
			assert_int_equal(got, count);
		else
			assert_refused("one more", st, &err, HM_R_LIMIT);
	}
}

static void test_services_of_a_config(void **state)
{
	static const struct {
		const char *tlogs, *tsas;
		bool with_ca;
		enum hm_reason want;
		size_t tlogs_count, tsas_count;
	} rows[] = {
		{ "{\"url\":\"https://log.test\",\"majorApiVersion\":2," VALID "}", ENTRY, true, HM_R_OK, 1, 1 },
		{ "{\"url\":\"https://log.test\",\"majorApiVersion\":1," VALID "}", ENTRY, true, HM_R_SIGNING_NONE, 0,
		  0 },
		{ "", ENTRY, true, HM_R_OK, 0, 1 },
		{ "{\"url\":\"https://log.test\",\"majorApiVersion\":2," VALID "}", "", true, HM_R_SIGNING_NONE, 0, 0 },
		{ "{\"url\":\"https://log.test\",\"majorApiVersion\":2," VALID "}", "", false, HM_R_OK, 1, 0 },
		{ "", "", false, HM_R_OK, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep)
		char *text = hm_asprintf("{" MEDIA ",\"caUrls\":[" ENTRY "],\"rekorTlogUrls\":[%s],\"tsaUrls\":[%s],"
					 "\"rekorTlogConfig\":{\"selector\":\"ANY\"},\"tsaConfig\":{\"selector\":"
					 "\"ALL\"}}",
					 rows[i].tlogs, rows[i].tsas);
		HM_OWN(hm_signing_config_done) struct hm_signing_config config = { 0 };
		const struct hm_transport transport = { 0 };
		struct hm_signing_services services;
		struct hm_err err = { 0 };

		assert_ok(hm_signing_config_parse(hm_str(text), &config, &err), &err);
		enum hm_status st = hm_signing_services_choose(&config, rows[i].with_ca, NOW * HM_NS_PER_S, &transport,
							       &services, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(text, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_int_equal(services.tlogs_count, rows[i].tlogs_count);
		assert_int_equal(services.tsas_count, rows[i].tsas_count);
		assert_int_equal(services.ca.url.len > 0, rows[i].with_ca);
	}
}

/* --- written --- */

static void test_what_is_written_is_read(void **state)
{
	struct instance *in = instance_new();
	struct hm_signing_service cas[] = { service("https://ca.test", 1, 10, 20, "a"),
					    service("https://ca2.test", 1, 5, 0, "") };
	struct hm_signing_service tlogs[] = { service("https://log.test", 2, 10, 0, "a") };
	const struct hm_signing_config made = { .cas = { cas, 2 },
						.tlogs = { tlogs, 1 },
						.tlog_rule = { HM_SELECTOR_EXACT, 1 },
						.tsa_rule = { HM_SELECTOR_ALL, 0 } };
	const struct hm_trusted_root root = instance_root(in);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB), again = hm_buf_init(HM_MIB);
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root read_root = { 0 };
	HM_OWN(hm_signing_config_done) struct hm_signing_config read = { 0 };
	struct hm_err err = { 0 };

	(void)state;
	assert_ok(hm_trust_config_encode(&root, &made, NULL, &text, &err), &err);
	assert_ok(hm_trust_config_parse(hm_buf_str(&text), &read_root, &read, &err), &err);
	assert_ok(hm_trust_config_encode(&read_root, &read, NULL, &again, &err), &err);
	assert_string_equal(text.ptr, again.ptr);
	assert_int_equal(read.cas.count, 2);
	assert_true(hm_str_is(read.cas.v[0].url, "https://ca.test") && read.cas.v[0].valid_for.has_end);
	assert_int_equal(read.tlog_rule.count, 1);
	assert_int_equal(read_root.tlogs_count, root.tlogs_count);

	/* wrong in one thing */
	memcpy(strstr(text.ptr, "clienttrustconfig"), "clientTrustconfig", 17);
	HM_OWN(hm_trusted_root_done) struct hm_trusted_root none_root = { 0 };
	HM_OWN(hm_signing_config_done) struct hm_signing_config none = { 0 };
	assert_refused("media", hm_trust_config_parse(hm_buf_str(&text), &none_root, &none, &err), &err,
		       HM_R_TRUST_MEDIA_TYPE);
	assert_refused("half",
		       hm_trust_config_parse(HM_STR("{\"mediaType\":\"" HM_TRUST_CONFIG_MEDIA_TYPE "\"}"), &none_root,
					     &none, &err),
		       &err, HM_R_DATA_MISSING);
	instance_free(in);
}

static void test_every_allocation_failure(void **state)
{
	struct instance *in = instance_new();
	struct hm_signing_service tlogs[] = { service("https://log.test", 2, 10, 0, "a") };
	const struct hm_signing_config made = { .tlogs = { tlogs, 1 } };
	const struct hm_trusted_root root = instance_root(in);
	bool failed = true;

	(void)state;
	for (unsigned long n = 1; failed; n++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		HM_OWN(hm_trusted_root_done) struct hm_trusted_root read_root = { 0 };
		HM_OWN(hm_signing_config_done) struct hm_signing_config read = { 0 };
		struct hm_err err = { 0 };

		hm_mem_fail_at(n);
		enum hm_status st = hm_trust_config_encode(&root, &made, NULL, &text, &err);
		if (st == HM_OK)
			st = hm_trust_config_parse(hm_buf_str(&text), &read_root, &read, &err);
		failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, failed ? HM_ENOMEM : HM_OK);
	}
	instance_free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_read),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_what_is_chosen),
		cmocka_unit_test(test_more_than_can_be_used),
		cmocka_unit_test(test_services_of_a_config),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_every_allocation_failure),
	};
	return cmocka_run_group_tests_name("signing_config", tests, NULL, NULL);
}
