/* What a step prints: secrets across the borders of chunks, lines, the tail, the log's limit. */
#include "pipeline/output.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"

#include "unit.h"

#include <fcntl.h>

static const struct hm_str secrets[] = {
	HM_STR("hunter2"), HM_STR("hunter22"), HM_STR("er2-tail"), HM_STR("line one is long\nline two is long\nx"),
	HM_STR(""),
};

static const struct {
	const char *in, *want;
} rows[] = {
	{ "nothing", "nothing" },
	{ "hunter2", "***" },
	{ "a hunter2 b", "a *** b" },
	{ "hunter", "hunter" },
	{ "hunthunter2", "hunt***" },
	{ "hunter22", "***" }, /* the longer one */
	{ "hunter23", "***3" },
	{ "hunter2-tail!", "***!" }, /* two that overlap: nothing of either stays */
	{ "hunter2hunter2", "***" }, /* side by side */
	{ "hunter2 hunter2", "*** ***" },
	{ "> line one is long", "> ***" }, /* each long line of a secret of several */
	{ "line one is long\r\nline two is long\r\nx", "***\r\n***\r\nx" },
	{ "line one is long\nline two is long\nx", "***" },
	{ "Hunter2", "Hunter2" },
};

static void mask_row(const struct hm_mask *mask, const char *in, const char *want, size_t chunk)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(10000);
	HM_OWN(hm_masker_done) struct hm_masker masker = hm_masker_init(mask);
	struct hm_err err = { 0 };
	struct hm_str rest = hm_str(in);

	while (rest.len > 0) {
		assert_ok(hm_masker_add(&masker, hm_str_head(rest, chunk), false, &out, &err), &err);
		rest = hm_str_skip(rest, rest.len < chunk ? rest.len : chunk);
	}
	assert_ok(hm_masker_add(&masker, rest, true, &out, &err), &err);
	if (strcmp(out.ptr ? out.ptr : "", want) != 0)
		fail_msg("'%s' in pieces of %zu: '%s'", in, chunk, out.ptr);
}

static void test_masks(void **state)
{
	(void)state;
	struct hm_mask mask;
	struct hm_err err = { 0 };

	assert_ok(hm_mask_init(&mask, secrets, COUNT(secrets), &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t chunk = 1; chunk <= strlen(rows[i].in); chunk++)
			mask_row(&mask, rows[i].in, rows[i].want, chunk);
	}
	char text[10] = "x hunter2";
	hm_mask_text(&mask, text, sizeof(text));
	assert_string_equal(text, "x ***");
	char tight[4] = "r2";
	hm_mask_text(&mask, tight, sizeof(tight));
	assert_string_equal(tight, "r2");
	err.reason = HM_R_PIPELINE_STEP;
	snprintf(err.cause, sizeof(err.cause), "no file hunter2");
	snprintf(err.ctx, sizeof(err.ctx), "step hunter2");
	hm_mask_err(&mask, &err);
	assert_string_equal(err.cause, "no file ***");
	assert_string_equal(err.ctx, "step ***");
	hm_mask_done(&mask);
}

static void test_mask_limits(void **state)
{
	(void)state;
	static struct hm_str many[HM_MAX_PIPELINE_SECRETS + 1];
	struct hm_mask mask;
	struct hm_err err = { 0 };
	HM_OWN(hm_freep) char *large = hm_calloc(1, HM_MAX_PIPELINE_SECRET + 2);

	memset(large, 'x', HM_MAX_PIPELINE_SECRET + 1);
	many[0] = hm_str_of(large, HM_MAX_PIPELINE_SECRET);
	assert_ok(hm_mask_init(&mask, many, HM_MAX_PIPELINE_SECRETS, &err), &err);
	hm_mask_done(&mask);
	assert_refused("too many", hm_mask_init(&mask, many, COUNT(many), &err), &err, HM_R_PIPELINE_LIMIT);
	many[0].len++;
	assert_refused("too long", hm_mask_init(&mask, many, 1, &err), &err, HM_R_PIPELINE_LIMIT);
}

struct seen {
	struct hm_buf text;
	size_t lines, longest;
};

static void on_line(void *ctx, struct hm_str line)
{
	struct seen *seen = ctx;

	seen->lines++;
	seen->longest = line.len > seen->longest ? line.len : seen->longest;
	hm_buf_add_str(&seen->text, line);
	hm_buf_add_char(&seen->text, '|');
}

/* Pass text through in pieces; what came out as lines, tail and log. */
static void pass(struct hm_str text, size_t chunk, uint64_t max_log, struct seen *seen, struct hm_buf *tail,
		 struct hm_buf *log)
{
	char path[] = "/tmp/hm-output-XXXXXX";
	int fd = mkstemp(path);
	struct hm_mask mask;
	struct hm_err err = { 0 };

