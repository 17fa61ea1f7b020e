/* The small grammars: durations, quantities, names, paths. */
#include "pipeline/name.h"

#include "unit.h"

static void test_durations(void **state)
{
	(void)state;
	/* what Go 1.26's time.ParseDuration answers */
	static const struct {
		const char *text;
		bool ok;
		int64_t ns;
	} rows[] = {
		{ "0", true, 0 },
		{ "-0", true, 0 },
		{ "5s", true, 5000000000 },
		{ "1h30m", true, 5400000000000 },
		{ "1.5s", true, 1500000000 },
		{ ".5s", true, 500000000 },
		{ "1.s", true, 1000000000 },
		{ "100ms", true, 100000000 },
		{ "1us", true, 1000 },
		{ "1\u00b5s", true, 1000 },
		{ "1\u03bcs", true, 1000 },
		{ "1ns", true, 1 },
		{ "-1.5h", true, -5400000000000 },
		{ "+5m", true, 300000000000 },
		{ "1m1m", true, 120000000000 },
		{ "2562047h47m16.854775807s", true, INT64_MAX },
		{ "2562047h47m16.854775808s", false, 0 },
		{ "9999999999h", false, 0 },
		{ "99999999999999999999s", false, 0 },
		{ "", false, 0 },
		{ "+", false, 0 },
		{ "5", false, 0 },
		{ "s", false, 0 },
		{ ".s", false, 0 },
		{ "1 s", false, 0 },
		{ "1d", false, 0 },
		{ "1S", false, 0 },
		{ "1h-5m", false, 0 },
		{ "00", false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t ns = 0;
		bool ok = hm_duration_read(hm_str(rows[i].text), &ns);
		if (ok != rows[i].ok || (ok && ns != rows[i].ns))
			fail_msg("'%s': %d %lld", rows[i].text, ok, (long long)ns);
	}
}

static void test_quantities(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t scale;
		bool ok;
		uint64_t number;
	} rows[] = {
		{ "512Mi", 1, true, 536870912 },
		{ "1Gi", 1, true, 1073741824 },
		{ "1G", 1, true, 1000000000 },
		{ "1k", 1, true, 1000 },
		{ "0.5", 1000, true, 500 },
		{ "500m", 1000, true, 500 },
		{ "2", 1000, true, 2000 },
		{ "1e3", 1, true, 1000 },
		{ "1E3", 1, true, 1000 },
		{ "1E", 1, true, 1000000000000000000 },
		{ "1.5Ki", 1, true, 1536 },
		{ "100n", 1000, true, 1 },
		{ "1u", 1000, true, 1 },
		{ "0.0000000001", 1, true, 1 },
		{ "+1", 1, true, 1 },
		{ ".5", 1000, true, 500 },
		{ "1.", 1, true, 1 },
		{ "0", 1, true, 0 },
		{ "16Ei", 1, false, 0 },
		{ "15Ei", 1, true, UINT64_C(15) << 60 },
		{ "1e99", 1, false, 0 },
		{ "1e-99", 1, true, 1 },
		{ "0e99", 1, true, 0 },
		{ "99999999999999999999", 1, false, 0 },
		{ "-1", 1, false, 0 },
		{ "", 1, false, 0 },
		{ "Mi", 1, false, 0 },
		{ "1KB", 1, false, 0 },
		{ "1K", 1, false, 0 },
		{ "1mi", 1, false, 0 },
		{ "1 Mi", 1, false, 0 },
		{ "1e", 1, false, 0 },
		{ "1e+", 1, false, 0 },
		{ "1.2.3", 1, false, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number = 0;
		bool ok = hm_quantity_read(hm_str(rows[i].text), rows[i].scale, &number);
		if (ok != rows[i].ok || (ok && number != rows[i].number))
			fail_msg("'%s': %d %llu", rows[i].text, ok, (unsigned long long)number);
	}
}

static void test_paths(void **state)
{
	(void)state;
	static const char *const good_below[] = { "a", "a/b", "...", ".a", "a b" };
	static const char *const bad_below[] = { "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/./b" };
	static const char *const good_mounts[] = { "/a", "/workspace", "/workspace/x", "/home/.docker", "/tekton2" };
	static const char *const bad_mounts[] = {
		"", "/", "a", "/a/", "/a/../b", "/tekton", "/tekton/results", "/proc", "/sys", "/dev/shm", "//a"
	};

	for (size_t i = 0; i < COUNT(good_below); i++)
		assert_true(hm_sub_path_is_good(hm_str(good_below[i])));
	for (size_t i = 0; i < COUNT(bad_below); i++)
		assert_false(hm_sub_path_is_good(hm_str(bad_below[i])));
	for (size_t i = 0; i < COUNT(good_mounts); i++)
		assert_true(hm_mount_path_is_good(hm_str(good_mounts[i])));
	for (size_t i = 0; i < COUNT(bad_mounts); i++)
		assert_false(hm_mount_path_is_good(hm_str(bad_mounts[i])));
	assert_false(hm_sub_path_is_good(HM_STR("a\0b")));
}

static void test_names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool label, resource, param, object, result, env;
	} rows[] = {
		{ "a", 1, 1, 1, 1, 1, 1 },
		{ "", 0, 0, 0, 0, 0, 0 },
		{ "a-b", 1, 1, 1, 1, 1, 1 },
		{ "a.b", 0, 1, 1, 0, 1, 1 },
		{ "A", 0, 0, 1, 1, 1, 1 },
		{ "_a", 0, 0, 1, 1, 0, 1 },
		{ "1a", 1, 1, 0, 0, 1, 0 },
		{ "-a", 0, 0, 0, 0, 0, 1 },
		{ "a-", 0, 0, 1, 1, 0, 1 },
		{ "..", 0, 0, 0, 0, 0, 0 },
		{ "a..b", 0, 0, 1, 0, 1, 1 },
		{ "a/b", 0, 0, 0, 0, 0, 0 },
		{ "a b", 0, 0, 0, 0, 0, 0 },
		{ "a\n", 0, 0, 0, 0, 0, 0 },
		{ "\u00e4", 0, 0, 0, 0, 0, 0 },
		{ "a=b", 0, 0, 0, 0, 0, 0 },
		{ "a123456789012345678901234567890123456789012345678901234567890123", 0, 0, 1, 1, 1, 1 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_str s = hm_str(rows[i].name);
		if (hm_name_is_label(s) != rows[i].label || hm_name_is_resource(s) != rows[i].resource ||
		    hm_name_is_param(s, true) != rows[i].param || hm_name_is_param(s, false) != rows[i].object ||
		    hm_name_is_result(s) != rows[i].result || hm_name_is_env(s) != rows[i].env)
			fail_msg("'%s'", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_quantities),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests_name("pipeline/name", tests, NULL, NULL);
}
