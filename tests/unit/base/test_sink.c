/* Sinks: where bytes go, and that a failure on the way is the writer's answer. */
#include "unit.h"

#include "base/sink.h"

static void test_tee_and_limit(void **state)
{
	(void)state;
	struct hm_buf large = hm_buf_init(100), small = hm_buf_init(4);
	struct hm_sink_tee tee = { hm_sink_buf(&large), hm_sink_buf(&small) };
	struct hm_err err = { 0 };

	assert_ok(hm_sink_write(hm_sink_both(&tee), "ab", 2, &err), &err);
	assert_ok(hm_sink_write(hm_sink_both(&tee), "cd", 2, &err), &err);
	assert_refused("over", hm_sink_write(hm_sink_both(&tee), "e", 1, &err), &err, HM_R_LIMIT);
	assert_string_equal(large.ptr, "abcde");
	assert_string_equal(small.ptr, "abcd");
	hm_buf_done(&large);
	hm_buf_done(&small);
}

static void test_file(void **state)
{
	(void)state;
	FILE *file = tmpfile();
	assert_non_null(file);
	struct hm_sink_file out = { fileno(file), "temporary" };
	struct hm_err err = { 0 };
	char text[8] = "";

	assert_ok(hm_sink_write(hm_sink_fd(&out), "abc", 3, &err), &err);
	rewind(file);
	assert_int_equal(fread(text, 1, sizeof(text), file), 3);
	assert_string_equal(text, "abc");
	fclose(file);
	out = (struct hm_sink_file){ -1, "closed" };
	assert_refused("closed", hm_sink_write(hm_sink_fd(&out), "abc", 3, &err), &err, HM_R_FILE_IO);
	assert_ok(hm_sink_write((struct hm_sink){ 0 }, "dropped", 7, &err), &err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tee_and_limit),
		cmocka_unit_test(test_file),
	};
	return cmocka_run_group_tests_name("base/sink", tests, NULL, NULL);
}