	assert_true(fd >= 0);
	assert_ok(hm_mask_init(&mask, secrets, COUNT(secrets), &err), &err);
	HM_OWN(hm_output_done) struct hm_output out = hm_output_init(&mask, fd, path);
	*seen = (struct seen){ .text = hm_buf_init(HM_MIB) };
	out.on_line = on_line;
	out.ctx = seen;
	if (max_log > 0)
		out.max_log = max_log;
	for (; text.len > 0; text = hm_str_skip(text, chunk < text.len ? chunk : text.len))
		assert_ok(hm_output_add(&out, hm_str_head(text, chunk), &err), &err);
	assert_ok(hm_output_end(&out, &err), &err);
	*tail = hm_buf_init(HM_MIB);
	hm_output_tail(&out, tail);
	assert_ok(hm_file_read(path, HM_MIB, log, &err), &err);
	hm_mask_done(&mask);
	close(fd);
	unlink(path);
}

static void test_lines(void **state)
{
	(void)state;
	static const struct {
		const char *in, *want;
	} lines[] = {
		{ "", "" },
		{ "a", "a|" },
		{ "a\n", "a|" },
		{ "a\n\nb", "a||b|" },
		{ "a\r\nb\r\n", "a|b|" },
		{ "\n", "|" },
		{ "a hunter2\nb", "a ***|b|" },
		{ "line one is long\nline two is long\nx\ny", "***|y|" },
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		for (size_t chunk = 1; chunk < 9; chunk++) {
			struct seen seen;
			HM_OWN(hm_buf_done) struct hm_buf tail = { 0 }, log = { 0 };
			pass(hm_str(lines[i].in), chunk, 0, &seen, &tail, &log);
			assert_string_equal(seen.text.ptr ? seen.text.ptr : "", lines[i].want);
			hm_buf_done(&seen.text);
		}
	}
}

static void test_tail(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done)
	struct hm_buf in = hm_buf_init(HM_MIB), want = hm_buf_init(HM_MIB), tail = { 0 }, log = { 0 };
	struct seen seen;

	for (int i = 1; i <= 57; i++) {
		hm_buf_addf(&in, "line %d\n", i);
		if (i > 57 - HM_PIPELINE_TAIL_LINES)
			hm_buf_addf(&want, "line %d\n", i);
	}
	pass(hm_buf_str(&in), 7, 0, &seen, &tail, &log);
	assert_int_equal(seen.lines, 57);
	assert_string_equal(tail.ptr, want.ptr);
	assert_string_equal(log.ptr, in.ptr);
	hm_buf_done(&seen.text);
}

static void test_limits(void **state)
{
	(void)state;
	HM_OWN(hm_buf_done)
	struct hm_buf in = hm_buf_init(HM_MIB), tail = { 0 }, log = { 0 }, tail2 = { 0 }, log2 = { 0 };
	struct seen seen;

	/* one line of exactly the limit, one of two and a half */
	for (size_t i = 0; i < HM_MAX_PIPELINE_LINE; i++)
		hm_buf_add_char(&in, 'x');
	hm_buf_add_char(&in, '\n');
	for (size_t i = 0; i < HM_MAX_PIPELINE_LINE * 5 / 2; i++)
		hm_buf_add_char(&in, 'y');
	pass(hm_buf_str(&in), 1000, 0, &seen, &tail, &log);
	assert_int_equal(seen.lines, 4);
	assert_int_equal(seen.longest, HM_MAX_PIPELINE_LINE);
	assert_int_equal(log.len, in.len);
	hm_buf_done(&seen.text);

	/* a log over its limit is cut, and says so; all is shown all the same */
	pass(HM_STR("12345\n67890\nabc\n"), 4, 8, &seen, &tail2, &log2);
	assert_int_equal(seen.lines, 3);
	assert_string_equal(log2.ptr, "12345\n67\nhallmark: the log is cut here, the step printed more\n");
	hm_buf_done(&seen.text);
	assert_true(HM_MAX_PIPELINE_LOG > HM_MIB);
}

static void test_full_disk(void **state)
{
	(void)state;
	struct hm_mask mask;
	struct hm_err err = { 0 };
	HM_OWN(hm_closep) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		skip_with("there is no /dev/full");
	assert_ok(hm_mask_init(&mask, NULL, 0, &err), &err);
	HM_OWN(hm_output_done) struct hm_output out = hm_output_init(&mask, fd, "the log");
	assert_refused("no space", hm_output_add(&out, HM_STR("x\n"), &err), &err, HM_R_FILE_NO_SPACE);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		struct hm_mask mask;
		struct hm_err err = { 0 };
		hm_mem_fail_at(n);
		enum hm_status st = hm_mask_init(&mask, secrets, COUNT(secrets), &err);
		struct hm_output out = hm_output_init(&mask, -1, "");
		if (st == HM_OK)
			st = hm_output_add(&out, HM_STR("a hunter2\nhunt"), &err);
		if (st == HM_OK)
			st = hm_output_end(&out, &err);
		bool has_failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		hm_output_done(&out);
		hm_mask_done(&mask);
		if (!has_failed) {
			assert_ok(st, &err);
			return;
		}
		/* a line that there was no memory for may be missing in the tail; nothing else may go wrong */
		assert_true(st == HM_ENOMEM || st == HM_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_masks),     cmocka_unit_test(test_mask_limits), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_tail),      cmocka_unit_test(test_limits),      cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("pipeline/output", tests, NULL, NULL);
}
