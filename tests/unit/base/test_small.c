/* The small ones: lists of strings, secrets, the clock and random numbers. */
#include "unit.h"

#include "base/effects.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/secret.h"
#include "base/strv.h"
#include "base/time.h"

static void test_strv(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
	struct hm_err err = { 0 };

	hm_strv_add(&list, "b");
	hm_strv_add_str(&list, hm_str_head(HM_STR("around"), 1));
	hm_strv_addf(&list, "%s-%d", "c", 3);
	hm_strv_add(&list, "");
	assert_ok(hm_strv_check(&list, &err), &err);
	assert_int_equal(list.count, 4);
	assert_null(list.v[4]);
	assert_true(hm_strv_has(&list, "c-3") && hm_strv_has(&list, "") && !hm_strv_has(&list, "c"));
	hm_strv_sort(&list);
	assert_string_equal(list.v[0], "");
	assert_string_equal(list.v[1], "a");
	assert_string_equal(list.v[3], "c-3");
	hm_strv_clear(&list);
	assert_int_equal(list.count, 0);
	assert_null(list.v[0]);
	hm_strv_done(NULL);
}

static void test_strv_join(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv list = { 0 };
	static const char *const want[] = { "", "a", "a,", "a,,b c" }, *const more[] = { "a", "", "b c" };
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(want); i++) {
		HM_OWN(hm_freep) char *text = NULL;
		assert_ok(hm_strv_join(&list, ',', &text, &err), &err);
		assert_string_equal(text, want[i]);
		if (i < COUNT(more))
			hm_strv_add(&list, more[i]);
	}
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_freep) char *text = NULL;
		hm_mem_fail_at(n);
		enum hm_status st = hm_strv_join(&list, ',', &text, &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		if (!failed)
			break;
		assert_int_equal(st, HM_ENOMEM);
		assert_null(text);
	}
}

static void test_strv_environment(void **state)
{
	(void)state;
	HM_OWN(hm_strv_done) struct hm_strv env = { 0 };
	struct hm_err err = { 0 };

	hm_strv_setenv(&env, "A", "1");
	hm_strv_setenv(&env, "AB", "2");
	hm_strv_setenv(&env, "A", "x=y");
	hm_strv_setenv(&env, "EMPTY", "");
	assert_ok(hm_strv_check(&env, &err), &err);
	assert_int_equal(env.count, 3);
	assert_string_equal(env.v[0], "A=x=y");
	assert_string_equal(hm_strv_getenv(&env, "A"), "x=y");
	assert_string_equal(hm_strv_getenv(&env, "EMPTY"), "");
	assert_null(hm_strv_getenv(&env, "B"));
	assert_null(hm_strv_getenv(&env, ""));
	hm_strv_clear(&env);
	assert_int_equal(setenv("HM_TEST_STRV", "x y", 1), 0);
	hm_strv_add_environ(&env);
	assert_ok(hm_strv_check(&env, &err), &err);
	assert_string_equal(hm_strv_getenv(&env, "HM_TEST_STRV"), "x y");
}

/* Text that a C string cannot hold is refused: what stands before its NUL is another text. */
static void test_strv_failures(void **state)
{
	(void)state;
	struct hm_err err = { 0 };
	struct hm_strv list = { 0 };

	hm_strv_add_str(&list, HM_STR("good\0bad"));
	assert_int_equal(list.count, 0);
	hm_strv_add(&list, "more"); /* the failure sticks */
	assert_refused("NUL", hm_strv_check(&list, &err), &err, HM_R_ENCODING);
	hm_strv_done(&list);
	for (unsigned long n = 1;; n++) {
		struct hm_strv env = { 0 };
		hm_mem_fail_at(n);
		for (int i = 0; i < 40; i++)
			hm_strv_addf(&env, "V%d=x", i);
		hm_strv_setenv(&env, "V3", "y");
		hm_strv_setenv(&env, "NEW", "z");
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		enum hm_status st = hm_strv_check(&env, &err);
		hm_strv_done(&env);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		assert_refused("memory", st, &err, HM_R_NO_MEMORY);
	}
}

static void test_secret(void **state)
{
	(void)state;
	struct hm_secret secret = { 0 }, empty = { 0 };
	struct hm_err err = { 0 };
	char text[] = "password";

	assert_ok(hm_secret_copy(HM_STR("pass\0word"), &secret, &err), &err);
	assert_int_equal(secret.len, 9);
	struct hm_buf buf = hm_buf_init(100);
	hm_buf_add_str(&buf, hm_secret_str(&secret));
	hm_secret_buf_done(&buf);
	hm_secret_buf_done(&buf);
	assert_null(buf.ptr);
	assert_int_equal(secret.ptr[9], '\0');
	assert_true(hm_str_eq(hm_secret_str(&secret), HM_STR("pass\0word")));
	hm_secret_done(&secret);
	assert_null(secret.ptr);
	hm_secret_done(&secret);
	hm_secret_done(NULL);
	assert_ok(hm_secret_copy((struct hm_str){ 0 }, &empty, &err), &err);
	hm_secret_done(&empty);
	hm_mem_fail_at(1);
	assert_refused("memory", hm_secret_copy(HM_STR("password"), &secret, &err), &err, HM_R_NO_MEMORY);
	hm_mem_fail_at(0);
	assert_null(strstr(err.cause, "password"));
	hm_wipe(text, sizeof(text));
	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(text[i], 0);
	hm_wipe(NULL, 0);
	assert_true(hm_secret_eq("abc", "abc", 3) && hm_secret_eq("a", "b", 0));
	assert_false(hm_secret_eq("abc", "abd", 3) || hm_secret_eq("xbc", "abc", 3));
	assert_false(hm_secret_eq("\x80", "\x00", 1));
}

static int64_t fixed_now(void *ctx)
{
	return *(const int64_t *)ctx;
}

static enum hm_status no_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	(void)ret_bytes;
	return hm_fail(err, HM_R_RANDOM, "%zu bytes", len);
}

static void test_effects(void **state)
{
	(void)state;
	static const struct {
		int64_t ns, s;
	} rows[] = { { 0, 0 }, { HM_NS_PER_S, 1 }, { HM_NS_PER_S - 1, 0 }, { -1, -1 }, { -HM_NS_PER_S, -1 } };
	const struct hm_effects *system = hm_effects_system();
	uint8_t a[300] = { 0 }, b[300] = { 0 };
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t now = rows[i].ns;
		struct hm_effects fixed = { &now, fixed_now, no_random };
		assert_true(hm_now_ns(&fixed) == rows[i].ns && hm_now_s(&fixed) == rows[i].s);
		assert_refused("random", hm_random(&fixed, a, 7, &err), &err, HM_R_RANDOM);
	}
	assert_ok(hm_random(system, a, sizeof(a), &err), &err);
	assert_ok(hm_random(system, b, sizeof(b), &err), &err);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(hm_now_s(system) > 1700000000);
	int64_t before = hm_monotonic_ns();
	assert_true(hm_monotonic_ns() >= before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_strv),
		cmocka_unit_test(test_strv_join),
		cmocka_unit_test(test_strv_environment),
		cmocka_unit_test(test_strv_failures),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_effects),
	};
	return cmocka_run_group_tests_name("base/small", tests, NULL, NULL);
}
